#include "reduce/query_parts.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace elanus::reduce {
namespace {

constexpr size_t kPartQueriesMin = 64;

template <typename T>
void Append(std::vector<T> from, std::vector<T>* to) {
    to->insert(to->end(), std::make_move_iterator(from.begin()),
               std::make_move_iterator(from.end()));
}

// Each part has gone through the same segments and their filters.
segment::ReadCounters Joined(const segment::ReadCounters& all, const segment::ReadCounters& one) {
    segment::ReadCounters joined = all;
    joined.segments = one.segments;
    joined.rows_matched = one.rows_matched;
    joined.segments_pruned = one.segments_pruned;
    joined.key_lookups = one.key_lookups;
    joined.index_filters = one.index_filters;
    joined.filter_scans = one.filter_scans;
    joined.hit_filters = one.hit_filters;
    return joined;
}

}  // namespace

size_t QueryParts(const roles::SearchRequest& request, size_t segments, size_t cores) {
    // A profile tells of one read of each segment; groups and shared answers belong together.
    if (segments == 0 || request.profile || request.walk.has_value() ||
        request.grouping.has_value() || !request.queries_of_answers.empty()) {
        return 1;
    }
    return std::clamp<size_t>(request.nq() / kPartQueriesMin, 1,
                              std::max<size_t>(cores / segments, 1));
}

roles::SearchRequest PartOf(const roles::SearchRequest& request, size_t part, size_t parts) {
    const size_t begin = request.nq() * part / parts;
    const size_t end = request.nq() * (part + 1) / parts;
    std::vector<uint32_t> queries(end - begin);
    std::iota(queries.begin(), queries.end(), static_cast<uint32_t>(begin));
    schema::ColumnBatch all;
    all.rows = request.queries.rows;
    all.columns = {request.queries};
    roles::SearchRequest own = request;
    own.queries = schema::Gather(all, queries).columns[0];
    return own;
}

roles::SearchResponse JoinParts(std::vector<roles::SearchResponse> parts) {
    roles::SearchResponse joined = std::move(parts[0]);
    const segment::ReadCounters one = joined.counters;
    for (size_t p = 1; p < parts.size(); ++p) {
        roles::SearchResponse& part = parts[p];
        Append(std::move(part.counts), &joined.counts);
        joined.keys.is_string = joined.keys.is_string || part.keys.is_string;
        Append(std::move(part.keys.ints), &joined.keys.ints);
        Append(std::move(part.keys.strings), &joined.keys.strings);
        Append(std::move(part.scores), &joined.scores);
        Append(std::move(part.addresses), &joined.addresses);
        Append(std::move(part.elements), &joined.elements);
        joined.counters.Add(part.counters);
    }
    joined.counters = Joined(joined.counters, one);
    return joined;
}

}  // namespace elanus::reduce
