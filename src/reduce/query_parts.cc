#include "reduce/query_parts.h"

#include "vindex/near_pairs.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace elanus::reduce {
namespace {

constexpr size_t kPartQueriesMin = 96;
constexpr size_t kFilteredPartQueriesMin = 512;

// Where part `part` begins: exact scans look at whole panels of queries.
size_t BeginOf(size_t nq, size_t part, size_t parts) {
    const size_t panel = vindex::NearPairs::PanelQueries();
    return part == parts ? nq : nq * part / parts / panel * panel;
}

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
    joined.index_searches = one.index_searches;
    joined.brute_force_searches = one.brute_force_searches;
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
    const size_t least = request.filter == nullptr ? kPartQueriesMin : kFilteredPartQueriesMin;
    return std::clamp<size_t>(request.nq() / least, 1, std::max<size_t>(cores / segments, 1));
}

roles::SearchRequest PartOf(const roles::SearchRequest& request, size_t part, size_t parts) {
    const size_t begin = BeginOf(request.nq(), part, parts);
    const size_t end = BeginOf(request.nq(), part + 1, parts);
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
