// The nouns that roles tell each other about: databases, collections, partitions, segments,
// indexes. Plain structs; the same ones are stored in the catalog (docs/formats/catalog.md).
#pragma once

#include "base/archive.h"
#include "base/ids.h"
#include "base/timestamp.h"
#include "schema/collection_schema.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace elanus::roles {

using schema::KeyValues;

inline constexpr std::string_view kDefaultDatabase = "default";
inline constexpr base::DatabaseId kDefaultDatabaseId = 1;
inline constexpr std::string_view kDefaultPartition = "_default";
inline constexpr base::PartitionId kAllPartitions = -1;
// A collection property of ours: an insert of a key that is there is refused.
inline constexpr std::string_view kUniqueKeysProperty = "collection.uniquePrimaryKey";
inline constexpr std::string_view kTtlProperty = "collection.ttl.seconds";
inline constexpr std::string_view kTtlFieldProperty = "ttl_field";
inline constexpr std::string_view kAutoCompactionProperty = "collection.autocompaction.enabled";

// A method without arguments or result.
struct Empty {
    template <typename A>
    void Visit(A&) {}
};

enum class ConsistencyLevel : int32_t {
    kStrong = 0,
    kSession = 1,
    kBounded = 2,
    kEventually = 3,
    kCustomized = 4,
};

// DDL goes intent -> event on every channel -> final state; recovery drives what is in between.
enum class MetaState : int32_t { kCreating = 0, kCreated = 1, kDropping = 2 };

struct DatabaseInfo {
    base::DatabaseId id = 0;
    std::string name;
    base::Timestamp created_ts = 0;
    KeyValues properties;
    template <typename A>
    void Visit(A& a) {
        a(id, name, created_ts, properties);
    }
};

struct PartitionInfo {
    base::PartitionId id = 0;
    std::string name;
    base::Timestamp created_ts = 0;
    MetaState state = MetaState::kCreated;
    template <typename A>
    void Visit(A& a) {
        a(id, name, created_ts, state);
    }
};

struct CollectionInfo {
    base::CollectionId id = 0;
    base::DatabaseId database_id = 0;
    std::string database_name;
    schema::CollectionSchema schema;  // schema.name is the collection's name
    MetaState state = MetaState::kCreated;
    base::Timestamp created_ts = 0;
    base::Timestamp updated_ts = 0;  // moves with every schema change; clients send it back
    ConsistencyLevel consistency_level = ConsistencyLevel::kBounded;
    int32_t shards_num = 1;
    std::string pchannel;                // the physical channel all its vchannels live on
    std::vector<std::string> vchannels;  // one a shard: <pchannel>_<collection id>v<shard>
    std::vector<PartitionInfo> partitions;
    std::vector<std::string> aliases;
    KeyValues properties;
    base::FieldId max_field_id = 0;  // highest ever given; ids of dropped fields do not return
    // The schema here is decided, but a channel may not know it yet (a DDL in between).
    bool schema_event_due = false;
    // Of its database, as describe answers them; not kept in the catalog.
    KeyValues database_properties;

    const PartitionInfo* FindPartition(std::string_view name) const {
        for (const PartitionInfo& partition : partitions) {
            if (partition.name == name) {
                return &partition;
            }
        }
        return nullptr;
    }
    template <typename A>
    void Visit(A& a) {
        a(id, database_id, database_name, schema, state, created_ts, updated_ts, consistency_level,
          shards_num, pchannel, vchannels, partitions, aliases, properties, max_field_id,
          schema_event_due, database_properties);
    }
};

enum class SegmentState : int32_t {  // numbers of milvus.proto.common.SegmentState
    kGrowing = 2,
    kSealed = 3,
    kFlushed = 4,
    kFlushing = 5,
    kDropped = 6,
};

enum class SegmentLevel : int32_t {  // numbers of milvus.proto.common.SegmentLevel
    kL1 = 2,                         // as flushed, or merged
    kL2 = 3,                         // by clustering: ordered by the clustering key
};

struct SegmentInfo {
    base::SegmentId id = 0;
    base::CollectionId collection_id = 0;
    base::PartitionId partition_id = 0;
    std::string vchannel;
    SegmentState state = SegmentState::kGrowing;
    uint64_t rows = 0;
    uint64_t bytes = 0;
    base::Timestamp min_ts = 0;
    base::Timestamp max_ts = 0;
    base::SchemaVersion schema_version = 0;
    std::string data_key;  // object key of the data file; empty while growing
    SegmentLevel level = SegmentLevel::kL1;
    std::vector<base::SegmentId> compacted_from;  // the segments whose rows it took over
    template <typename A>
    void Visit(A& a) {
        a(id, collection_id, partition_id, vchannel, state, rows, bytes, min_ts, max_ts,
          schema_version, data_key, level, compacted_from);
    }
};

// A file of deletes that hit sealed segments of one vchannel between two checkpoints (Milvus' L0).
struct DeleteFileInfo {
    base::SegmentId id = 0;
    base::CollectionId collection_id = 0;
    std::string vchannel;
    uint64_t rows = 0;
    base::Timestamp max_ts = 0;
    std::string data_key;
    // The segments it has deletes of: without any of them it is not needed. Empty in records of
    // older versions: not known.
    std::vector<base::SegmentId> segments;
    template <typename A>
    void Visit(A& a) {
        a(id, collection_id, vchannel, rows, max_ts, data_key, segments);
    }
};

struct IndexInfo {
    base::IndexId id = 0;
    base::CollectionId collection_id = 0;
    base::FieldId field_id = 0;
    std::string field_name;
    std::string name;
    std::string index_type;   // as the user gave it; "AUTOINDEX" when left out
    std::string metric_type;  // vector fields: never empty
    KeyValues params;         // index parameters without index_type and metric_type
    KeyValues user_params;    // exactly what CreateIndex got, for describe
    base::Timestamp created_ts = 0;
    bool dropped = false;

    bool IsVectorIndex() const { return !metric_type.empty(); }
    template <typename A>
    void Visit(A& a) {
        a(id, collection_id, field_id, field_name, name, index_type, metric_type, params,
          user_params, created_ts, dropped);
    }
};

enum class IndexState : int32_t {  // numbers of milvus.proto.common.IndexState
    kNone = 0,
    kUnissued = 1,
    kInProgress = 2,
    kFinished = 3,
    kFailed = 4,
    kRetry = 5,
};

// One index of one sealed segment.
struct SegmentIndexInfo {
    base::IndexId index_id = 0;
    base::SegmentId segment_id = 0;
    base::CollectionId collection_id = 0;
    base::FieldId field_id = 0;
    IndexState state = IndexState::kUnissued;
    std::string fail_reason;
    uint64_t rows = 0;
    uint64_t bytes = 0;
    std::string data_key;
    template <typename A>
    void Visit(A& a) {
        a(index_id, segment_id, collection_id, field_id, state, fail_reason, rows, bytes, data_key);
    }
};

// How far a vchannel's log is contained in sealed segments and delete files.
struct ChannelCheckpoint {
    std::string vchannel;
    base::LogPosition position = 0;  // every record at or below is in files
    base::Timestamp timestamp = 0;   // timestamp of that record
    base::Epoch epoch = 0;           // the owner that committed it
    // Compactions have dropped rows that were deleted or had expired up to here: no earlier moment
    // can be read any more.
    base::Timestamp compacted_ts = 0;
    template <typename A>
    void Visit(A& a) {
        a(vchannel, position, timestamp, epoch, compacted_ts);
    }
};

}  // namespace elanus::roles
