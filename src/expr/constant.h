// Constants of a filter: casting them to column types, and computing with them at parse time.
#pragma once

#include "base/status.h"
#include "expr/lexer.h"
#include "expr/plan.h"
#include "expr/value.h"

namespace elanus::expr {

// The constant in the form that a column of this type compares with (INV-PLAN-1).
// "cannot cast value to <type>, value: <v>" otherwise.
base::Result<Value> CastValue(const Value& value, schema::DataType type);

// a op b with op one of + - * / % **. Integers wrap; int / int is an integer division.
base::Result<Value> FoldArithmetic(TokenKind op, const Value& a, const Value& b);
// a op b for two scalars; mismatched types are an error.
base::Result<bool> FoldCompare(CompareOp op, const Value& a, const Value& b);
base::Result<Value> Negate(const Value& value);

bool Holds(CompareOp op, int order);  // order: negative, zero or positive as of a <=> b

}  // namespace elanus::expr
