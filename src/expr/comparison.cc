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

Result<Plan> CompareWithConstant(const Operand& left, CompareOp op, const Value& value,
                                 const Operand& right) {
    if (const Arithmetic* arithmetic = std::get_if<Arithmetic>(&left)) {
        if (!value.is_number()) {
            return NotComparable(left, right);
        }
        ASSIGN_OR_RETURN(Value cast, CastValue(value, arithmetic->column.value_type()));
        return MakePlan(ArithmeticCompare{arithmetic->column, arithmetic->op, arithmetic->operand,
                                          op, std::move(cast)});
    }
    if (const Length* length = std::get_if<Length>(&left)) {
        ASSIGN_OR_RETURN(const Value cast, CastValue(value, DataType::kInt64));
        return MakePlan(ArrayLength{length->column, op, *cast.int_if()});
    }
    if (const ColumnRef* column = std::get_if<ColumnRef>(&left)) {
        return CompareColumn(*column, op, value, left, right);
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
    if (!numeric && !strings && !bools) {
        return NotComparable(left, right);
    }
    return MakePlan(CompareColumns{*a, op, *b});
}

Result<Plan> MakeRange(const ColumnRef& column, const Value& low, const Value& high,
                       bool low_inclusive, bool high_inclusive) {
    const DataType type = column.value_type();
    const bool comparable = (low.is_number() && high.is_number()) ||
                            (low.string_if() != nullptr && high.string_if() != nullptr);
    if (type == DataType::kBool || !comparable) {
        return InvalidParameter("invalid range operations on " + TypeName(type) + " between " +
                                std::string(ValueTypeName(low)) + " and " +
                                std::string(ValueTypeName(high)));
    }
    ASSIGN_OR_RETURN(Value low_cast, CastValue(low, type));
    ASSIGN_OR_RETURN(Value high_cast, CastValue(high, type));
    const CompareOp order = low_inclusive && high_inclusive ? CompareOp::kLe : CompareOp::kLt;
    ASSIGN_OR_RETURN(const bool ordered, FoldCompare(order, low_cast, high_cast));
    if (!ordered) {
        return InvalidParameter("invalid range operations, lowerbound is greater than upperbound");
    }
    return MakePlan(
        Range{column, std::move(low_cast), std::move(high_cast), low_inclusive, high_inclusive});
}

}  // namespace elanus::expr
