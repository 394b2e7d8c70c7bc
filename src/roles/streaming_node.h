// StreamingNode: owns physical channels. Stamps and logs every row, holds growing segments, seals
// and flushes them, knows every primary key of its channels, and answers reads of a whole vchannel
// by asking its own growing segments and the query nodes that hold the sealed ones.
#pragma once

#include "base/call_context.h"
#include "roles/compaction.h"
#include "roles/read.h"
#include "roles/records.h"

#include <functional>
#include <string>
#include <vector>

namespace elanus::roles {

// Which rows the deletes of a part may hit: those whose string field holds this value.
struct DeleteScope {
    base::FieldId field_id = 0;  // 0 = every row
    std::string value;
    bool is_limited() const { return field_id != 0; }
    template <typename A>
    void Visit(A& a) {
        a(field_id, value);
    }
};
// The rows and deletes of one request for one vchannel and partition.
struct WritePart {
    std::string vchannel;
    base::CollectionId collection_id = 0;
    base::PartitionId partition_id = kAllPartitions;  // of the rows; deletes: kAllPartitions = any
    schema::ColumnBatch rows;                         // empty for a pure delete
    schema::PrimaryKeys deletes;  // applied before the rows, at the same timestamp
    DeleteScope delete_scope = {};
    template <typename A>
    void Visit(A& a) {
        a(vchannel, collection_id, partition_id, rows, deletes, delete_scope);
    }
};
struct AppendRequest {
    std::string pchannel;
    std::string request_id;  // a repeat within minutes returns the first answer
    base::SchemaVersion schema_version = 0;
    std::vector<WritePart> parts;  // all or nothing
    // Not 0: the request was made from what the rows of its keys were at this moment. It is refused
    // (kConflict) when one of them has changed since; the caller reads again.
    base::Timestamp read_ts = 0;
    // Rows inserted up to here have expired: they do not count as existing keys.
    base::Timestamp expired_ts = 0;
    template <typename A>
    void Visit(A& a) {
        a(pchannel, request_id, schema_version, parts, read_ts, expired_ts);
    }
};
struct AppendResponse {
    base::Timestamp timestamp = 0;  // of every row and delete in the request
    template <typename A>
    void Visit(A& a) {
        a(timestamp);
    }
};
using AppendCallback = std::function<void(base::Result<AppendResponse>)>;

struct ChannelEvent {
    CollectionInfo collection;  // all of its vchannels on this node are meant
    base::PartitionId partition_id = 0;
    std::string request_id;  // Truncate: a repeat with the same id is the first one
    template <typename A>
    void Visit(A& a) {
        a(collection, partition_id, request_id);
    }
};
struct FlushRequest {
    base::CollectionId collection_id = 0;
    std::vector<std::string> vchannels;
    template <typename A>
    void Visit(A& a) {
        a(collection_id, vchannels);
    }
};
struct FlushResponse {
    std::vector<base::SegmentId> sealed_segments;   // being flushed by this call
    std::vector<base::SegmentId> flushed_segments;  // flushed before
    base::Timestamp flush_ts = 0;                   // rows up to here will be in files
    template <typename A>
    void Visit(A& a) {
        a(sealed_segments, flushed_segments, flush_ts);
    }
};
struct FlushStateRequest {
    base::CollectionId collection_id = 0;
    std::vector<std::string> vchannels;
    base::Timestamp flush_ts = 0;
    template <typename A>
    void Visit(A& a) {
        a(collection_id, vchannels, flush_ts);
    }
};
struct FlushState {
    bool flushed = false;
    template <typename A>
    void Visit(A& a) {
        a(flushed);
    }
};
struct ServeRequest {
    CollectionInfo collection;
    std::vector<base::PartitionId> partitions;  // empty = all, later ones too
    std::vector<std::string> load_fields;
    std::vector<base::NodeId> query_nodes;  // where sealed segments may be placed
    template <typename A>
    void Visit(A& a) {
        a(collection, partitions, load_fields, query_nodes);
    }
};
struct ServeProgress {
    uint64_t segments_loaded = 0;
    uint64_t segments_total = 0;
    std::string error;  // why loading stands still, empty when it does not
    template <typename A>
    void Visit(A& a) {
        a(segments_loaded, segments_total, error);
    }
};
struct ChannelSegments {
    std::vector<SegmentInfo> segments;  // growing and sealed, of all vchannels asked for
    std::vector<base::NodeId> nodes;    // where segments[i] is served
    std::map<base::PartitionId, uint64_t> live_rows;  // visible now
    template <typename A>
    void Visit(A& a) {
        a(segments, nodes, live_rows);
    }
};
struct ChannelsRequest {
    base::CollectionId collection_id = 0;
    std::vector<std::string> vchannels;
    template <typename A>
    void Visit(A& a) {
        a(collection_id, vchannels);
    }
};
struct SegmentIndexReady {
    std::string vchannel;
    IndexInfo index;
    SegmentIndexInfo segment_index;
    template <typename A>
    void Visit(A& a) {
        a(vchannel, index, segment_index);
    }
};
struct IndexDropped {
    std::string vchannel;
    base::IndexId index_id = 0;
    template <typename A>
    void Visit(A& a) {
        a(vchannel, index_id);
    }
};

class StreamingNode {
  public:
    virtual ~StreamingNode() = default;

