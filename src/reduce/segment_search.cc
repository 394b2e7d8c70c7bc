#include "reduce/segment_search.h"

#include "expr/evaluator.h"
#include "reduce/group_key.h"
#include "reduce/group_rule.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace elanus::reduce {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Rows looked at first for each group wanted.
constexpr uint64_t kRowsPerGroup = 2;
constexpr uint64_t kRowsAtLeast = 16;

// Among bits many rows are equally far: as a rule up to as many again as are nearer, and more than
// that where few are.
constexpr bool CountsBits(vindex::Metric metric) {
    return metric == vindex::Metric::kHamming || metric == vindex::Metric::kJaccard;
}
constexpr uint64_t EquallyFar(uint64_t k) {
    return 64 + std::min<uint64_t>(k, 1024);
}

base::Result<std::vector<std::string>> KeysOfGroups(const segment::Segment& segment,
                                                    const std::vector<base::RowOffset>& rows,
                                                    GroupKeys* groups) {
    ASSIGN_OR_RETURN(const schema::ColumnBatch batch, segment.Fetch(rows, groups->fields()));
    RETURN_IF_ERROR(groups->Use(batch));
    std::vector<std::string> keys(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
        groups->AppendKey(i, &keys[i]);
    }
    return keys;
}

}  // namespace

base::Result<roles::SearchResponse> SegmentSearch::Run(const segment::ReadOptions& options) {
    kept_.resize(request_.nq());
    group_keys_.resize(request_.nq());
    pending_.resize(request_.nq());
    std::iota(pending_.begin(), pending_.end(), 0);
    RETURN_IF_ERROR(SearchAll(options));
    return Answer();
}

base::Status SegmentSearch::SearchAll(const segment::ReadOptions& options) {
    segment::ReadOptions own = options;
    const auto find_rows = [&]() -> base::Status {
        RETURN_IF_ERROR(FindRows(own));
        own.filter = nullptr;
        return base::Status();
    };
    if (request_.grouping.has_value() && !request_.grouping->wanted.empty()) {
        RETURN_IF_ERROR(find_rows());
        if (rows_->None()) {
            return base::Status();
        }
    }
    if (FiltersHits(own)) {
        RETURN_IF_ERROR(SearchThenFilter(own));
        if (pending_.empty()) {
            return base::Status();
        }
    }
    RETURN_IF_ERROR(SearchRound(own, FirstWidth(), true));
    if (pending_.empty()) {
        return base::Status();
    }
    if (!rows_.has_value() && (own.filter != nullptr || request_.grouping.has_value())) {
        RETURN_IF_ERROR(find_rows());
    }
    if (request_.grouping.has_value() && request_.grouping->wanted.empty()) {
        ASSIGN_OR_RETURN(const RowGroups groups, NumberGroups(own));
        for (const uint32_t query : std::vector<uint32_t>(pending_)) {
            RETURN_IF_ERROR(SearchPastFullGroups(query, groups, own));
        }
        return base::Status();
    }
    for (uint64_t width = FirstWidth(); !pending_.empty();) {
        width *= kWideningFactor;
        RETURN_IF_ERROR(SearchRound(own, width, false));
    }
    return base::Status();
}

base::Result<SegmentSearch::RowGroups> SegmentSearch::NumberGroups(
    const segment::ReadOptions& options) const {
    RowGroups groups;
    groups.numbers.resize(rows_->size());
    GroupKeys keys_of(request_.grouping->fields);
    const ReadScope scope{options.context, options.clock, nullptr, options.timestamp};
    RETURN_IF_ERROR(
        ForEachRun(*rows_, scope, [&](const std::vector<base::RowOffset>& run) -> base::Status {
            ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                             KeysOfGroups(segment_, run, &keys_of));
            for (size_t i = 0; i < run.size(); ++i) {
                const auto next = static_cast<uint32_t>(groups.by_key.size());
                groups.numbers[run[i]] = groups.by_key.try_emplace(keys[i], next).first->second;
            }
            return base::Status();
        }));
    return groups;
}

base::Status SegmentSearch::SearchPastFullGroups(uint32_t query, const RowGroups& groups,
                                                 const segment::ReadOptions& options) {
    FullGroups full;
    pending_ = {query};
    bool enough = false;
    for (uint64_t width = FirstWidth(); !enough;) {
        width *= kWideningFactor;
        AddFullGroups(query, &full);
        ASSIGN_OR_RETURN(enough,
                         SearchRows(query, RowsOutside(full, groups), width, full, options));
    }
    pending_.clear();
    return base::Status();
}

