// ScanCostNs: what evaluating a plan costs a row that has to be looked at, for running cheap terms
// first and for choosing between a scan and an index. Orders of magnitude, measured once on
// columns in memory; only ratios matter.
// Threads: pure.
#pragma once

#include "expr/plan.h"

namespace elanus::expr {

double ScanCostNs(const Plan& plan);

// The same of a leaf over a JSON path that the segment keeps as a column.
inline constexpr double kShreddedCostNs = 1;
// The path that a leaf looks at, when scans can take it from such a column; null otherwise.
const ColumnRef* JsonPathOf(const Plan& plan);

}  // namespace elanus::expr
