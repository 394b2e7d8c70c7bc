// The part of SegmentSearch that follows the hint iterative_filter.

#include "reduce/segment_search.h"

#include <utility>

namespace elanus::reduce {

namespace {

// Of the hits wanted: some will not pass.
constexpr uint64_t kFirstFactor = 4;
// Of the segment's rows are searched for at most, before all are filtered.
constexpr uint64_t kShareMax = 8;
// All queries' hits of one round; a few bytes each.
constexpr uint64_t kHitsMax = uint64_t{1} << 22;

}  // namespace

bool SegmentSearch::FiltersHits(const segment::ReadOptions& options) const {
    return request_.iterative_filter && options.filter != nullptr &&
           !options.filter->IsAlwaysTrue() && !request_.exact && !request_.after.has_value() &&
           !request_.grouping.has_value() && !request_.by_element();
}

base::Status SegmentSearch::SearchThenFilter(const segment::ReadOptions& options) {
    const uint64_t widest = segment_.rows() / kShareMax;
    for (uint64_t width = kFirstFactor * (uint64_t{k_} + 1);
         width <= widest && !pending_.empty() && width * pending_.size() <= kHitsMax;
         width *= kWideningFactor) {
        RETURN_IF_ERROR(FilterRound(options, width));
    }
    if (pending_.empty()) {
        counters_.segments = 1;
        counters_.hit_filters = 1;
        counters_.filter_scans = 0;
    }
    return base::Status();
}

base::Status SegmentSearch::FilterRound(const segment::ReadOptions& options, uint64_t width) {
    segment::ReadOptions open = options;
    open.filter = nullptr;
    roles::ReadCounters round;
    std::vector<segment::QueryHits> hits;
    RETURN_IF_ERROR(segment_.Search(QueryOf(width), open, &hits, &round));
    CHECK(hits.size() == pending_.size(), "a segment answered another number of queries");
    base::Bitmap nearest(segment_.rows());
    for (const segment::QueryHits& each : hits) {
        for (const base::RowOffset row : each.rows) {
            nearest.Set(row);
        }
    }
    segment::ReadOptions narrow = options;
    narrow.among = &nearest;
    ASSIGN_OR_RETURN(const base::Bitmap passed, segment_.Match(narrow, &round));
    round.segments = 0;
    round.rows_matched = 0;
    round.rows_scanned = nearest.Count();
    counters_.Add(round);
    counters_.rows_matched = passed.Count();
    std::vector<uint32_t> open_queries;
    for (size_t i = 0; i < pending_.size(); ++i) {
        const bool cut = hits[i].rows.size() >= width;
        const Ordered ordered = Order(hits[i], cut);
        Ordered kept;
        for (size_t hit = 0; hit < ordered.rows.size(); ++hit) {
            if (passed.Test(ordered.rows[hit])) {
                kept.Append(ordered, hit);
            }
        }
        if (!AcceptHits(pending_[i], kept, cut)) {
            open_queries.push_back(pending_[i]);
        }
    }
    pending_ = std::move(open_queries);
    return base::Status();
}

}  // namespace elanus::reduce