void SegmentSearch::AddFullGroups(uint32_t query, FullGroups* full) const {
    const std::vector<std::string>& keys = group_keys_[query];
    std::unordered_map<std::string_view, uint32_t> counts;
    for (const std::string& key : keys) {
        ++counts[key];
    }
    const Ordered& kept = kept_[query];
    std::unordered_set<std::string> fresh;
    for (size_t i = 0; i < keys.size(); ++i) {
        if (counts[keys[i]] == request_.grouping->group_size && !full->keys.contains(keys[i])) {
            fresh.insert(keys[i]);
            full->hits.Append(kept, i);
        }
    }
    full->keys.merge(fresh);
}

base::Bitmap SegmentSearch::RowsOutside(const FullGroups& full, const RowGroups& groups) const {
    std::vector<bool> is_full(groups.by_key.size());
    for (const std::string& key : full.keys) {
        const auto found = groups.by_key.find(key);
        if (found != groups.by_key.end()) {
            is_full[found->second] = true;
        }
    }
    base::Bitmap rows = *rows_;
    rows_->ForEach([&](size_t row) {
        if (is_full[groups.numbers[row]]) {
            rows.Reset(row);
        }
    });
    return rows;
}

SegmentSearch::Ordered SegmentSearch::Join(Ordered hits, const FullGroups& full, bool cut) const {
    const float border = hits.scores.empty() ? 0 : hits.scores.back();
    for (size_t i = 0; i < full.hits.rows.size(); ++i) {
        if (!cut || !vindex::BetterThan(request_.metric, border, full.hits.scores[i])) {
            hits.Append(full.hits, i);
        }
    }
    const schema::PrimaryKeys keys = segment_.KeysOf(hits.rows);
    std::vector<uint32_t> order(hits.rows.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        if (hits.scores[a] != hits.scores[b]) {
            return vindex::BetterThan(request_.metric, hits.scores[a], hits.scores[b]);
        }
        const int by_key = CompareKeys(keys, a, keys, b);
        if (by_key != 0) {
            return by_key < 0;
        }
        return hits.rows[a] != hits.rows[b] ? hits.rows[a] > hits.rows[b]
                                            : hits.ElementAt(a) < hits.ElementAt(b);
    });
    Ordered joined;
    for (const uint32_t i : order) {
        joined.Append(hits, i);
        AppendKey(keys, i, &joined.keys);
    }
    return joined;
}

base::Result<bool> SegmentSearch::SearchRows(uint32_t query, const base::Bitmap& rows,
                                             uint64_t width, const FullGroups& full,
                                             const segment::ReadOptions& options) {
    const uint64_t all = HitsMax();
    const uint64_t k = std::min(width, all);
    segment::VectorQuery vectors = QueryOf(k);
    vectors.rows = &rows;
    const uint64_t segments = counters_.segments;
    const uint64_t matched = counters_.rows_matched;
    std::vector<segment::QueryHits> hits;
    RETURN_IF_ERROR(segment_.Search(vectors, options, &hits, &counters_));
    CHECK(hits.size() == 1, "a segment answered another number of queries");
    counters_.segments = segments;
    counters_.rows_matched = matched;
    const bool cut = hits[0].rows.size() >= k && k < all;
    Ordered ordered = Order(hits[0], cut);
    if (cut && ordered.rows.empty()) {
        return false;  // all of one score, of which there are more
    }
    return AcceptGroups(query, Join(std::move(ordered), full, cut), cut);
}

uint64_t SegmentSearch::FirstWidth() const {
    if (!request_.grouping.has_value()) {
        return uint64_t{k_} + 1 + (CountsBits(request_.metric) ? EquallyFar(k_) : 0);
    }
    uint64_t hits = k_;
    for (const std::vector<std::string>& wanted : request_.grouping->wanted) {
        hits = std::max(hits, wanted.size() * uint64_t{request_.grouping->group_size});
    }
    return kRowsPerGroup * hits + kRowsAtLeast;
}

uint64_t SegmentSearch::HitsMax() const {
    constexpr uint64_t kMax = std::numeric_limits<uint32_t>::max();
    return request_.by_element() ? kMax : std::clamp<uint64_t>(segment_.rows(), 1, kMax);
}

