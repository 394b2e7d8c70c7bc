// Selectivity: the share of a segment's rows for which a plan is likely true, from the ranges and
// null counts in its statistics. Values are taken to be spread evenly and columns to be independent
// of each other; where nothing is known, PostgreSQL's default guesses stand in. Answers never
// depend on it, only the order of terms and the choice between scan and index.
// Threads: pure.
#pragma once

#include "expr/plan.h"
#include "segment/row_source.h"

namespace elanus::segment {

// From 0 to 1.
double EstimateSelectivity(const expr::Plan& plan, const RowSource& source);

}  // namespace elanus::segment
