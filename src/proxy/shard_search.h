// One search of all shards of a collection, at moments that are known: what follows a first search
// and must see the same rows (groups filled up, batches of an iterator, recall measured).
// Threads: free functions.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "proxy/proxy_core.h"
#include "roles/read.h"

#include <vector>

namespace elanus::proxy {

// An answer from another process is not trusted to fit together. kInternal when it does not.
base::Status CheckHitShape(const roles::SearchRequest& request,
                           const roles::SearchResponse& response);

// Asks every shard; `request` is a template whose vchannel and moment are filled in. `moments`: one
// a shard.
base::Result<roles::SearchResponse> SearchShards(ProxyCore& core, const base::CallContext& context,
                                                 const roles::CollectionInfo& collection,
                                                 const roles::SearchRequest& request,
                                                 const std::vector<base::Timestamp>& moments);

}  // namespace elanus::proxy
