// Statistics of terms over several segments, and over the answers of several nodes.
// Threads: free functions, safe from any thread.
#pragma once

#include "reduce/segment_reads.h"

#include <vector>

namespace elanus::reduce {

// The request has terms.
base::Result<roles::RetrieveResponse> CountTerms(const std::vector<SegmentRef>& segments,
                                                 const roles::RetrieveRequest& request,
                                                 const ReadScope& scope);

// kInternal for an answer to other terms.
base::Status AddTerms(const roles::RetrieveRequest& request, const roles::TermAnswer& part,
                      roles::TermAnswer* sum);

}  // namespace elanus::reduce
