#include "reduce/ordered_rows.h"

#include "reduce/segment_loop.h"
#include "reduce/sort_key.h"
#include "sys/stopwatch.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace elanus::reduce {
namespace {

struct OrderedRow {
    std::string sort_key;  // ends with the primary key, so that no two rows of a segment are equal
    base::RowOffset row = 0;

    bool operator<(const OrderedRow& other) const {
        const int order = sort_key.compare(other.sort_key);
        return order != 0 ? order < 0 : row < other.row;
    }
};

// The first `limit` rows of those it is given: a heap with the last of them on top.
class FirstRows {
  public:
    explicit FirstRows(uint64_t limit) : limit_(limit) {}

    void Add(const std::string& sort_key, base::RowOffset row) {
        if (rows_.size() < limit_) {
            rows_.push_back({sort_key, row});
            std::push_heap(rows_.begin(), rows_.end());
            return;
        }
        if (sort_key.compare(rows_.front().sort_key) >= 0) {
            return;  // rows come ascending, so of equal keys the earlier row stays
        }
        std::pop_heap(rows_.begin(), rows_.end());
        rows_.back().sort_key = sort_key;
        rows_.back().row = row;
        std::push_heap(rows_.begin(), rows_.end());
    }

    std::vector<OrderedRow> Finish() {
        std::sort_heap(rows_.begin(), rows_.end());
        return std::move(rows_);
    }

  private:
    const uint64_t limit_;
    std::vector<OrderedRow> rows_;
};

struct SegmentOrder {
    std::vector<OrderedRow> rows;
    schema::PrimaryKeys keys;
    roles::ReadCounters counters;
    std::vector<segment::SegmentProfile> profiles;
};

base::Status OrderOne(const segment::Segment& segment, const roles::RetrieveRequest& request,
                      const ReadScope& scope, const segment::ReadOptions& options, uint64_t limit,
                      SegmentOrder* out) {
    ASSIGN_OR_RETURN(const base::Bitmap matches, segment.Match(options, &out->counters));
    const sys::Stopwatch watch(*scope.clock, &out->counters.sort_ns);
    RowOrder order(request.order_by);
    FirstRows first(limit);
    std::string key;
    const auto add = [&](const std::vector<base::RowOffset>& run) -> base::Status {
        ASSIGN_OR_RETURN(const schema::ColumnBatch batch, segment.Fetch(run, order.fields()));
        RETURN_IF_ERROR(order.Use(batch));
        const schema::PrimaryKeys keys = segment.KeysOf(run);
        for (size_t i = 0; i < run.size(); ++i) {
            key.clear();
            order.AppendKey(i, &key);
            AppendSortKey(keys, i, &key);
            first.Add(key, run[i]);
        }
        return base::Status();
    };
    RETURN_IF_ERROR(ForEachRun(matches, scope, add));
    out->rows = first.Finish();
    std::vector<base::RowOffset> rows;
    for (const OrderedRow& row : out->rows) {
        rows.push_back(row.row);
    }
    out->keys = segment.KeysOf(rows);
    return base::Status();
}

// The first `limit` rows of all segments. `widen` when repeated keys left it short while a segment
// had more to give.
std::vector<ChosenRow> ChooseInOrder(const std::vector<SegmentOrder>& parts, uint64_t limit,
                                     uint64_t segment_limit, bool* widen) {
    std::vector<std::pair<uint32_t, uint32_t>> order;
    bool cut = false;
    for (uint32_t s = 0; s < parts.size(); ++s) {
        for (uint32_t i = 0; i < parts[s].rows.size(); ++i) {
            order.emplace_back(s, i);
        }
        cut = cut || parts[s].rows.size() >= segment_limit;
    }
    std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
        const int by_key =
            parts[a.first].rows[a.second].sort_key.compare(parts[b.first].rows[b.second].sort_key);
        return by_key != 0 ? by_key < 0 : a < b;
    });
    KeySet seen;
    std::vector<ChosenRow> chosen;
    for (const auto& [s, i] : order) {
        if (chosen.size() == limit) {
            break;
        }
        if (seen.Insert(parts[s].keys, i)) {
            chosen.push_back({s, parts[s].rows[i].row, i});
        }
    }
    *widen = chosen.size() < limit && chosen.size() < order.size() && cut;
    return chosen;
}

}  // namespace

base::Result<roles::RetrieveResponse> RetrieveInOrder(const std::vector<SegmentRef>& segments,
                                                      const roles::RetrieveRequest& request,
                                                      const ReadScope& scope) {
    if (request.limit == 0) {
        return base::InvalidParameter("an ordered retrieval needs a limit");
    }
    const segment::ReadOptions options = OptionsOf(scope, request);
    for (uint64_t limit = request.limit;; limit *= kWideningFactor) {
        std::vector<SegmentOrder> parts(segments.size());
        RETURN_IF_ERROR(ForEachSegment(segments.size(), scope, [&](size_t i) {
            return ReadOne(*segments[i], options, request.profile, parts[i].counters,
                           &parts[i].profiles, [&](const segment::ReadOptions& own) {
                               return OrderOne(*segments[i], request, scope, own, limit, &parts[i]);
                           });
        }));
        sys::LapTimer laps(*scope.clock);
        bool widen = false;
        const std::vector<ChosenRow> chosen = ChooseInOrder(parts, request.limit, limit, &widen);
        if (widen) {
            continue;
        }
        ASSIGN_OR_RETURN(roles::RetrieveResponse answer,
                         AnswerWith(chosen, segments, parts, request, scope, &laps));
        for (const ChosenRow& row : chosen) {
            answer.sort_keys.push_back(std::move(parts[row.segment].rows[row.index].sort_key));
        }
        return answer;
    }
}

}  // namespace elanus::reduce
