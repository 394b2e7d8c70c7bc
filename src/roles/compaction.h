// What the roles tell each other about a compaction: segments of one vchannel and partition are
// replaced by new ones that lack the rows nobody can see any more.
//
// Who does what: DataCoord decides and keeps the job; the channel's owner says up to which moment
// nobody reads (the horizon) and what is deleted; a data node writes the new files; the owner swaps
// old for new, by one catalog transaction of DataCoord. A step that fails leaves everything as it
// was. Plain structs.
#pragma once

#include "roles/query_node.h"
#include "roles/records.h"

#include <string>
#include <vector>

namespace elanus::roles {

enum class CompactionKind : int32_t { kMix = 0, kLevelZero = 1, kClustering = 2, kForceMerge = 3 };

// What a client asked for.
struct CompactRequest {
    CollectionInfo collection;
    CompactionKind kind = CompactionKind::kMix;
    // Only these, when given.
    base::PartitionId partition_id = 0;
    std::string vchannel;
    std::vector<base::SegmentId> segment_ids;
    uint64_t target_mib = 0;  // kForceMerge: size of the segments to come, in MiB
    std::string request_id;   // a repeat with the same id gets the first answer
    template <typename A>
    void Visit(A& a) {
        a(collection, kind, partition_id, vchannel, segment_ids, target_mib, request_id);
    }
};
struct CompactResponse {
    int64_t compaction_id = -1;  // -1 = there is nothing to do
    int32_t plans = 0;
    template <typename A>
    void Visit(A& a) {
        a(compaction_id, plans);
    }
};

enum class PlanState : int32_t { kWaiting = 0, kExecuting = 1, kCompleted = 2, kFailed = 3 };

struct CompactionPlanInfo {
    int64_t id = 0;
    int64_t compaction_id = 0;
    base::CollectionId collection_id = 0;
    base::PartitionId partition_id = 0;
    std::string vchannel;
    CompactionKind kind = CompactionKind::kMix;
    PlanState state = PlanState::kWaiting;
    std::vector<base::SegmentId> sources;
    std::vector<base::SegmentId> targets;  // empty until it has succeeded
    std::string fail_reason;
    template <typename A>
    void Visit(A& a) {
        a(id, compaction_id, collection_id, partition_id, vchannel, kind, state, sources, targets,
          fail_reason);
    }
};
struct CompactionQuery {
    int64_t compaction_id = 0;             // 0 = all that are known of the collection
    base::CollectionId collection_id = 0;  // looked at without compaction_id only
    template <typename A>
    void Visit(A& a) {
        a(compaction_id, collection_id);
    }
};
struct CompactionStatus {
    bool executing = false;  // false too for a compaction that is not known (any more)
    std::vector<CompactionPlanInfo> plans;  // of those that are remembered
    template <typename A>
    void Visit(A& a) {
        a(executing, plans);
    }
};

// ---- Between DataCoord and the channel's owner

struct CompactionFactsRequest {
    std::string vchannel;
    base::CollectionId collection_id = 0;
    base::Timestamp wanted_ts = 0;  // the horizon that would be best
    std::vector<base::SegmentId> segment_ids;
    bool with_deletes = false;
    template <typename A>
    void Visit(A& a) {
        a(vchannel, collection_id, wanted_ts, segment_ids, with_deletes);
    }
};
struct SegmentFacts {
    base::SegmentId segment_id = 0;
    uint64_t deleted_rows = 0;
    uint64_t droppable_rows = 0;  // deleted at or before the horizon
    segment::DeleteRun deletes;   // the droppable ones, when asked for
    template <typename A>
    void Visit(A& a) {
        a(segment_id, deleted_rows, droppable_rows, deletes);
    }
};
struct CompactionFacts {
    // Nothing at or before it is read any more; at most wanted_ts.
    base::Timestamp horizon_ts = 0;
    std::vector<SegmentFacts> segments;  // those asked for that are sealed and here
    template <typename A>
    void Visit(A& a) {
        a(horizon_ts, segments);
    }
};

struct SwitchSegmentsRequest {
    std::string vchannel;
    base::CollectionId collection_id = 0;
    std::vector<base::SegmentId> inputs;
    std::vector<SegmentInfo> outputs;  // files published; may be none
    std::vector<IndexToLoad> indexes;  // of the outputs, built already
    std::string origin_key;            // object that tells where each output row comes from
    base::Timestamp compacted_ts = 0;  // the horizon that was used
    bool gathers_deletes = false;      // all delete files of the vchannel become one
    template <typename A>
    void Visit(A& a) {
        a(vchannel, collection_id, inputs, outputs, indexes, origin_key, compacted_ts,
          gathers_deletes);
    }
};

// Everything one compaction changes, committed as one catalog transaction.
struct CompactionSwap {
    std::string vchannel;
    base::CollectionId collection_id = 0;
    base::Epoch epoch = 0;  // of the owner
    std::vector<base::SegmentId> inputs;
    std::vector<SegmentInfo> outputs;
    std::vector<SegmentIndexInfo> segment_indexes;
    std::vector<DeleteFileInfo> delete_files;  // published: the deletes of the outputs
    bool gathers_deletes = false;              // those replace all delete files of the vchannel
    base::Timestamp compacted_ts = 0;
    template <typename A>
    void Visit(A& a) {
        a(vchannel, collection_id, epoch, inputs, outputs, segment_indexes, delete_files,
          gathers_deletes, compacted_ts);
    }
};

// ---- Between DataCoord and a data node

struct CompactSegmentsRequest {
    schema::CollectionSchema schema;
    std::vector<SegmentInfo> inputs;          // of one vchannel and partition
    std::vector<segment::DeleteRun> deletes;  // one an input: rows to leave out
    base::Timestamp expired_ts = 0;           // rows inserted up to here are left out
    base::FieldId expiry_field = 0;           // 0 = none; rows whose value here is not null and
    int64_t expiry_us = 0;                    // at most this are left out
    base::FieldId order_field = 0;            // 0 = rows keep their order
    std::vector<base::SegmentId> output_ids;  // as many segments as rows allow, all about as large
    std::string origin_key;
    // A single input stays as it is when a smaller share of its rows would go; 0 = when none would.
    bool keeps_unchanged = false;
    double dropped_share_min = 0;
    template <typename A>
    void Visit(A& a) {
        a(schema, inputs, deletes, expired_ts, expiry_field, expiry_us, order_field, output_ids,
          origin_key, keeps_unchanged, dropped_share_min);
    }
};
struct CompactSegmentsResponse {
    std::vector<SegmentInfo> outputs;  // the first of output_ids; none when no row is left
    bool unchanged = false;            // nothing was written
    template <typename A>
    void Visit(A& a) {
        a(outputs, unchanged);
    }
};

}  // namespace elanus::roles
