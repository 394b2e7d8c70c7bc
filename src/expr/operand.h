// Operand: what a subtree of a filter means before it is put to use, and how errors name it.
#pragma once

#include "base/status.h"
#include "calendar/duration.h"
#include "expr/lexer.h"
#include "expr/plan.h"

#include <string>
#include <string_view>
#include <variant>

namespace elanus::expr {

struct Constant {
    Value value;
    bool is_template = false;
    bool is_timestamp = false;  // of an ISO literal: int64 microseconds
};
struct Arithmetic {  // column op constant
    ColumnRef column;
    ArithmeticOp op = ArithmeticOp::kAdd;
    Value operand;
};
struct Length {  // array_length(column)
    ColumnRef column;
};
struct Interval {  // INTERVAL 'P1D'
    calendar::Duration duration;
};
struct ShiftedTime {  // column plus or minus an interval
    ColumnRef column;
    calendar::Duration duration;
    calendar::Direction direction = calendar::Direction::kAdd;
};
using Operand = std::variant<Constant, ColumnRef, Arithmetic, Length, Plan, Interval, ShiftedTime>;

std::string TypeName(schema::DataType type);
// The type of the value that the operand stands for.
std::string OperandTypeName(const Operand& operand);
base::Status NotComparable(const Operand& left, const Operand& right);
// "<context>: <the cause without the sentence of its code>".
base::Status Because(const std::string& context, const base::Status& cause);
// The reason without the sentence of its code, which an outer status adds again.
std::string PlainReason(const base::Status& status);

CompareOp CompareOpOf(TokenKind kind);
// The operator that says the same with its sides swapped.
CompareOp Mirror(CompareOp op);
std::string_view Spelling(TokenKind kind);

}  // namespace elanus::expr
