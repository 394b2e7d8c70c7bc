// DataCoord: the life of segments and indexes. The only role that commits segment changes.
//
// Every method may arrive more than once; a repeat has no further effect.
#pragma once

#include "base/call_context.h"
#include "roles/compaction.h"
#include "roles/records.h"

#include <vector>

namespace elanus::roles {

// Everything one flush of a vchannel changes, committed as one catalog transaction.
struct FlushSwap {
    std::string vchannel;
    base::CollectionId collection_id = 0;
    std::vector<SegmentInfo> sealed;           // state kFlushed, data files published
    std::vector<DeleteFileInfo> delete_files;  // published
    ChannelCheckpoint checkpoint;              // carries the owner's epoch
    base::Timestamp truncated_ts = 0;  // segments and delete files up to here go with this flush
    template <typename A>
    void Visit(A& a) {
        a(vchannel, collection_id, sealed, delete_files, checkpoint, truncated_ts);
    }
};
struct ChannelName {
    std::string vchannel;
    template <typename A>
    void Visit(A& a) {
        a(vchannel);
    }
};
// What a channel's owner needs to recover.
struct ChannelRecovery {
    ChannelCheckpoint checkpoint;
    std::vector<SegmentInfo> segments;
    std::vector<DeleteFileInfo> delete_files;
    std::vector<SegmentIndexInfo> segment_indexes;  // finished ones
    std::vector<IndexInfo> indexes;
    template <typename A>
    void Visit(A& a) {
        a(checkpoint, segments, delete_files, segment_indexes, indexes);
    }
};
struct OfCollection {
    base::CollectionId id = 0;
    template <typename A>
    void Visit(A& a) {
        a(id);
    }
};
struct OfPartition {
    base::CollectionId collection_id = 0;
    base::PartitionId partition_id = 0;
    template <typename A>
    void Visit(A& a) {
        a(collection_id, partition_id);
    }
};
struct SegmentList {
    std::vector<SegmentInfo> segments;
    template <typename A>
    void Visit(A& a) {
        a(segments);
    }
};
struct SegmentIds {
    std::vector<base::SegmentId> ids;
    template <typename A>
    void Visit(A& a) {
        a(ids);
    }
};
struct CreateIndexRequest {
    CollectionInfo collection;  // as the proxy knows it
    IndexInfo index;            // id unset; name may be empty (the field's name is taken)
    template <typename A>
    void Visit(A& a) {
        a(collection, index);
    }
};
struct DropIndexRequest {
    base::CollectionId collection_id = 0;
    std::string field_name;
    std::string index_name;
    template <typename A>
    void Visit(A& a) {
        a(collection_id, field_name, index_name);
    }
};
struct AlterIndexRequest {
    base::CollectionId collection_id = 0;
    std::string index_name;
    KeyValues params;
    std::vector<std::string> delete_keys;
    template <typename A>
    void Visit(A& a) {
        a(collection_id, index_name, params, delete_keys);
    }
};
struct IndexProgress {
    IndexInfo index;
    IndexState state = IndexState::kFinished;
    std::string fail_reason;
    uint64_t total_rows = 0;    // rows of flushed segments
    uint64_t indexed_rows = 0;  // in an index, done of a running build, or too few to need one
    uint64_t pending_rows = 0;
    template <typename A>
    void Visit(A& a) {
        a(index, state, fail_reason, total_rows, indexed_rows, pending_rows);
    }
};
struct IndexList {
    std::vector<IndexProgress> indexes;  // by creation
    template <typename A>
    void Visit(A& a) {
        a(indexes);
    }
};

class DataCoord {
  public:
    virtual ~DataCoord() = default;

    // 507 when a later epoch owns the channel. A repeat of the same checkpoint succeeds.
    virtual base::Result<Empty> CommitFlush(const base::CallContext&, const FlushSwap&) = 0;
    // 507 as above; 600 when an input is not there (any more): then nothing has changed. A repeat
    // succeeds.
    virtual base::Result<Empty> CommitCompaction(const base::CallContext&,
                                                 const CompactionSwap&) = 0;
    virtual base::Result<ChannelRecovery> RecoverChannel(const base::CallContext&,
                                                         const ChannelName&) = 0;
    virtual base::Result<SegmentList> ListSegments(const base::CallContext&,
                                                   const OfCollection&) = 0;
    // Files of the collection (or partition) go once nobody reads them.
    virtual base::Result<Empty> DropCollectionData(const base::CallContext&,
                                                   const OfCollection&) = 0;
    virtual base::Result<Empty> DropPartitionData(const base::CallContext&, const OfPartition&) = 0;

    // Same definition again: success. 1100 "at most one distinct index is allowed per field"
    // otherwise.
    virtual base::Result<Empty> CreateIndex(const base::CallContext&,
                                            const CreateIndexRequest&) = 0;
    // An unknown name is a no-op. 702 for an empty name when there are several.
    virtual base::Result<Empty> DropIndex(const base::CallContext&, const DropIndexRequest&) = 0;
    virtual base::Result<Empty> AlterIndex(const base::CallContext&, const AlterIndexRequest&) = 0;
    virtual base::Result<IndexList> ListIndexes(const base::CallContext&, const OfCollection&) = 0;

    // Returns once the job is decided and durable. 2304 for clustering without a clustering key.
    virtual base::Result<CompactResponse> Compact(const base::CallContext&,
                                                  const CompactRequest&) = 0;
    virtual base::Result<CompactionStatus> GetCompaction(const base::CallContext&,
                                                         const CompactionQuery&) = 0;
};

}  // namespace elanus::roles
