// QueryNode: serves sealed segments.
//
// Deletes come in numbered batches from the channel's owner; a read names the batch it needs, and a
// node that has not seen it yet answers 601 (retriable by the owner after resending).
#pragma once

#include "base/call_context.h"
#include "roles/read.h"
#include "roles/records.h"

#include <string>
#include <vector>

namespace elanus::roles {

struct IndexToLoad {
    IndexInfo index;
    SegmentIndexInfo segment_index;
    template <typename A>
    void Visit(A& a) {
        a(index, segment_index);
    }
};
struct LoadSegmentRequest {
    SegmentInfo segment;
    schema::CollectionSchema schema;
    std::vector<IndexToLoad> indexes;
    segment::DeleteRun deletes;  // all deletes known so far
    uint64_t delete_batch = 0;   // the number of the last batch contained in them
    template <typename A>
    void Visit(A& a) {
        a(segment, schema, indexes, deletes, delete_batch);
    }
};
struct ReleaseSegmentsRequest {
    std::vector<base::SegmentId> segment_ids;
    template <typename A>
    void Visit(A& a) {
        a(segment_ids);
    }
};
struct SegmentDeletes {
    base::SegmentId segment_id = 0;
    segment::DeleteRun run;
    template <typename A>
    void Visit(A& a) {
        a(segment_id, run);
    }
};
struct ApplyDeletesRequest {
    std::string vchannel;
    uint64_t batch = 0;  // dense per vchannel and owner
    std::vector<SegmentDeletes> deletes;
    template <typename A>
    void Visit(A& a) {
        a(vchannel, batch, deletes);
    }
};
struct SegmentSearchRequest {
    SearchRequest search;  // snapshot_ts is set
    std::vector<base::SegmentId> segment_ids;
    uint64_t delete_batch = 0;
    template <typename A>
    void Visit(A& a) {
        a(search, segment_ids, delete_batch);
    }
};
struct SegmentRetrieveRequest {
    RetrieveRequest retrieve;  // snapshot_ts is set
    std::vector<base::SegmentId> segment_ids;
    uint64_t delete_batch = 0;
    template <typename A>
    void Visit(A& a) {
        a(retrieve, segment_ids, delete_batch);
    }
};
struct AttachIndexRequest {
    base::SegmentId segment_id = 0;
    IndexToLoad index;
    template <typename A>
    void Visit(A& a) {
        a(segment_id, index);
    }
};
struct DetachIndexRequest {
    std::vector<base::SegmentId> segment_ids;
    base::IndexId index_id = 0;
    template <typename A>
    void Visit(A& a) {
        a(segment_ids, index_id);
    }
};

class QueryNode {
  public:
    virtual ~QueryNode() = default;

    virtual base::Result<Empty> LoadSegment(const base::CallContext&,
                                            const LoadSegmentRequest&) = 0;
    virtual base::Result<Empty> ReleaseSegments(const base::CallContext&,
                                                const ReleaseSegmentsRequest&) = 0;
    // A batch seen before is skipped.
    virtual base::Result<Empty> ApplyDeletes(const base::CallContext&,
                                             const ApplyDeletesRequest&) = 0;
    virtual base::Result<Empty> AttachIndex(const base::CallContext&,
                                            const AttachIndexRequest&) = 0;
    virtual base::Result<Empty> DetachIndex(const base::CallContext&,
                                            const DetachIndexRequest&) = 0;
    virtual base::Result<SearchResponse> Search(const base::CallContext&,
                                                const SegmentSearchRequest&) = 0;
    virtual base::Result<RetrieveResponse> Retrieve(const base::CallContext&,
                                                    const SegmentRetrieveRequest&) = 0;
    virtual base::Result<FetchResponse> Fetch(const base::CallContext&, const FetchRequest&) = 0;
};

}  // namespace elanus::roles
