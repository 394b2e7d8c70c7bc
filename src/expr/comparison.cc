#include "expr/comparison.h"

#include "expr/constant.h"
#include "expr/rewrite.h"

#include <string>
#include <utility>

namespace elanus::expr {

using base::InvalidParameter;
using base::Result;
using schema::DataType;

namespace {

bool IsEquality(CompareOp op) {
    return op == CompareOp::kEq || op == CompareOp::kNe;
}

Result<Plan> CompareArray(const ColumnRef& column, CompareOp op, const Value& value) {
    const Value::List* list = value.list_if();
    if (list == nullptr || !IsEquality(op)) {
        return InvalidParameter("can not comparisons array fields directly");
    }
    Value::List cast_list;
    for (const Value& element : *list) {
        ASSIGN_OR_RETURN(Value cast, CastValue(element, column.element_type));
        cast_list.push_back(std::move(cast));
    }
    return MakePlan(Compare{column, op, std::move(cast_list)});
}

Result<Plan> CompareColumn(const ColumnRef& column, CompareOp op, const Value& value,
                           const Operand& left, const Operand& right) {
    if (column.is_whole_array()) {
        return CompareArray(column, op, value);
    }
    const bool is_list = value.list_if() != nullptr;
    if ((column.value_type() == DataType::kBool || is_list) && !IsEquality(op)) {
        return NotComparable(left, right);
    }
    Result<Value> cast = CastValue(value, column.value_type());
    if (!cast.ok()) {
        const bool both_numbers = schema::IsNumeric(column.value_type()) && value.is_number();
        return both_numbers ? cast.status()
                            : Because(PlainReason(NotComparable(left, right)), cast.status());
    }
    return MakePlan(Compare{column, op, std::move(*cast)});
}

}  // namespace

namespace {

bool IsTimestamp(const ColumnRef& column) {
    return column.value_type() == DataType::kTimestamptz;
}

// column +- duration op value. A duration of fixed length moves to the constant's side.
Result<Plan> CompareShifted(const ShiftedTime& left, CompareOp op, int64_t value) {
    int64_t moved = 0;
    const int64_t length = left.duration.FixedMicros();
    const bool adds = left.direction == calendar::Direction::kAdd;
    if (left.duration.is_fixed() && length < INT64_MAX &&
        !(adds ? __builtin_sub_overflow(value, length, &moved)
               : __builtin_add_overflow(value, length, &moved))) {
        return MakePlan(Compare{left.column, op, Value(moved)});
    }
    return MakePlan(TimestampCompare{left.column, left.duration, left.direction, op, value});
}

Result<Plan> CompareWithTimestamp(const Operand& left, CompareOp op, const Constant& right) {
    const int64_t value = *right.value.int_if();
    if (const ShiftedTime* shifted = std::get_if<ShiftedTime>(&left)) {
        return CompareShifted(*shifted, op, value);
    }
    const ColumnRef* column = std::get_if<ColumnRef>(&left);
    if (column == nullptr || !IsTimestamp(*column)) {
        return NotComparable(left, right);
    }
    return MakePlan(Compare{*column, op, right.value});
}

// The bound as the column compares with it.
Result<Value> CastBound(const ColumnRef& column, const Constant& bound) {
    if (bound.is_timestamp) {
        return bound.value;
    }
    return CastValue(bound.value, column.value_type());
}

}  // namespace

Result<Plan> CompareWithConstant(const Operand& left, CompareOp op, const Constant& right) {
    if (right.is_timestamp) {
        return CompareWithTimestamp(left, op, right);
    }
    if (const Arithmetic* arithmetic = std::get_if<Arithmetic>(&left)) {
        if (!right.value.is_number()) {
            return NotComparable(left, right);
        }
        ASSIGN_OR_RETURN(Value cast, CastValue(right.value, arithmetic->column.value_type()));
        return MakePlan(ArithmeticCompare{arithmetic->column, arithmetic->op, arithmetic->operand,
                                          op, std::move(cast)});
    }
    if (const Length* length = std::get_if<Length>(&left)) {
        ASSIGN_OR_RETURN(const Value cast, CastValue(right.value, DataType::kInt64));
        return MakePlan(ArrayLength{length->column, op, *cast.int_if()});
    }
    if (const ColumnRef* column = std::get_if<ColumnRef>(&left)) {
        return CompareColumn(*column, op, right.value, left, right);
    }
    return NotComparable(left, right);
}

Result<Plan> CompareFields(const Operand& left, CompareOp op, const Operand& right) {
    const ColumnRef* a = std::get_if<ColumnRef>(&left);
    const ColumnRef* b = std::get_if<ColumnRef>(&right);
    if (std::holds_alternative<Arithmetic>(left) || std::holds_alternative<Arithmetic>(right)) {
        return InvalidParameter("complicated arithmetic operations are not supported");
    }
    if (a == nullptr || b == nullptr) {
        return NotComparable(left, right);
    }
    if (a->is_json() || b->is_json()) {
        return InvalidParameter("two column comparison with JSON type is not supported");
    }
    if (a->type == DataType::kArray || b->type == DataType::kArray) {
        return InvalidParameter("can not comparisons array fields directly");
    }
    const bool numeric = schema::IsNumeric(a->type) && schema::IsNumeric(b->type);
    const bool strings = schema::IsStringLike(a->type) && schema::IsStringLike(b->type);
    const bool bools = a->type == DataType::kBool && b->type == DataType::kBool && IsEquality(op);
    const bool times = IsTimestamp(*a) && IsTimestamp(*b);
    if (!numeric && !strings && !bools && !times) {
        return NotComparable(left, right);
    }
    return MakePlan(CompareColumns{*a, op, *b});
}

Result<Plan> MakeRange(const ColumnRef& column, const RangeEnds& ends) {
    const DataType type = column.value_type();
    const Value& low = ends.low.value;
    const Value& high = ends.high.value;
    const bool times = IsTimestamp(column) && ends.low.is_timestamp && ends.high.is_timestamp;
    const bool plain = !IsTimestamp(column) && !ends.low.is_timestamp && !ends.high.is_timestamp;
    const bool comparable = (low.is_number() && high.is_number()) ||
                            (low.string_if() != nullptr && high.string_if() != nullptr);
    if (type == DataType::kBool || !comparable || !(times || plain)) {
        return InvalidParameter("invalid range operations on " + TypeName(type) + " between " +
                                OperandTypeName(ends.low) + " and " + OperandTypeName(ends.high));
    }
    ASSIGN_OR_RETURN(Value low_cast, CastBound(column, ends.low));
    ASSIGN_OR_RETURN(Value high_cast, CastBound(column, ends.high));
    const bool closed = ends.low_inclusive && ends.high_inclusive;
    const CompareOp order = closed ? CompareOp::kLe : CompareOp::kLt;
    // In the order of the numbers as written: rounded to float, two of them may be one.
    ASSIGN_OR_RETURN(const bool ordered, times ? FoldCompare(order, low_cast, high_cast)
                                               : FoldCompare(order, low, high));
    if (!ordered) {
        return InvalidParameter("invalid range operations, lowerbound is greater than upperbound");
    }
    return MakePlan(Range{column, std::move(low_cast), std::move(high_cast), ends.low_inclusive,
                          ends.high_inclusive});
}

}  // namespace elanus::expr
