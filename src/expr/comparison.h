// Comparisons and ranges of a filter: type checks, casts, and the plan node.
#pragma once

#include "base/status.h"
#include "expr/operand.h"
#include "expr/plan.h"

namespace elanus::expr {

// left op value, where `left` is no constant. `right` is the constant as errors name it.
base::Result<Plan> CompareWithConstant(const Operand& left, CompareOp op, const Value& value,
                                       const Operand& right);
// left op right, where neither is a constant.
base::Result<Plan> CompareFields(const Operand& left, CompareOp op, const Operand& right);
base::Result<Plan> MakeRange(const ColumnRef& column, const Value& low, const Value& high,
                             bool low_inclusive, bool high_inclusive);

}  // namespace elanus::expr
