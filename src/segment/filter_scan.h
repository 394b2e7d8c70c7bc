// Filter scan: evaluates a plan over the rows of a segment, block by block.
// Threads: pure over a RowSource.
#pragma once

#include "base/bitmap.h"
#include "expr/plan.h"
#include "segment/row_source.h"
#include "segment/segment.h"

namespace elanus::segment {

// Clears from `rows` (bits = rows of the source) every row that the plan does not accept. Stretches
// of a block without a set bit are not looked at. `counters` may be null.
base::Status KeepMatching(const RowSource& source, const expr::Plan& plan,
                          const ReadOptions& options, base::Bitmap* rows, ReadCounters* counters);

}  // namespace elanus::segment
