// HitPage: the hits of a list that an answer shows, in its order (API map 5.3, 5.9): the page
// [offset, offset + topk) of each query's hits as they are, of its groups, or of its hits in an
// order by fields.
// Threads: free functions.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "proxy/proxy_core.h"
#include "roles/read.h"

#include <cstdint>
#include <vector>

namespace elanus::proxy {

// Positions in a list of hits, of all queries one after the other.
struct HitPage {
    std::vector<size_t> hits;
    std::vector<int64_t> counts;  // one a query
};

struct PageWindow {
    size_t offset = 0;
    size_t limit = 0;
};

// Of a grouped list the window counts groups: they come by their best hits, each with all its hits.
HitPage CutPage(const roles::SearchResponse& list, PageWindow window);

// The window of the hits sorted by fields; equal ones stay in the list's order. Of a grouped list
// the groups are sorted by the fields of their best hits. 1100 when the fields are larger than an
// answer may be.
base::Result<HitPage> CutSortedPage(ProxyCore& core, const base::CallContext& context,
                                    const roles::CollectionInfo& collection,
                                    const roles::SearchResponse& list,
                                    const std::vector<roles::SortField>& order_by,
                                    PageWindow window);

}  // namespace elanus::proxy
