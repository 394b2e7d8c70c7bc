#include "expr/operand.h"

namespace elanus::expr {

using base::Status;

std::string TypeName(schema::DataType type) {
    return std::string(schema::DataTypeName(type));
}

namespace {

struct OperandTypes {
    std::string type;
    std::string element_type = "None";
};

OperandTypes TypesOf(const Operand& operand) {
    if (const Constant* constant = std::get_if<Constant>(&operand)) {
        return {constant->is_timestamp ? "Timestamptz"
                                       : std::string(ValueTypeName(constant->value))};
    }
    if (const ColumnRef* column = std::get_if<ColumnRef>(&operand)) {
        return {TypeName(column->value_type()),
                column->is_whole_array() ? TypeName(column->element_type) : "None"};
    }
    if (const Arithmetic* arithmetic = std::get_if<Arithmetic>(&operand)) {
        return {TypeName(arithmetic->column.value_type())};
    }
    if (std::holds_alternative<Interval>(operand)) {
        return {"Interval"};
    }
    if (std::holds_alternative<ShiftedTime>(operand)) {
        return {"Timestamptz"};
    }
    return {std::holds_alternative<Length>(operand) ? "Int64" : "Bool"};
}

}  // namespace

std::string OperandTypeName(const Operand& operand) {
    return TypesOf(operand).type;
}

Status NotComparable(const Operand& left, const Operand& right) {
    const OperandTypes a = TypesOf(left);
    const OperandTypes b = TypesOf(right);
    return base::InvalidParameter("comparisons between " + a.type +
                                  ", element_type: " + a.element_type + " and " + b.type +
                                  " elementType: " + b.element_type + " are not supported");
}

Status Because(const std::string& context, const Status& cause) {
    return base::InvalidParameter(context + ": " + PlainReason(cause));
}

std::string PlainReason(const Status& status) {
    std::string reason = status.reason();
    const std::string tail = ": " + std::string(base::Sentinel(status.code()));
    if (reason.ends_with(tail)) {
        reason.resize(reason.size() - tail.size());
    }
    return reason;
}

CompareOp CompareOpOf(TokenKind kind) {
    switch (kind) {
        case TokenKind::kNe:
            return CompareOp::kNe;
        case TokenKind::kLt:
            return CompareOp::kLt;
        case TokenKind::kLe:
            return CompareOp::kLe;
        case TokenKind::kGt:
            return CompareOp::kGt;
        case TokenKind::kGe:
            return CompareOp::kGe;
        default:
            return CompareOp::kEq;
    }
}

CompareOp Mirror(CompareOp op) {
    switch (op) {
        case CompareOp::kLt:
            return CompareOp::kGt;
        case CompareOp::kLe:
            return CompareOp::kGe;
        case CompareOp::kGt:
            return CompareOp::kLt;
        case CompareOp::kGe:
            return CompareOp::kLe;
        default:
            return op;
    }
}

std::string_view Spelling(TokenKind kind) {
    switch (kind) {
        case TokenKind::kPlus:
            return "+";
        case TokenKind::kMinus:
            return "-";
        case TokenKind::kStar:
            return "*";
        case TokenKind::kSlash:
            return "/";
        case TokenKind::kPercent:
            return "%";
        case TokenKind::kPower:
            return "**";
        case TokenKind::kEq:
            return "==";
        case TokenKind::kNe:
            return "!=";
        case TokenKind::kLt:
            return "<";
        case TokenKind::kLe:
            return "<=";
        case TokenKind::kGt:
            return ">";
        case TokenKind::kGe:
            return ">=";
        default:
            return "?";
    }
}

}  // namespace elanus::expr
