// Filter scan: evaluates a plan over the rows of a segment, block by block.
// Threads: pure over a RowSource.
#pragma once

#include "expr/plan.h"
#include "segment/row_set.h"
#include "segment/row_source.h"
#include "segment/segment.h"

namespace elanus::segment {

// Takes every row out of the set that the plan does not accept. Stretches of a block without a row
// of the set are not looked at. `counters` may be null.
base::Status KeepMatching(const RowSource& source, const expr::Plan& plan,
                          const ReadOptions& options, RowSet* rows, ReadCounters* counters);

// How many rows of the set the plan accepts. Of a set of all rows no bitmap is made.
base::Result<size_t> CountMatching(const RowSource& source, const expr::Plan& plan,
                                   const ReadOptions& options, RowSet rows, ReadCounters* counters);

// Which elements of the match's struct array its predicate is true for, of the rows in `rows`. The
// elements of all runs are counted one after another. A run without the column has none.
base::Result<base::Bitmap> MatchElements(const RowSource& source, const expr::ElementMatch& match,
                                         const ReadOptions& options, const base::Bitmap& rows);

}  // namespace elanus::segment
