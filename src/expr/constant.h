// Constants of a filter: casting them to column types, and computing with them at parse time.
#pragma once

#include "base/status.h"
#include "expr/lexer.h"
#include "expr/plan.h"
#include "expr/value.h"

#include <compare>

namespace elanus::expr {

// The constant in the form that a column of this type compares with (INV-PLAN-1).
// "cannot cast value to <type>, value: <v>" otherwise.
base::Result<Value> CastValue(const Value& value, schema::DataType type);

// a op b with op one of + - * / % **. Integers wrap; int / int is an integer division.
base::Result<Value> FoldArithmetic(TokenKind op, const Value& a, const Value& b);
// a op b for two scalars; mismatched types are an error.
base::Result<bool> FoldCompare(CompareOp op, const Value& a, const Value& b);
base::Result<Value> Negate(const Value& value);

// Whether `a op b`, given a <=> b. What has no order is unequal, and nothing else.
bool Holds(CompareOp op, std::partial_ordering order);

}  // namespace elanus::expr
