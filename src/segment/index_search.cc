#include "segment/index_search.h"

#include "segment/scan_guard.h"

namespace elanus::segment {

base::Status SearchIndex(const vindex::Index& index, const IndexScope& scope,
                         const VectorQuery& query, const ReadOptions& options,
                         std::vector<QueryHits>* hits, ReadCounters* counters) {
    ++counters->index_searches;
    if (options.profile != nullptr) {
        options.profile->indexes.emplace_back(index.index_type());
    }
    vindex::SearchParams params;
    params.k = query.k;
    if (!query.exact) {
        params.params = query.params;
    }
    params.radius = query.radius;
    params.range_filter = query.range_filter;
    params.lists = scope.lists;
    params.interrupt = [guard = ScanGuard(options)] { return guard.Check(); };
    if (scope.chosen.has_value()) {
        params.filter = *scope.chosen;
    }
    vindex::Neighbors neighbors;
    for (uint32_t q = 0; q < query.nq(); ++q) {
        RETURN_IF_ERROR(index.Search(query.Vector(q), params, &neighbors));
        (*hits)[q].rows = std::move(neighbors.rows);
        (*hits)[q].scores = std::move(neighbors.scores);
        counters->strategies.Add(neighbors.counters.strategy);
        counters->distances += neighbors.counters.distances;
        counters->hops += neighbors.counters.hops;
        neighbors = vindex::Neighbors();
    }
    return base::Status();
}

}  // namespace elanus::segment
