// Builds And, Or and Not in a normal form: nested ones of a kind are joined, constants folded,
// terms on one column merged (range_merge.h), and text matches on one field joined.
// All of these keep the three-valued result of every row; SimplifyFilter() keeps less.
#pragma once

#include "expr/plan.h"

#include <functional>
#include <vector>

namespace elanus::expr {

Plan MakeAnd(std::vector<Plan> terms);
Plan MakeOr(std::vector<Plan> terms);
Plan MakeNot(Plan term);

// Folds what can never be true, given that the plan is a filter: its rows are those that are true,
// so that unknown is as good as false wherever no Not stands above. `a > 5 and a < 3`, an empty set
// by now, is AlwaysFalse there; below a Not it is only when `is_nullable(column)` is false.
using IsNullable = std::function<bool(const ColumnRef&)>;
Plan SimplifyFilter(Plan plan, const IsNullable& is_nullable);

template <typename Node>
Plan MakePlan(Node node) {
    Plan plan;
    plan.node = std::move(node);
    return plan;
}

}  // namespace elanus::expr
