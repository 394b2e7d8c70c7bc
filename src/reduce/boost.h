// Boosts: functions that change the scores of a segment's hits before segments are merged (API map
// 5.7, reranker `boost`). A row is looked at only when it is a hit, so a boost lifts rows among the
// k best of their segment and brings no other row in.
// Threads: free functions.
#pragma once

#include "roles/read.h"
#include "segment/segment.h"

#include <cstdint>
#include <string_view>

namespace elanus::reduce {

// Gives every hit of the segment its new score and puts each query's hits in order again, equal
// scores by primary key. The hits are not grouped. kServiceInternal when a plan does not fit the
// fields, kCanceled and kTimeout from evaluating it.
base::Status ApplyBoosts(const segment::Segment& segment, const roles::Boosts& boosts,
                         vindex::Metric metric, const segment::ReadOptions& options,
                         roles::SearchResponse* hits);

// The number in [0, 1) that a row with this value (or primary key) draws.
double RandomDraw(int64_t value, uint64_t seed);
double RandomDraw(std::string_view value, uint64_t seed);

}  // namespace elanus::reduce
