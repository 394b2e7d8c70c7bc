// Requests and answers of the proxy, in plain structs: what gRPC and REST both turn into and from.
//
// Columns from clients come as they were sent: values compact (only the valid rows of a nullable
// column), small integers as Int32, timestamps and geometries as text. The proxy checks them
// against the schema, expands and converts them; on the way out it turns them into text again.
#pragma once

#include "base/bitmap.h"
#include "base/buffer.h"
#include "base/timestamp.h"
#include "expr/template_values.h"
#include "proxy/aggregation_spec.h"
#include "proxy/function_chain_spec.h"
#include "roles/compaction.h"
#include "roles/query_coord.h"
#include "roles/records.h"
#include "schema/collection_schema.h"
#include "schema/column.h"
#include "schema/primary_key.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace elanus::proxy {

using roles::KeyValues;

struct InputColumn {
    std::string name;
    schema::DataType type = schema::DataType::kNone;  // as sent
    bool is_dynamic = false;
    schema::Column values;  // compact: only valid rows
    base::Bitmap valid;     // one bit a row; empty = all valid, nothing was left out
    // Struct arrays only, instead of values: one a sub-field, an Array or ArrayOfVector each.
    std::vector<InputColumn> sub_columns;
};

// What an upsert does with the values it gives for a field. Numbers of FieldPartialUpdateOp.OpType.
struct FieldOp {
    enum class Kind : int32_t { kReplace = 0, kArrayAppend = 1, kArrayRemove = 2 };
    std::string field;
    Kind kind = Kind::kReplace;
};

struct InsertRequest {
    std::string database;
    std::string collection;
    std::string partition;  // empty = default, or by partition key
    std::optional<std::string> namespace_name;
    std::vector<InputColumn> columns;
    uint64_t num_rows = 0;
    base::Timestamp schema_timestamp = 0;
    bool partial_update = false;     // upsert only
    std::vector<FieldOp> field_ops;  // upsert only
};

struct MutationResult {
    schema::PrimaryKeys ids;  // in input order
    int64_t insert_count = 0;
    int64_t delete_count = 0;
    int64_t upsert_count = 0;
    base::Timestamp timestamp = 0;
};

struct Consistency {
    bool use_default = false;
    roles::ConsistencyLevel level = roles::ConsistencyLevel::kBounded;
    base::Timestamp guarantee_ts = 0;
};

struct DeleteRequest {
    std::string database;
    std::string collection;
    std::string partition;
    std::optional<std::string> namespace_name;
    std::string filter;
    expr::TemplateValues templates;
    Consistency consistency;
};

// Query vectors as sent: one byte string each.
struct Placeholders {
    int32_t type = 0;  // milvus.proto.common.PlaceholderType
    bool element_level = false;
    std::vector<base::Buffer> values;
};

// Functions that score the hits of a search anew; at most one of them is no boost.
struct FunctionScore {
    std::vector<schema::FunctionSchema> functions;
    KeyValues params;  // boost_mode, function_mode

    bool empty() const { return functions.empty(); }
};

// Numbers of milvus.proto.common.HighlightType.
struct Highlighter {
    enum class Type : int32_t { kLexical = 0, kSemantic = 1 };
    Type type = Type::kLexical;
    KeyValues params;
};
// The fragments of one text field, hit by hit.
struct HighlightedField {
    std::string name;
    std::vector<std::vector<std::string>> fragments;
    std::vector<std::vector<float>> scores;  // one a fragment; empty where they have none
};

struct SearchRequest {
    std::string database;
    std::string collection;
    std::vector<std::string> partitions;
    std::optional<std::string> namespace_name;
    std::string filter;
    expr::TemplateValues templates;
    Placeholders vectors;
    std::optional<schema::PrimaryKeys> ids;  // search by ids instead of vectors
    std::vector<std::string> output_fields;
    KeyValues
        search_params;  // anns_field, topk, offset, metric_type, params (JSON), round_decimal ...
    int64_t nq = 0;     // 0 = count of vectors
    Consistency consistency;
    AggregationSpec aggregation;  // not empty: buckets of hits instead of hits
    FunctionScore function_score;
    std::vector<FunctionChain> function_chains;  // not beside a function score
    std::optional<Highlighter> highlighter;
};

// Several searches of one collection whose lists are fused into one.
struct HybridSearchRequest {
    std::string database;
    std::string collection;
    std::vector<std::string> partitions;
    std::optional<std::string> namespace_name;
    // Of these only what makes the list counts: filter, vectors or ids, search parameters.
    std::vector<SearchRequest> lists;
    KeyValues
        rank_params;  // strategy, params (JSON), limit, offset, round_decimal, group_by_field ..
    FunctionScore function_score;                // in place of the strategy
    std::vector<FunctionChain> function_chains;  // after the strategy; those of lists do not count
    std::vector<std::string> output_fields;
    Consistency consistency;
};

