// Retrieval of the first rows in an order by fields. Internal to the module.
#pragma once

#include "reduce/segment_reads.h"

namespace elanus::reduce {

// `request.order_by` is not empty and `request.limit` not 0. Memory follows the limit, not the
// number of matching rows.
base::Result<roles::RetrieveResponse> RetrieveInOrder(const std::vector<SegmentRef>& segments,
                                                      const roles::RetrieveRequest& request,
                                                      const ReadScope& scope);

}  // namespace elanus::reduce
