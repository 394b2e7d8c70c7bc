// Statistics pruning: tells from the ranges in a segment file that a filter matches no row of it.
// Threads: pure.
#pragma once

#include "expr/plan.h"
#include "segment/row_source.h"

namespace elanus::segment {

// True only if no row can match. Looks at comparisons, ranges and lists on whole scalar columns, at
// null tests, and through And and Or.
bool CannotMatch(const expr::Plan& plan, const RowSource& source);

}  // namespace elanus::segment
