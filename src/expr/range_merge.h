// Merges the terms of a conjunction or disjunction that compare the same column with constants:
// `a > 1 and a < 5` becomes one range, `a == 1 or a in [2, 3]` one set, `a > 5 and a < 3` an empty
// set, `a > 3 or a <= 3` the complement of an empty set.
//
// The results keep the three-valued answer of every row: an empty set is false for a value and
// unknown for null, as the terms were. Only whole scalar columns are merged this way; elements of
// arrays and JSON have values that no range describes (missing, other types).
#pragma once

#include "expr/plan.h"

#include <vector>

namespace elanus::expr {

std::vector<Plan> MergeConjuncts(std::vector<Plan> terms);
std::vector<Plan> MergeDisjuncts(std::vector<Plan> terms);

// A comparison that no value of the column's type passes becomes an empty set, and one that every
// value passes its complement (an Int8 above 300, a string below ""). Others stay as they are.
Plan FoldExtreme(Plan plan);

// The comparison with its operator turned around, for whole scalar columns: exact for every value,
// and unknown where it was. False when the plan is no such comparison.
bool NegateInPlace(Plan* plan);

}  // namespace elanus::expr
