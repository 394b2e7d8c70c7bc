// Many queries over few segments: as several searches of fewer queries, side by side, so that a
// segment does not keep one core busy while the others look on.
//
// A part is a request like any other, so a filter is evaluated once more for each: with one, parts
// are larger. Internal to the module. Threads: free functions.
#pragma once

#include "roles/read.h"

#include <cstddef>
#include <vector>

namespace elanus::reduce {

// How many parts the queries of a search over `segments` segments should come in; at least 1.
size_t QueryParts(const roles::SearchRequest& request, size_t segments, size_t cores);
// Part `part` of `parts`, about as large as the others.
roles::SearchRequest PartOf(const roles::SearchRequest& request, size_t part, size_t parts);
// The answers of all parts, in order, as one. What every part did
// again in each segment is counted once, but for rows scanned, distances and times.
roles::SearchResponse JoinParts(std::vector<roles::SearchResponse> parts);

}  // namespace elanus::reduce
