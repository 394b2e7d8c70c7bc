// Requests and answers of the read path, shared by streaming nodes (a whole vchannel) and query
// nodes (named sealed segments).
#pragma once

#include "base/archive.h"
#include "base/ids.h"
#include "base/timestamp.h"
#include "expr/plan.h"
#include "schema/column.h"
#include "schema/primary_key.h"
#include "segment/segment.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace elanus::roles {

// Where a row lives. Survives the swap from growing to sealed.
struct RowAddress {
    base::SegmentId segment_id = 0;
    base::RowOffset row = 0;
    template <typename A>
    void Visit(A& a) {
        a(segment_id, row);
    }
};

using segment::ReadCounters;

struct SearchRequest {
    std::string vchannel;
    base::CollectionId collection_id = 0;
    std::vector<base::PartitionId> partitions;  // empty = all loaded ones
    std::shared_ptr<const expr::Plan> filter;   // null = all rows
    base::FieldId vector_field = 0;
    vindex::Metric metric = vindex::Metric::kL2;
    schema::Column queries;  // one vector a query, of the field's type; none is null
    uint32_t k = 0;
    std::map<std::string, std::string> params;
    std::optional<float> radius;
    std::optional<float> range_filter;
    bool ignore_growing = false;
    // The read waits until everything up to here is applied, then sees one moment at or after it.
    base::Timestamp guarantee_ts = 0;
    // Non-zero: the moment to read at (iterators); not older than the retention window.
    base::Timestamp snapshot_ts = 0;
    base::Timestamp expired_ts = 0;  // rows inserted up to here are not seen (TTL)
    // The fields of a collection whose schema was changed: segments may be older than a field, and
    // the filter needs its type and default. Empty = no segment is.
    std::vector<schema::FieldSchema> known_fields;

    uint32_t nq() const { return static_cast<uint32_t>(queries.rows); }
    template <typename A>
    void Visit(A& a) {
        a(vchannel, collection_id, partitions, filter, vector_field, metric, queries, k, params,
          radius, range_filter, ignore_growing, guarantee_ts, snapshot_ts, expired_ts,
          known_fields);
    }
};

// Hits of all queries flattened: counts[q] hits belong to query q, best first.
struct SearchResponse {
    std::vector<uint32_t> counts;
    schema::PrimaryKeys keys;
    std::vector<float> scores;
    std::vector<RowAddress> addresses;
    base::Timestamp snapshot_ts = 0;  // the moment the answer is of
    ReadCounters counters;
    template <typename A>
    void Visit(A& a) {
        a(counts, keys, scores, addresses, snapshot_ts, counters);
    }
};

struct RetrieveRequest {
    std::string vchannel;
    base::CollectionId collection_id = 0;
    std::vector<base::PartitionId> partitions;
    std::shared_ptr<const expr::Plan> filter;
    bool count_only = false;
    // 0 = all. With a limit the rows with the smallest primary keys are returned.
    uint64_t limit = 0;
    std::vector<schema::FieldSchema> fields;  // columns wanted; the primary key is always included
    bool ignore_growing = false;
    base::Timestamp guarantee_ts = 0;
    base::Timestamp snapshot_ts = 0;
    uint64_t max_bytes = 0;          // 0 = no bound; past it the answer is 1100-class "too large"
    base::Timestamp expired_ts = 0;  // as in SearchRequest
    std::vector<schema::FieldSchema> known_fields;  // as in SearchRequest
    template <typename A>
    void Visit(A& a) {
        a(vchannel, collection_id, partitions, filter, count_only, limit, fields, ignore_growing,
          guarantee_ts, snapshot_ts, max_bytes, expired_ts, known_fields);
    }
};
struct RetrieveResponse {
    uint64_t count = 0;        // count_only
    schema::PrimaryKeys keys;  // ascending
    schema::ColumnBatch rows;  // in the order of keys
    base::Timestamp snapshot_ts = 0;
    ReadCounters counters;
    template <typename A>
    void Visit(A& a) {
        a(count, keys, rows, snapshot_ts, counters);
    }
};

// Output columns of known rows (the second half of a search).
struct FetchRequest {
    std::string vchannel;
    base::CollectionId collection_id = 0;
    std::vector<RowAddress> addresses;
    std::vector<schema::FieldSchema> fields;
    template <typename A>
    void Visit(A& a) {
        a(vchannel, collection_id, addresses, fields);
    }
};
struct FetchResponse {
    schema::ColumnBatch rows;  // in the order of addresses
    template <typename A>
    void Visit(A& a) {
        a(rows);
    }
};

}  // namespace elanus::roles
