// ChannelReader: answers reads of a whole vchannel: its rows in memory here, its sealed segments on
// query nodes, merged.
//
// Order of steps (each relies on the one before): wait until the read's moment is applied; note the
// last batch of deletes; take the view; ask all at once. A query node that lacks a segment or a
// batch says so; it is brought up to date, and the read starts again with a new view. Threads: any;
// holds no state of its own.
#pragma once

#include "reduce/segment_reads.h"
#include "roles/streaming_node.h"
#include "streaming/options.h"
#include "streaming/pchannel.h"

#include <map>
#include <vector>

namespace elanus::streaming {

class ChannelReader {
  public:
    ChannelReader(const StreamingPartners& partners, PChannel& pchannel, VChannel& vchannel)
        : partners_(partners), pchannel_(pchannel), vchannel_(vchannel) {}

    base::Result<roles::SearchResponse> Search(const base::CallContext& context,
                                               const roles::SearchRequest& request);
    base::Result<roles::RetrieveResponse> Retrieve(const base::CallContext& context,
                                                   const roles::RetrieveRequest& request);
    base::Result<roles::FetchResponse> Fetch(const base::CallContext& context,
                                             const roles::FetchRequest& request);

  private:
    // Who holds the rows of one read.
    struct Scope {
        base::Timestamp timestamp = 0;
        uint64_t delete_batch = 0;
        std::vector<reduce::SegmentRef> local;
        std::map<base::NodeId, std::vector<base::SegmentId>> remote;
    };

    static base::Status CheckServed(const ChannelView& view,
                                    const std::vector<base::PartitionId>& partitions);
    base::Result<Scope> TakeScope(base::Timestamp timestamp,
                                  const std::vector<base::PartitionId>& partitions,
                                  bool ignore_growing) const;
    reduce::ReadScope ReadScopeOf(const base::CallContext& context, const Scope& scope) const;
    // True when the failure is a query node's lag and the node has been brought up to date.
    bool Repaired(base::NodeId node, const base::Status& failure);

    // Chooses the moment, asks everybody at it, merges, and completes the answer's profile.
    // local(scope, read), remote(node, scope, segment ids, moment), merge(parts).
    template <typename Response, typename Request, typename Local, typename Remote, typename Merge>
    base::Result<Response> Read(const base::CallContext& context, const Request& request,
                                Local local, Remote remote, Merge merge);

    // Asks memory and every query node at once; part 0 is memory's. Starts again after a repair.
    template <typename Response, typename Local, typename Remote>
    base::Result<std::vector<Response>> Ask(const base::CallContext& context,
                                            base::Timestamp timestamp,
                                            const std::vector<base::PartitionId>& partitions,
                                            bool ignore_growing, roles::ReadProfile* profile,
                                            Local local, Remote remote);

    const StreamingPartners& partners_;
    PChannel& pchannel_;
    VChannel& vchannel_;
};

}  // namespace elanus::streaming
