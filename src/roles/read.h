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
#include "vindex/bm25.h"

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

// What a part of a read did beside its counters. Times are always there, segments only when the
// request asks for its profile.
struct ReadProfile {
    uint64_t wait_ns = 0;   // until the read's moment was applied
    uint64_t read_ns = 0;   // until all segments had answered
    uint64_t merge_ns = 0;  // partial answers of segments and nodes put together
    uint32_t restarts = 0;  // the read began again because segments had moved
    std::vector<segment::SegmentProfile> segments;

    template <typename A>
    void Visit(A& a) {
        a(wait_ns, read_ns, merge_ns, restarts, segments);
    }
};

// One field that hits are grouped by: a scalar field, or the value at a path of a JSON field, read
// as `as` (Bool, an integer type or VarChar). A value that cannot be read so counts as null.
struct GroupField {
    schema::FieldSchema field;
    std::vector<std::string> json_path;
    schema::DataType as = schema::DataType::kNone;  // JSON only
    bool strict_cast = false;  // JSON only: values of another JSON type count as null
    template <typename A>
    void Visit(A& a) {
        a(field, json_path, as, strict_cast);
    }
};
// A search for groups of hits with equal values. `k` counts groups, by the best hit of each; the
// answer holds every hit up to the first one of the k-th group, at most group_size of a group.
struct Grouping {
    std::vector<GroupField> fields;
    uint32_t group_size = 1;
    // Not empty: of each query these groups (by key, reduce/group_key.h), each with its best
    // group_size hits; `k` is not looked at.
    std::vector<std::vector<std::string>> wanted;
    template <typename A>
    void Visit(A& a) {
        a(fields, group_size, wanted);
    }
};
// A place in the order of hits: score, then primary key, then element. Without a key it is behind
// all hits of the score.
struct HitPlace {
    float score = 0;
    schema::PrimaryKeys key;  // one or none
    uint32_t element = 0;     // of hits that are elements
    template <typename A>
    void Visit(A& a) {
        a(score, key, element);
    }
};
// A page of the hits of one search, of which others follow (reduce/hit_walks.h).
struct WalkTurn {
    uint64_t id = 0;    // of the walk
    uint32_t turn = 0;  // of the page, from 0
    // The last hit that was taken of the turns before; none = none was.
    std::optional<HitPlace> reached;
    template <typename A>
    void Visit(A& a) {
        a(id, turn, reached);
    }
};
// One function of a search that changes scores: rows that match get its value, which is the weight,
// or the weight times a number in [0, 1) drawn from the row and the seed.
struct Boost {
    std::shared_ptr<const expr::Plan> filter;  // null = every row
    float weight = 1;
    bool is_random = false;
    uint64_t seed = 0;
    base::FieldId random_field = 0;  // Int64, whose value draws the number; 0 = the primary key
    template <typename A>
    void Visit(A& a) {
        a(filter, weight, is_random, seed, random_field);
    }
};
enum class BoostMode : uint8_t { kMultiply, kSum };
struct Boosts {
    std::vector<Boost> functions;
    BoostMode function_mode = BoostMode::kMultiply;  // the values of one row with each other
    BoostMode boost_mode = BoostMode::kMultiply;     // their result with the row's score
    std::vector<schema::FieldSchema> fields;         // that filters and draws look at
    template <typename A>
    void Visit(A& a) {
        a(functions, function_mode, boost_mode, fields);
    }
};

struct SearchRequest {
    std::string vchannel;
    base::CollectionId collection_id = 0;
    std::vector<base::PartitionId> partitions;  // empty = all loaded ones
    std::shared_ptr<const expr::Plan> filter;   // null = all rows
    base::FieldId vector_field = 0;
    // Of vectors in a struct array: the array, and which of its sub-fields the vectors are. Queries
    // that are vectors find elements of the array; queries that are lists of vectors find rows.
    base::FieldId struct_field = 0;  // 0 = a field of the collection
    uint32_t sub_field = 0;
    vindex::Metric metric = vindex::Metric::kL2;
    schema::Column queries;  // one vector (or list) a query, of the field's type; none is null
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
    // The functions of such a collection: segments may be older than what they make.
    std::vector<schema::FunctionSchema> known_functions;
    bool profile = false;  // the answer tells of each segment
    // How long other requests at snapshot_ts may follow: until then compaction keeps its rows.
    uint32_t hold_snapshot_s = 0;
    bool exact = false;  // every matching row is compared; approximate indexes are not used
    std::optional<HitPlace> after;  // only hits behind this place; needs `exact`
    // `exact` and `after` are for segments that cannot go on with the walk.
    std::optional<WalkTurn> walk;
    std::optional<Grouping> grouping;
    // The nearest rows are found first and the filter looks at those alone, as long as enough of
    // them pass; the answer is that of the same search without it.
    bool iterative_filter = false;
    // Change the scores of the k best rows of each segment, before segments are merged.
    Boosts boosts;
    // How many queries, one after the other, share each answer: a hit that several of them find has
    // the best of its scores. Empty = every query has its own answer.
    std::vector<uint32_t> queries_of_answers;

    uint32_t nq() const { return static_cast<uint32_t>(queries.rows); }
    uint32_t answers() const {
        return queries_of_answers.empty() ? nq() : static_cast<uint32_t>(queries_of_answers.size());
    }
    bool by_element() const {
        return struct_field != 0 && queries.type != schema::DataType::kArrayOfVector;
    }
    template <typename A>
    void Visit(A& a) {
        a(vchannel, collection_id, partitions, filter, vector_field, struct_field, sub_field,
          metric, queries, k, params, radius, range_filter, ignore_growing, guarantee_ts,
          snapshot_ts, expired_ts, known_fields, known_functions, profile, hold_snapshot_s, exact,
          after, walk, grouping, iterative_filter, boosts, queries_of_answers);
    }
};

