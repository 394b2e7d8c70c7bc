// Comparisons and ranges of a filter: type checks, casts, and the plan node.
#pragma once

#include "base/status.h"
#include "expr/operand.h"
#include "expr/plan.h"

namespace elanus::expr {

// left op right, where `left` is no constant.
base::Result<Plan> CompareWithConstant(const Operand& left, CompareOp op, const Constant& right);
// left op right, where neither is a constant.
base::Result<Plan> CompareFields(const Operand& left, CompareOp op, const Operand& right);
struct RangeEnds {
    Constant low;
    Constant high;
    bool low_inclusive = false;
    bool high_inclusive = false;
};
base::Result<Plan> MakeRange(const ColumnRef& column, const RangeEnds& ends);

}  // namespace elanus::expr
