#include "segment/read_counters.h"

namespace elanus::segment {

void ReadCounters::Add(const ReadCounters& other) {
    rows_scanned += other.rows_scanned;
    rows_matched += other.rows_matched;
    segments += other.segments;
    index_searches += other.index_searches;
    brute_force_searches += other.brute_force_searches;
    segments_pruned += other.segments_pruned;
    key_lookups += other.key_lookups;
    index_filters += other.index_filters;
    filter_scans += other.filter_scans;
    hit_filters += other.hit_filters;
    for (size_t i = 0; i < StrategyCounts::kKinds; ++i) {
        strategies.searches[i] += other.strategies.searches[i];
    }
    distances += other.distances;
    hops += other.hops;
    filter_ns += other.filter_ns;
    search_ns += other.search_ns;
    sort_ns += other.sort_ns;
    fetch_ns += other.fetch_ns;
}

}  // namespace elanus::segment
