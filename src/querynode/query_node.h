// QueryNodeImpl: serves sealed segments out of mapped files.
//
// Loaded segments stand in an immutable map that is replaced as a whole; a read works on the one it
// took. What leaves the map stays readable until its last reader lets go.
// Deletes: each loaded segment knows the last batch of its channel that it contains without a gap.
// A read that needs a later one is refused with 601, and the owner sends everything again.
// Invariants:
//   INV-QUERY-1  A segment answers a read that needs batch n only when every delete of the batches
//   up
//                to n is in its list. Deletes are never taken out of a list.
// Threads: any.
#pragma once

#include "base/metrics.h"
#include "base/mutex.h"
#include "object/object_store.h"
#include "reduce/hit_walks.h"
#include "reduce/segment_reads.h"
#include "roles/query_node.h"
#include "segment/sealed_segment.h"
#include "sys/clock.h"
#include "sys/executor.h"

#include <atomic>
#include <map>
#include <memory>
#include <vector>

namespace elanus::querynode {

// All of them outlive the node.
struct QueryNodePartners {
    object::ObjectStore* objects = nullptr;
    sys::Clock* clock = nullptr;
    sys::Executor* executor = nullptr;  // spreads a read over segments
};

class QueryNodeImpl : public roles::QueryNode {
  public:
    QueryNodeImpl(base::NodeId node_id, QueryNodePartners partners);

    base::Result<roles::Empty> LoadSegment(const base::CallContext& context,
                                           const roles::LoadSegmentRequest& request) override;
    base::Result<roles::Empty> ReleaseSegments(
        const base::CallContext& context, const roles::ReleaseSegmentsRequest& request) override;
    base::Result<roles::Empty> ApplyDeletes(const base::CallContext& context,
                                            const roles::ApplyDeletesRequest& request) override;
    base::Result<roles::Empty> AttachIndex(const base::CallContext& context,
                                           const roles::AttachIndexRequest& request) override;
    base::Result<roles::Empty> DetachIndex(const base::CallContext& context,
                                           const roles::DetachIndexRequest& request) override;
    base::Result<roles::SearchResponse> Search(const base::CallContext& context,
                                               const roles::SegmentSearchRequest& request) override;
    base::Result<roles::RetrieveResponse> Retrieve(
        const base::CallContext& context, const roles::SegmentRetrieveRequest& request) override;
    base::Result<roles::FetchResponse> Fetch(const base::CallContext& context,
                                             const roles::FetchRequest& request) override;

    // Bytes of the data files and indexes that are loaded.
    int64_t loaded_bytes() const { return loaded_bytes_.load(std::memory_order_relaxed); }

  private:
    struct Loaded {
        std::string vchannel;
        int64_t bytes = 0;
        std::shared_ptr<segment::SealedSegment> segment;
        base::Mutex write_mutex;  // deletes and indexes, one writer at a time
        std::atomic<uint64_t> delete_batch{0};
    };
    using LoadedPtr = std::shared_ptr<Loaded>;
    using LoadedMap = std::map<base::SegmentId, LoadedPtr>;

    std::shared_ptr<const LoadedMap> Map() const;
    LoadedPtr Find(base::SegmentId id) const;
    base::Result<LoadedPtr> Open(const roles::LoadSegmentRequest& request);
    LoadedPtr Publish(base::SegmentId id, const LoadedPtr& loaded);
    base::Status Update(Loaded& loaded, const roles::LoadSegmentRequest& request);
    static base::Status ApplyRun(Loaded& loaded, const segment::DeleteRun& run)
        REQUIRES(loaded.write_mutex);
    base::Status AttachVectors(Loaded& loaded, const roles::IndexToLoad& index,
                               const base::Buffer& file) REQUIRES(loaded.write_mutex);
    static base::Status AttachScalars(Loaded& loaded, const roles::IndexToLoad& index,
                                      const base::Buffer& file) REQUIRES(loaded.write_mutex);
    base::Status OpenIndex(Loaded& loaded, const roles::IndexToLoad& index)
        REQUIRES(loaded.write_mutex);
    // The segments of a read, each with the batch it needs.
    base::Result<std::vector<reduce::SegmentRef>> Select(const std::vector<base::SegmentId>& ids,
                                                         uint64_t delete_batch) const;
    void Account(int64_t bytes);

    const QueryNodePartners partners_;
    base::Gauge& bytes_gauge_;
    base::Gauge& segments_gauge_;
    std::atomic<int64_t> loaded_bytes_{0};
    reduce::HitWalks walks_;  // of iterators
    mutable base::Mutex mutex_;
    std::shared_ptr<const LoadedMap> map_ GUARDED_BY(mutex_);
};

}  // namespace elanus::querynode
