// Groups of hits (API map 5.3): the search that fills them, and their values in the answer.
// Threads: free functions.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "proxy/hit_page.h"
#include "proxy/output_fields.h"
#include "proxy/proxy_core.h"
#include "proxy/search_shape.h"
#include "roles/read.h"

#include <vector>

namespace elanus::proxy {

// The groups of `list` that the window shows, each with its best group_size hits as far as there
// are so many. `list` answers `request`, read at the moments; a part of a list ends with the first
// hit of its last group, so later hits of its groups are asked for once more.
base::Result<roles::SearchResponse> FillGroups(ProxyCore& core, const base::CallContext& context,
                                               const roles::CollectionInfo& collection,
                                               const roles::SearchRequest& request,
                                               const std::vector<base::Timestamp>& moments,
                                               roles::SearchResponse list, PageWindow window);

// One column a group field: the values of the hits on the page.
base::Result<std::vector<OutputColumn>> GroupValues(const GroupSettings& groups,
                                                    const OutputSelection& selection,
                                                    const roles::SearchResponse& list,
                                                    const HitPage& page);

}  // namespace elanus::proxy
