// What a read did: counters that are always kept, and the profile of one segment, kept when the
// request asks for it. PROFILE, the slow-query log and metrics are made of them.
//
// Counters are cheap: a few additions and readings of the clock for each segment, none for a row.
// They add up over segments, nodes and channels. Times of segments that were read side by side add
// up too, so that a sum may be longer than the read took. Threads: values.
#pragma once

#include "base/ids.h"
#include "vindex/index.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace elanus::segment {

// Searches of vector indexes by what they did, counted by vindex::Strategy; one a query vector.
struct StrategyCounts {
    static constexpr size_t kKinds = static_cast<size_t>(vindex::Strategy::kListProbe) + 1;
    std::array<uint64_t, kKinds> searches{};

    void Add(vindex::Strategy strategy) { ++searches[static_cast<size_t>(strategy)]; }
    template <typename A>
    void Visit(A& a) {
        for (uint64_t& count : searches) {
            a(count);
        }
    }
};

struct ReadCounters {
    uint64_t rows_scanned = 0;  // looked at by filters
    uint64_t rows_matched = 0;  // visible and accepted by the filter
    uint64_t segments = 0;
    uint64_t index_searches = 0;
    uint64_t brute_force_searches = 0;
    // How the filters of segments were answered; a segment counts in each that it took.
    uint64_t segments_pruned = 0;  // by statistics: no row can match
    uint64_t key_lookups = 0;      // the filter names primary keys: only those rows were looked at
    uint64_t index_filters = 0;    // by scalar indexes, at least in part
    uint64_t filter_scans = 0;     // over the rows
    uint64_t hit_filters = 0;      // over the nearest rows alone (hint iterative_filter)
    StrategyCounts strategies;     // of the index searches
    uint64_t distances = 0;        // computed by searches
    uint64_t hops = 0;             // nodes of graphs whose neighbours were looked at
    uint64_t filter_ns = 0;
    uint64_t search_ns = 0;
    uint64_t sort_ns = 0;   // rows put in order, or into groups
    uint64_t fetch_ns = 0;  // columns of the rows that the part answers with

    void Add(const ReadCounters& other);
    template <typename A>
    void Visit(A& a) {
        a(rows_scanned, rows_matched, segments, index_searches, brute_force_searches,
          segments_pruned, key_lookups, index_filters, filter_scans, hit_filters, strategies,
          distances, hops, filter_ns, search_ns, sort_ns, fetch_ns);
    }
};

// One segment's part of a read.
struct SegmentProfile {
    base::SegmentId segment_id = 0;
    base::PartitionId partition_id = 0;
    base::NodeId node_id = 0;  // the query node; 0 = the channel's owner
    bool sealed = false;
    uint64_t rows = 0;                 // deleted ones included
    uint64_t estimated_rows = 0;       // that the filter accepts, from statistics
    uint64_t pinned_keys = 0;          // of the filter, looked up in the key index
    uint64_t found_keys = 0;           // rows (any visibility) that hold one of them
    std::vector<std::string> indexes;  // that this read used, scalar ones and the vector index
    ReadCounters counters;

    template <typename A>
    void Visit(A& a) {
        a(segment_id, partition_id, node_id, sealed, rows, estimated_rows, pinned_keys, found_keys,
          indexes, counters);
    }
};

}  // namespace elanus::segment
