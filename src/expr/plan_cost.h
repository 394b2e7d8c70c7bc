// ScanCostNs: what evaluating a plan costs a row that has to be looked at, for running cheap terms
// first and for choosing between a scan and an index. Orders of magnitude, measured once on
// columns in memory; only ratios matter.
// Threads: pure.
#pragma once

#include "expr/plan.h"

namespace elanus::expr {

double ScanCostNs(const Plan& plan);

}  // namespace elanus::expr