base::Status SegmentSearch::SearchRound(const segment::ReadOptions& options, uint64_t width,
                                        bool first) {
    const uint64_t rows = HitsMax();
    const uint64_t k = std::min(width, rows);
    segment::VectorQuery query = QueryOf(k);
    if (!NarrowRange(&query)) {
        pending_.clear();
        return base::Status();
    }
    // A round repeats what the one before it did: rows and segments count once.
    const uint64_t segments = counters_.segments;
    const uint64_t matched = counters_.rows_matched;
    std::vector<segment::QueryHits> hits;
    RETURN_IF_ERROR(segment_.Search(query, options, &hits, &counters_));
    CHECK(hits.size() == pending_.size(), "a segment answered another number of queries");
    if (!first) {
        counters_.segments = segments;
        counters_.rows_matched = matched;
    }
    std::vector<uint32_t> open;
    for (size_t i = 0; i < pending_.size(); ++i) {
        const uint32_t q = pending_[i];
        const bool cut = hits[i].rows.size() >= k && k < rows;
        const Ordered ordered = Order(hits[i], cut);
        bool enough = true;
        if (request_.grouping.has_value()) {
            ASSIGN_OR_RETURN(enough, AcceptGroups(q, ordered, cut));
        } else {
            enough = AcceptHits(q, ordered, cut);
        }
        if (!enough) {
            open.push_back(q);
        }
    }
    pending_ = std::move(open);
    return base::Status();
}

// An element filter of another struct array chooses rows only, as the filter that it is part of.
const expr::ElementMatch* SegmentSearch::ElementFilter() const {
    if (!request_.by_element() || request_.filter == nullptr) {
        return nullptr;
    }
    const expr::ElementMatch* match = expr::ElementFilterOf(*request_.filter);
    const bool fits = match != nullptr && match->column.field_id == request_.struct_field;
    return fits ? match : nullptr;
}

segment::VectorQuery SegmentSearch::QueryOf(uint64_t width) {
    segment::VectorQuery query;
    query.field_id = request_.vector_field;
    query.struct_id = request_.struct_field;
    query.sub_field = request_.sub_field;
    query.elements = ElementFilter();
    query.metric = request_.metric;
    query.k = static_cast<uint32_t>(width);
    query.params = request_.params;
    query.radius = request_.radius;
    query.range_filter = request_.range_filter;
    query.exact = request_.exact;
    query.rows = rows_.has_value() ? &*rows_ : nullptr;
    if (pending_.size() == request_.nq()) {
        query.queries = request_.queries.View();
        return query;
    }
    schema::ColumnBatch all;
    all.rows = request_.queries.rows;
    all.columns = {request_.queries};
    subset_ = schema::Gather(all, pending_);
    query.queries = subset_.columns[0].View();
    return query;
}

bool SegmentSearch::NarrowRange(segment::VectorQuery* query) const {
    if (!request_.after.has_value()) {
        return true;
    }
    const bool larger_is_better = vindex::LargerIsBetter(request_.metric);
    float bound = request_.after->score;
    if (request_.after->key.empty()) {
        bound = std::nextafter(bound, larger_is_better ? -kInfinity : kInfinity);
        if (bound == request_.after->score) {
            return false;
        }
    }
    if (query->range_filter.has_value()) {
        bound = larger_is_better ? std::min(bound, *query->range_filter)
                                 : std::max(bound, *query->range_filter);
    }
    query->range_filter = bound;
    // A sparse index looks at ranges with a radius only; its hits score above 0 anyway.
    if (query->queries.type == schema::DataType::kSparseFloatVector && !query->radius.has_value()) {
        query->radius = 0.0f;
    }
    return true;
}

SegmentSearch::Ordered SegmentSearch::Order(const segment::QueryHits& hits, bool cut) const {
    size_t usable = hits.rows.size();
    // Of the last score the segment may have more hits, with smaller keys.
    while (cut && usable > 0 && hits.scores[usable - 1] == hits.scores.back()) {
        --usable;
    }
    const auto end = static_cast<ptrdiff_t>(usable);
    Ordered ordered;
    ordered.rows.assign(hits.rows.begin(), hits.rows.begin() + end);
    ordered.scores.assign(hits.scores.begin(), hits.scores.begin() + end);
    if (!hits.elements.empty()) {
        ordered.elements.assign(hits.elements.begin(), hits.elements.begin() + end);
    }
    const bool has_equal =
        std::adjacent_find(ordered.scores.begin(), ordered.scores.end()) != ordered.scores.end();
    const bool has_place = request_.after.has_value() && !request_.after->key.empty();
    if (has_equal) {
        SortEqualScores(&ordered);
    }
    if (request_.grouping.has_value() || has_place) {
        ordered.keys = segment_.KeysOf(ordered.rows);
    }
    return ordered;
}

