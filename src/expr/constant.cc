#include "expr/constant.h"

#include <cmath>
#include <limits>
#include <string>

namespace elanus::expr {

namespace {

using schema::DataType;

uint64_t Unsigned(int64_t value) {
    return static_cast<uint64_t>(value);
}

base::Result<Value> FoldIntegers(TokenKind op, int64_t a, int64_t b) {
    switch (op) {
        case TokenKind::kPlus:
            return Value(static_cast<int64_t>(Unsigned(a) + Unsigned(b)));
        case TokenKind::kMinus:
            return Value(static_cast<int64_t>(Unsigned(a) - Unsigned(b)));
        case TokenKind::kStar:
            return Value(static_cast<int64_t>(Unsigned(a) * Unsigned(b)));
        default:
            break;
    }
    if (b == 0) {
        return base::InvalidParameter("cannot divide or take a modulus by zero");
    }
    if (b == -1) {  // the smallest integer has no positive counterpart
        return Value(op == TokenKind::kSlash ? static_cast<int64_t>(-Unsigned(a)) : int64_t{0});
    }
    return Value(op == TokenKind::kSlash ? a / b : a % b);
}

base::Result<Value> FoldDoubles(TokenKind op, double a, double b) {
    double result = 0;
    switch (op) {
        case TokenKind::kPlus:
            result = a + b;
            break;
        case TokenKind::kMinus:
            result = a - b;
            break;
        case TokenKind::kStar:
            result = a * b;
            break;
        case TokenKind::kSlash:
            if (b == 0) {
                return base::InvalidParameter("cannot divide by zero");
            }
            result = a / b;
            break;
        default:
            return base::InvalidParameter("modulo can only apply on integer types");
    }
    if (std::isnan(result)) {
        return base::InvalidParameter("the result of an operation on constants is not a number");
    }
    return Value(result);
}

// Integral when both sides are and the result fits.
base::Result<Value> FoldPower(const Value& a, const Value& b) {
    const double power = std::pow(a.AsDouble(), b.AsDouble());
    if (std::isnan(power)) {
        return base::InvalidParameter("the power is not a number");
    }
    constexpr double kExactMax = 9007199254740992.0;  // 2^53
    if (a.int_if() != nullptr && b.int_if() != nullptr && *b.int_if() >= 0 &&
        std::fabs(power) <= kExactMax) {
        return Value(static_cast<int64_t>(power));
    }
    return Value(power);
}

// What a Float column would store; values beyond its range become infinite.
double RoundToFloat(double value) {
    constexpr double kMax = std::numeric_limits<float>::max();
    if (value > kMax || value < -kMax) {
        // Values that round down to the largest float are none that a column could hold.
        return value > 0 ? HUGE_VAL : -HUGE_VAL;
    }
    return static_cast<float>(value);
}

base::Status CannotCast(const Value& value, DataType type) {
    return base::InvalidParameter("cannot cast value to " +
                                  std::string(schema::DataTypeName(type)) +
                                  ", value: " + ValueText(value));
}

}  // namespace

base::Result<Value> CastValue(const Value& value, DataType type) {
    if (type == DataType::kJson) {
        return value;
    }
    if (type == DataType::kBool && value.bool_if() != nullptr) {
        return value;
    }
    if (schema::IsInteger(type) && value.int_if() != nullptr) {
        return value;
    }
    if (type == DataType::kFloat && value.is_number()) {
        return Value(RoundToFloat(value.AsDouble()));
    }
    if (type == DataType::kDouble && value.is_number()) {
        return Value(value.AsDouble());
    }
    if (schema::IsStringLike(type) && value.string_if() != nullptr) {
        return value;
    }
    return CannotCast(value, type);
}

base::Result<Value> FoldArithmetic(TokenKind op, const Value& a, const Value& b) {
    if (!a.is_number() || !b.is_number()) {
        return base::InvalidParameter(
            "arithmetic operators can only be used between integer or floating constants");
    }
    if (op == TokenKind::kPower) {
        return FoldPower(a, b);
    }
    if (a.int_if() != nullptr && b.int_if() != nullptr) {
        return FoldIntegers(op, *a.int_if(), *b.int_if());
    }
    return FoldDoubles(op, a.AsDouble(), b.AsDouble());
}

bool Holds(CompareOp op, std::partial_ordering order) {
    switch (op) {
        case CompareOp::kEq:
            return order == 0;
        case CompareOp::kNe:
            return order != 0;
        case CompareOp::kLt:
            return order < 0;
        case CompareOp::kLe:
            return order <= 0;
        case CompareOp::kGt:
            return order > 0;
        case CompareOp::kGe:
            return order >= 0;
    }
    return false;
}

base::Result<bool> FoldCompare(CompareOp op, const Value& a, const Value& b) {
    const bool is_equality = op == CompareOp::kEq || op == CompareOp::kNe;
    if (a.int_if() != nullptr && b.int_if() != nullptr) {
        return Holds(op, *a.int_if() <=> *b.int_if());
    }
    if (a.is_number() && b.is_number()) {
        return Holds(op, a.AsDouble() <=> b.AsDouble());
    }
    if (a.string_if() != nullptr && b.string_if() != nullptr) {
        return Holds(op, *a.string_if() <=> *b.string_if());
    }
    if (a.bool_if() != nullptr && b.bool_if() != nullptr && is_equality) {
        return (a == b) == (op == CompareOp::kEq);
    }
    return base::InvalidParameter("comparisons between " + std::string(ValueTypeName(a)) + " and " +
                                  std::string(ValueTypeName(b)) + " constants are not supported");
}

base::Result<Value> Negate(const Value& value) {
    if (const int64_t* integer = value.int_if()) {
        return Value(static_cast<int64_t>(-Unsigned(*integer)));
    }
    if (const double* number = value.double_if()) {
        return Value(-*number);
    }
    return base::InvalidParameter("unary '-' can only be applied on integer or floating constants");
}

}  // namespace elanus::expr