    // Acknowledges after the record is durable and applied. `done` runs exactly once, on any
    // thread, possibly before Append returns. 507 after ownership was lost, 500 for an unknown
    // vchannel, 109 for a later schema than the vchannel's, kConflict see read_ts, 1100 for a row
    // whose key exists in a collection of unique keys.
    virtual void Append(const base::CallContext&, AppendRequest, AppendCallback done) = 0;

    // DDL events, idempotent; each is a log record of its own.
    virtual base::Result<Empty> CreateChannels(const base::CallContext&, const ChannelEvent&) = 0;
    virtual base::Result<Empty> DropChannels(const base::CallContext&, const ChannelEvent&) = 0;
    virtual base::Result<Empty> DropPartition(const base::CallContext&, const ChannelEvent&) = 0;
    virtual base::Result<Empty> AlterSchema(const base::CallContext&, const ChannelEvent&) = 0;
    // Every row of the collection's vchannels written before goes.
    virtual base::Result<Empty> Truncate(const base::CallContext&, const ChannelEvent&) = 0;

    // Seals what grows now and starts writing it; a repeat finds nothing more to seal.
    virtual base::Result<FlushResponse> Flush(const base::CallContext&, const FlushRequest&) = 0;
    virtual base::Result<FlushState> GetFlushState(const base::CallContext&,
                                                   const FlushStateRequest&) = 0;

    // Serve and Unserve set what is loaded; GetServeProgress tells how far it is.
    virtual base::Result<Empty> Serve(const base::CallContext&, const ServeRequest&) = 0;
    virtual base::Result<Empty> Unserve(const base::CallContext&, const ChannelsRequest&) = 0;
    virtual base::Result<ServeProgress> GetServeProgress(const base::CallContext&,
                                                         const ChannelsRequest&) = 0;
    virtual base::Result<ChannelSegments> GetSegments(const base::CallContext&,
                                                      const ChannelsRequest&) = 0;
    virtual base::Result<Empty> OnSegmentIndex(const base::CallContext&,
                                               const SegmentIndexReady&) = 0;
    virtual base::Result<Empty> OnIndexDropped(const base::CallContext&, const IndexDropped&) = 0;

    virtual base::Result<CompactionFacts> GetCompactionFacts(const base::CallContext&,
                                                             const CompactionFactsRequest&) = 0;
    // Commits the compaction and serves the new segments instead of the old ones, at one moment. A
    // repeat finds it done. 600 when an input is not there (any more): then nothing has changed.
    virtual base::Result<Empty> SwitchSegments(const base::CallContext&,
                                               const SwitchSegmentsRequest&) = 0;

    // 101/201 when the collection or partition is not served here.
    virtual base::Result<SearchResponse> Search(const base::CallContext&, const SearchRequest&) = 0;
    virtual base::Result<RetrieveResponse> Retrieve(const base::CallContext&,
                                                    const RetrieveRequest&) = 0;
    virtual base::Result<FetchResponse> Fetch(const base::CallContext&, const FetchRequest&) = 0;
};

}  // namespace elanus::roles
