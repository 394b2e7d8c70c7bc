#include "proxy/shard_search.h"

#include "reduce/segment_reads.h"

#include <numeric>
#include <utility>

namespace elanus::proxy {

base::Status CheckHitShape(const roles::SearchRequest& request,
                           const roles::SearchResponse& response) {
    const size_t hits = std::accumulate(response.counts.begin(), response.counts.end(), size_t{0});
    const size_t groups = request.grouping.has_value() ? hits : 0;
    const size_t elements = request.by_element() ? hits : 0;
    if (response.counts.size() != request.answers() || response.scores.size() != hits ||
        response.keys.size() != hits || response.addresses.size() != hits ||
        response.group_keys.size() != groups || response.elements.size() != elements) {
        return base::Internal("a shard's search answer does not fit together");
    }
    return base::Status();
}

base::Result<roles::SearchResponse> SearchShards(ProxyCore& core, const base::CallContext& context,
                                                 const roles::CollectionInfo& collection,
                                                 const roles::SearchRequest& request,
                                                 const std::vector<base::Timestamp>& moments) {
    const size_t shards = collection.vchannels.size();
    if (moments.size() != shards) {
        return base::Internal("a search of shards needs a moment for each");
    }
    std::vector<roles::SearchResponse> responses(shards);
    std::vector<base::Status> failures(shards);
    const auto ask = [&](size_t shard) {
        roles::SearchRequest of_shard = request;
        of_shard.vchannel = collection.vchannels[shard];
        of_shard.guarantee_ts = moments[shard];
        of_shard.snapshot_ts = moments[shard];
        auto response = core.partners.streaming_node->Search(context, of_shard);
        failures[shard] = response.ok() ? CheckHitShape(of_shard, *response) : response.status();
        if (failures[shard].ok()) {
            responses[shard] = std::move(response).value();
        }
    };
    if (shards == 1) {
        ask(0);
    } else {
        core.partners.executor->ParallelFor(shards, ask);
    }
    for (base::Status& failure : failures) {
        if (!failure.ok()) {
            return core.ReadFailure(context, collection, std::move(failure));
        }
    }
    return shards == 1 ? std::move(responses[0])
                       : reduce::MergeSearches(std::move(responses), request);
}

}  // namespace elanus::proxy