// The newer row of a repeated key first.
void SegmentSearch::SortEqualScores(Ordered* hits) const {
    const Ordered before = *hits;
    const std::vector<base::RowOffset>& rows = before.rows;
    const schema::PrimaryKeys keys = segment_.KeysOf(rows);
    std::vector<uint32_t> order(rows.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        if (hits->scores[a] != hits->scores[b]) {
            return a < b;
        }
        const int by_key = CompareKeys(keys, a, keys, b);
        if (by_key != 0) {
            return by_key < 0;
        }
        return rows[a] != rows[b] ? rows[a] > rows[b] : before.ElementAt(a) < before.ElementAt(b);
    });
    *hits = Ordered();
    for (const uint32_t i : order) {
        hits->Append(before, i);
    }
}

bool SegmentSearch::IsBehindPlace(const Ordered& hits, size_t i) const {
    const auto& place = request_.after;
    if (!place.has_value() || place->key.empty() || hits.scores[i] != place->score) {
        return true;
    }
    const int by_key = CompareKeys(hits.keys, i, place->key, 0);
    return by_key != 0 ? by_key > 0 : hits.ElementAt(i) > place->element;
}

bool SegmentSearch::AcceptHits(uint32_t query, const Ordered& hits, bool cut) {
    Ordered& kept = kept_[query];
    kept = Ordered();
    kept.Reserve(std::min<size_t>(hits.rows.size(), k_));
    for (size_t i = 0; i < hits.rows.size() && kept.rows.size() < k_; ++i) {
        if (IsBehindPlace(hits, i)) {
            kept.Append(hits, i);
        }
    }
    return !cut || kept.rows.size() == k_;
}

base::Result<bool> SegmentSearch::AcceptGroups(uint32_t query, const Ordered& hits, bool cut) {
    GroupKeys groups(request_.grouping->fields);
    ASSIGN_OR_RETURN(std::vector<std::string> keys, KeysOfGroups(segment_, hits.rows, &groups));
    Ordered& kept = kept_[query];
    kept = Ordered();
    group_keys_[query].clear();
    GroupRule rule(*request_.grouping, query, k_);
    HitSet seen;
    for (size_t i = 0; i < hits.rows.size() && !rule.done(); ++i) {
        if (seen.Insert(hits.keys, i, hits.elements) && rule.Offer(keys[i])) {
            kept.Append(hits, i);
            group_keys_[query].push_back(std::move(keys[i]));
        }
    }
    return !cut || rule.done();
}

base::Status SegmentSearch::FindRows(const segment::ReadOptions& options) {
    roles::ReadCounters match;
    ASSIGN_OR_RETURN(base::Bitmap rows, segment_.Match(options, &match));
    match.segments = 0;
    match.rows_matched = 0;
    counters_.Add(match);
    if (request_.grouping.has_value() && !request_.grouping->wanted.empty()) {
        RETURN_IF_ERROR(DropUnwanted(options, &rows));
    }
    rows_ = std::move(rows);
    return base::Status();
}

base::Status SegmentSearch::DropUnwanted(const segment::ReadOptions& options,
                                         base::Bitmap* rows) const {
    std::unordered_set<std::string> wanted;
    for (const std::vector<std::string>& of_query : request_.grouping->wanted) {
        wanted.insert(of_query.begin(), of_query.end());
    }
    GroupKeys groups(request_.grouping->fields);
    const ReadScope scope{options.context, options.clock, nullptr, options.timestamp};
    base::Bitmap kept(rows->size());
    const auto keep = [&](const std::vector<base::RowOffset>& run) -> base::Status {
        ASSIGN_OR_RETURN(const std::vector<std::string> keys, KeysOfGroups(segment_, run, &groups));
        for (size_t i = 0; i < run.size(); ++i) {
            if (wanted.contains(keys[i])) {
                kept.Set(run[i]);
            }
        }
        return base::Status();
    };
    RETURN_IF_ERROR(ForEachRun(*rows, scope, keep));
    *rows = std::move(kept);
    return base::Status();
}

roles::SearchResponse SegmentSearch::Answer() {
    roles::SearchResponse answer;
    answer.counters = counters_;
    std::vector<base::RowOffset> rows;
    for (const Ordered& kept : kept_) {
        answer.counts.push_back(static_cast<uint32_t>(kept.rows.size()));
        rows.insert(rows.end(), kept.rows.begin(), kept.rows.end());
        answer.scores.insert(answer.scores.end(), kept.scores.begin(), kept.scores.end());
        answer.elements.insert(answer.elements.end(), kept.elements.begin(), kept.elements.end());
    }
    for (std::vector<std::string>& keys : group_keys_) {
        std::move(keys.begin(), keys.end(), std::back_inserter(answer.group_keys));
    }
    answer.keys = segment_.KeysOf(rows);
    answer.addresses.reserve(rows.size());
    for (const base::RowOffset row : rows) {
        answer.addresses.push_back({segment_.id(), row});
    }
    return answer;
}

}  // namespace elanus::reduce
