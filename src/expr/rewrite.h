// Builds And, Or and Not in a normal form: nested ones of a kind are joined, constants folded,
// equalities on one column become one In, and two bounds of a column one Range.
// All rewrites keep the three-valued result of every row.
#pragma once

#include "expr/plan.h"

#include <vector>

namespace elanus::expr {

Plan MakeAnd(std::vector<Plan> terms);
Plan MakeOr(std::vector<Plan> terms);
Plan MakeNot(Plan term);

template <typename Node>
Plan MakePlan(Node node) {
    Plan plan;
    plan.node = std::move(node);
    return plan;
}

}  // namespace elanus::expr