// Hits of all answers flattened: counts[q] hits belong to answer q, best first.
struct SearchResponse {
    std::vector<uint32_t> counts;
    schema::PrimaryKeys keys;
    std::vector<float> scores;
    std::vector<RowAddress> addresses;
    base::Timestamp snapshot_ts = 0;  // the moment the answer is of
    ReadCounters counters;
    ReadProfile profile;
    std::vector<std::string> group_keys;  // with grouping: one a hit (reduce/group_key.h)
    std::vector<uint32_t> elements;       // of hits that are elements: places in their arrays
    template <typename A>
    void Visit(A& a) {
        a(counts, keys, scores, addresses, snapshot_ts, counters, profile, group_keys, elements);
    }
};

// One key of an order: a scalar field, or the value at a path of a JSON field. Of JSON, booleans
// come before numbers and numbers before strings; every other value counts as null.
struct SortField {
    schema::FieldSchema field;
    std::vector<std::string> json_path;
    bool descending = false;
    bool nulls_first = false;
    template <typename A>
    void Visit(A& a) {
        a(field, json_path, descending, nulls_first);
    }
};

enum class AggregateKind : uint8_t { kCountRows, kCount, kSum, kAvg, kMin, kMax };
struct Aggregate {
    AggregateKind kind = AggregateKind::kCountRows;
    uint32_t field = 0;  // position in Aggregation::fields; not of kCountRows
    template <typename A>
    void Visit(A& a) {
        a(kind, field);
    }
};
// Aggregates over the rows of each group; without group_by all rows are one group.
struct Aggregation {
    std::vector<schema::FieldSchema> fields;
    std::vector<uint32_t> group_by;  // positions in fields
    std::vector<Aggregate> aggregates;
    uint64_t max_groups = 0;    // with more the read fails
    bool first_groups = false;  // or gives the first max_groups by key, whole ones
    template <typename A>
    void Visit(A& a) {
        a(fields, group_by, aggregates, max_groups, first_groups);
    }
};
// One aggregate of one group so far; two of them add up to one.
struct AggregateState {
    uint64_t count = 0;    // rows, or values that are not null
    int64_t sum_high = 0;  // sum of integers, 128 bits: high half
    uint64_t sum_low = 0;  // and low half
    double sum = 0;        // sum of floating values
    std::string extreme;   // least or greatest value as a sort key; empty = none yet
    template <typename A>
    void Visit(A& a) {
        a(count, sum_high, sum_low, sum, extreme);
    }
};
struct Group {
    std::string key;  // the group's values as a sort key (reduce/sort_key.h)
    std::vector<AggregateState> states;
    template <typename A>
    void Visit(A& a) {
        a(key, states);
    }
};

// Terms of a BM25 field whose statistics are wanted (vindex/bm25.h).
struct TermQuery {
    base::FieldId field_id = 0;
    std::vector<uint32_t> terms;
    template <typename A>
    void Visit(A& a) {
        a(field_id, terms);
    }
};
// Rows deleted and not compacted yet count as documents; `hidden_rows` says how many rows counted
// that no read sees at that moment.
struct TermAnswer {
    vindex::TermStatistics statistics;
    uint64_t hidden_rows = 0;
    template <typename A>
    void Visit(A& a) {
        a(statistics, hidden_rows);
    }
};

struct RetrieveRequest {
    std::string vchannel;
    base::CollectionId collection_id = 0;
    std::vector<base::PartitionId> partitions;
    std::shared_ptr<const expr::Plan> filter;
    bool count_only = false;
    // 0 = all. With a limit the first rows of the order are returned.
    uint64_t limit = 0;
    std::vector<schema::FieldSchema> fields;  // columns wanted; the primary key is always included
    bool ignore_growing = false;
    base::Timestamp guarantee_ts = 0;
    base::Timestamp snapshot_ts = 0;
    uint64_t max_bytes = 0;          // 0 = no bound; past it the answer is 1100-class "too large"
    base::Timestamp expired_ts = 0;  // as in SearchRequest
    std::vector<schema::FieldSchema> known_fields;        // as in SearchRequest
    std::vector<schema::FunctionSchema> known_functions;  // as in SearchRequest
    // The order of the rows, ties by primary key; empty = by primary key. Needs a limit.
    std::vector<SortField> order_by;
    // Groups instead of rows; then neither limit nor order is looked at.
    std::optional<Aggregation> aggregation;
    // Statistics instead of rows; then neither filter, limit nor order is looked at.
    std::optional<TermQuery> terms;
    bool profile = false;          // the answer tells of each segment
    uint32_t hold_snapshot_s = 0;  // as in SearchRequest
    template <typename A>
    void Visit(A& a) {
        a(vchannel, collection_id, partitions, filter, count_only, limit, fields, ignore_growing,
          guarantee_ts, snapshot_ts, max_bytes, expired_ts, known_fields, known_functions, order_by,
          aggregation, terms, profile, hold_snapshot_s);
    }
};
struct RetrieveResponse {
    uint64_t count = 0;        // count_only
    schema::PrimaryKeys keys;  // in the order asked for
    schema::ColumnBatch rows;  // in the order of keys
    base::Timestamp snapshot_ts = 0;
    ReadCounters counters;
    std::vector<std::string> sort_keys;  // with order_by: one a row
    std::vector<Group> groups;           // with aggregation: ascending by key
    TermAnswer terms;                    // with terms
    ReadProfile profile;
    template <typename A>
    void Visit(A& a) {
        a(count, keys, rows, snapshot_ts, counters, sort_keys, groups, terms, profile);
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