struct OutputColumn {
    std::string name;
    base::FieldId field_id = 0;
    // The field's type where the values are of another one: Timestamptz and Geometry as text.
    // kNone = the type of the values.
    schema::DataType type = schema::DataType::kNone;
    bool is_dynamic = false;
    bool nullable = false;
    schema::Column values;  // full length, nulls in the validity bitmap
    // Struct arrays only, instead of values: one a sub-field, an Array or ArrayOfVector each.
    std::vector<OutputColumn> sub_columns;

    schema::DataType shown_type() const {
        return type == schema::DataType::kNone ? values.type : type;
    }
    uint64_t rows() const { return sub_columns.empty() ? values.rows : sub_columns[0].rows(); }
};

struct ReadReport;  // read_report.h

struct SearchResults {
    int64_t nq = 0;
    int64_t top_k = 0;
    std::vector<int64_t> counts;  // hits per query
    schema::PrimaryKeys ids;
    std::vector<float> scores;
    std::vector<int64_t> element_indices;  // of hits that are elements: places in their arrays
    std::vector<OutputColumn> columns;
    std::vector<std::string> output_fields;
    std::vector<HighlightedField> highlights;
    std::string primary_field_name;
    std::string collection_name;
    base::Timestamp session_ts = 0;
    std::shared_ptr<const ReadReport> report;  // null unless the request asked for its profile
    // Of grouped hits: one column a group field, a value a hit.
    std::vector<OutputColumn> group_values;
    bool has_single_group_field = false;  // the request named it as the only one
    std::vector<float> recalls;           // one a query, when asked for
    std::string iterator_token;           // of a search iterator; empty = none
    float iterator_bound = 0;
    bool is_aggregation = false;
    std::vector<Bucket> buckets;         // of all queries
    std::vector<int64_t> bucket_counts;  // buckets of the outermost level of each query
};

struct QueryRequest {
    std::string database;
    std::string collection;
    std::vector<std::string> partitions;
    std::optional<std::string> namespace_name;
    std::string filter;
    expr::TemplateValues templates;
    std::vector<std::string> output_fields;
    KeyValues query_params;  // limit, offset, iterator, reduce_stop_for_best ...
    Consistency consistency;
};

struct QueryResults {
    std::vector<OutputColumn> columns;
    std::vector<std::string> output_fields;
    std::string primary_field_name;
    std::string collection_name;
    base::Timestamp session_ts = 0;
    std::shared_ptr<const ReadReport> report;  // as in SearchResults
};

struct CreateCollectionRequest {
    std::string database;
    std::string name;
    schema::CollectionSchema schema;
    int32_t shards_num = 0;      // 0 = default
    int64_t num_partitions = 0;  // 0 = default
    roles::ConsistencyLevel consistency_level = roles::ConsistencyLevel::kStrong;
    KeyValues properties;
};

struct LoadState {
    roles::LoadStatus status;
    std::string database_name;
};

struct CreateIndexRequest {
    std::string database;
    std::string collection;
    std::string field;
    std::string index_name;
    KeyValues params;  // index_type, metric_type, params (JSON) and flat keys
};

// What is added to a collection that exists.
struct FunctionFields {
    std::string database;
    std::string collection;
    std::vector<schema::FieldSchema> fields;
    std::vector<schema::FunctionSchema> functions;
    std::vector<CreateIndexRequest> indexes;
};

struct IndexName {
    std::string database;
    std::string collection;
    std::string field;
    std::string index_name;
};

struct FlushResult {
    std::string collection_name;
    std::vector<base::SegmentId> sealed_segments;
    std::vector<base::SegmentId> flushed_segments;
    base::Timestamp flush_ts = 0;
    int64_t seal_time_s = 0;
};

// What FlushAll and GetFlushAllState are about; no collections = all of the database.
struct FlushTarget {
    std::string database;
    std::vector<std::string> collections;
};

struct FlushedDatabase {
    std::string database;
    std::vector<FlushResult> collections;
};

struct FlushAllResult {
    base::Timestamp flush_ts = 0;  // rows written before the call are at or before it
    std::vector<FlushedDatabase> databases;
};

struct DatabaseFlushState {
    std::string database;
    std::map<std::string, bool> collections;  // by name: whether all up to the moment is in files
};

struct CompactRequest {
    std::string database;
    std::string collection;
    base::CollectionId collection_id = 0;  // when there is no name
    roles::CompactionKind kind = roles::CompactionKind::kMix;
    base::PartitionId partition_id = 0;  // 0 = all
    std::string vchannel;                // empty = all
    std::vector<base::SegmentId> segment_ids;
    int64_t target_mib = 0;
};

struct SegmentView {
    roles::SegmentInfo info;
    base::NodeId node_id = 0;
    std::string index_name;
    base::IndexId index_id = 0;
};

}  // namespace elanus::proxy
