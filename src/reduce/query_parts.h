// Many queries over few segments: as several searches of fewer queries, side by side, so that a
// segment does not keep one core busy while the others look on.
//
// A part is a request like any other, so filters are evaluated once more for each; parts are made
// large enough that this is little beside their searches. Internal to the module. Threads: free
// functions.
#pragma once

#include "roles/read.h"

#include <cstddef>
#include <vector>

namespace elanus::reduce {

// How many parts the queries of a search over `segments` segments should come in; at least 1.
size_t QueryParts(const roles::SearchRequest& request, size_t segments, size_t cores);
// Part `part` of `parts`; the parts are as large as each other, but for one query.
roles::SearchRequest PartOf(const roles::SearchRequest& request, size_t part, size_t parts);
// The answers of all parts, in order, as one. What happened once in each segment is counted once.
roles::SearchResponse JoinParts(std::vector<roles::SearchResponse> parts);

}  // namespace elanus::reduce
