// Predicates on one value: the leaves of a plan, ready to be called in a loop. Internal to the
// evaluator.
//
// W is the type values are compared in: int64_t for all integers and Bool, float, double, or
// std::string_view. Float columns compare as float, so that f == 0.1 finds what was stored as 0.1.
#pragma once

#include "base/hash.h"
#include "base/status.h"
#include "expr/like_pattern.h"
#include "expr/plan.h"
#include "expr/scan.h"
#include "regex/regex.h"

#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

namespace elanus::expr::internal {

template <typename T>
using WideOf = std::conditional_t<std::is_floating_point_v<T>, T, int64_t>;

inline float NarrowToFloat(double value) {
    constexpr double kMax = std::numeric_limits<float>::max();
    if (value > kMax) {
        return std::numeric_limits<float>::infinity();
    }
    return value < -kMax ? -std::numeric_limits<float>::infinity() : static_cast<float>(value);
}

// The constant as W; absent when the plan gives another type.
template <typename W>
std::optional<W> ConstantAs(const Value& value) {
    if constexpr (std::is_same_v<W, std::string_view>) {
        const std::string* text = value.string_if();
        return text == nullptr ? std::nullopt : std::optional<W>(*text);
    } else if constexpr (std::is_same_v<W, int64_t>) {
        if (const bool* boolean = value.bool_if()) {
            return *boolean ? 1 : 0;
        }
        const int64_t* integer = value.int_if();
        return integer == nullptr ? std::nullopt : std::optional<W>(*integer);
    } else {
        const double* number = value.double_if();
        if (number == nullptr) {
            return std::nullopt;
        }
        if constexpr (std::is_same_v<W, float>) {
            return NarrowToFloat(*number);
        } else {
            return *number;
        }
    }
}

template <typename W>
bool Ordered(CompareOp op, const W& a, const W& b) {
    switch (op) {
        case CompareOp::kEq:
            return a == b;
        case CompareOp::kNe:
            return a != b;
        case CompareOp::kLt:
            return a < b;
        case CompareOp::kLe:
            return a <= b;
        case CompareOp::kGt:
            return a > b;
        case CompareOp::kGe:
            return a >= b;
    }
    return false;
}

// A set of values for `in`: a scan of a few, an open-addressing table of many.
template <typename W>
class FlatSet {
  public:
    explicit FlatSet(const std::vector<W>& values) {
        if (values.size() <= kLinearMax) {
            slots_ = values;
            return;
        }
        mask_ = std::bit_ceil(values.size() * 2) - 1;
        slots_.resize(mask_ + 1);
        used_.resize(mask_ + 1);
        for (const W& value : values) {
            size_t slot = Hash(value) & mask_;
            while (used_[slot] && slots_[slot] != value) {
                slot = (slot + 1) & mask_;
            }
            used_[slot] = true;
            slots_[slot] = value;
        }
    }

    bool Contains(const W& value) const {
        if (mask_ == 0) {
            for (const W& slot : slots_) {
                if (slot == value) {
                    return true;
                }
            }
            return false;
        }
        for (size_t slot = Hash(value) & mask_; used_[slot]; slot = (slot + 1) & mask_) {
            if (slots_[slot] == value) {
                return true;
            }
        }
        return false;
    }

  private:
    static constexpr size_t kLinearMax = 4;

    static uint64_t Hash(const W& value) {
        if constexpr (std::is_floating_point_v<W>) {
            // Adding zero makes -0 and 0, which are equal, the same bits.
            return base::Hash64(std::bit_cast<uint64_t>(static_cast<double>(value) + 0.0));
        } else if constexpr (std::is_same_v<W, std::string_view>) {
            return base::Hash64(value);
        } else {
            return base::Hash64(static_cast<uint64_t>(value));
        }
    }

    std::vector<W> slots_;
    std::vector<uint8_t> used_;
    size_t mask_ = 0;  // 0 = linear
};

// The values of a set as W.
template <typename W>
std::vector<W> SetAs(const ValueSet& set) {
    std::vector<W> values;
    if constexpr (std::is_same_v<W, std::string_view>) {
        values.assign(set.strings.begin(), set.strings.end());
    } else if constexpr (std::is_same_v<W, int64_t>) {
        values = set.ints;
        if (set.has_false) {
            values.push_back(0);
        }
        if (set.has_true) {
            values.push_back(1);
        }
    } else if constexpr (std::is_same_v<W, float>) {
        for (const double value : set.doubles) {
            values.push_back(NarrowToFloat(value));
        }
    } else {
        values = set.doubles;
    }
    return values;
}

// Calls body(holds) with a callable bool(const W&) made from the leaf.
template <typename W, typename Body>
base::Status WithPredicate(const Compare& leaf, Body body) {
    const std::optional<W> constant = ConstantAs<W>(leaf.value);
    if (!constant.has_value()) {
        return PlanMismatch();
    }
    return body([op = leaf.op, c = *constant](const W& value) { return Ordered(op, value, c); });
}

template <typename W, typename Body>
base::Status WithPredicate(const Range& leaf, Body body) {
    const std::optional<W> low = ConstantAs<W>(leaf.low);
    const std::optional<W> high = ConstantAs<W>(leaf.high);
    if (!low.has_value() || !high.has_value()) {
        return PlanMismatch();
    }
    const CompareOp above = leaf.low_inclusive ? CompareOp::kGe : CompareOp::kGt;
    const CompareOp below = leaf.high_inclusive ? CompareOp::kLe : CompareOp::kLt;
    return body([=, lo = *low, hi = *high](const W& value) {
        return Ordered(above, value, lo) && Ordered(below, value, hi);
    });
}

// The set of an in-list; it points into the leaf.
template <typename W>
base::Result<std::shared_ptr<FlatSet<W>>> PreparedSet(const In& leaf) {
    return leaf.prepared.Get<FlatSet<W>>([&] {
        return base::Result<std::shared_ptr<FlatSet<W>>>(
            std::make_shared<FlatSet<W>>(SetAs<W>(leaf.values)));
    });
}

template <typename W, typename Body>
base::Status WithPredicate(const In& leaf, Body body) {
    ASSIGN_OR_RETURN(const auto set, PreparedSet<W>(leaf));
    return body([&set = *set](const W& value) { return set.Contains(value); });
}

template <typename W, typename Body>
base::Status WithPredicate(const Like& leaf, Body body) {
    if constexpr (!std::is_same_v<W, std::string_view>) {
        return PlanMismatch();
    } else {
        const std::string_view text = leaf.text;
        switch (leaf.kind) {
            case LikeKind::kEqual:
                return body([text](std::string_view value) { return value == text; });
            case LikeKind::kPrefix:
                return body([text](std::string_view value) { return value.starts_with(text); });
            case LikeKind::kSuffix:
                return body([text](std::string_view value) { return value.ends_with(text); });
            case LikeKind::kInfix:
                return body([text](std::string_view value) {
                    return value.find(text) != std::string_view::npos;
                });
            case LikeKind::kGeneral:
                return body([matcher = LikeMatcher(text)](std::string_view value) {
                    return matcher.Matches(value);
                });
        }
        return PlanMismatch();
    }
}

template <typename W, typename Body>
base::Status WithPredicate(const Regex& leaf, Body body) {
    if constexpr (!std::is_same_v<W, std::string_view>) {
        return PlanMismatch();
    } else {
        ASSIGN_OR_RETURN(
            const auto compiled,
            leaf.prepared.Get<regex::Regex>([&]() -> base::Result<std::shared_ptr<regex::Regex>> {
                ASSIGN_OR_RETURN(regex::Regex regex, regex::Regex::Compile(leaf.pattern));
                return std::make_shared<regex::Regex>(std::move(regex));
            }));
        return body(
            [&regex = *compiled](std::string_view value) { return regex.PartialMatch(value); });
    }
}

// a op b; integers wrap. The operand of / and % is not zero.
template <typename W>
W Calculate(ArithmeticOp op, W a, W b) {
    if constexpr (std::is_integral_v<W>) {
        const auto ua = static_cast<uint64_t>(a);
        const auto ub = static_cast<uint64_t>(b);
        switch (op) {
            case ArithmeticOp::kAdd:
                return static_cast<W>(ua + ub);
            case ArithmeticOp::kSubtract:
                return static_cast<W>(ua - ub);
            case ArithmeticOp::kMultiply:
                return static_cast<W>(ua * ub);
            case ArithmeticOp::kDivide:
                return b == -1 ? static_cast<W>(-ua) : a / b;
            case ArithmeticOp::kModulo:
                return b == -1 ? 0 : a % b;
        }
    } else {
        switch (op) {
            case ArithmeticOp::kAdd:
                return a + b;
            case ArithmeticOp::kSubtract:
                return a - b;
            case ArithmeticOp::kMultiply:
                return a * b;
            default:
                return a / b;
        }
    }
    return 0;
}

// A decoded plan may hold any number here.
inline bool IsKnownOp(ArithmeticOp op) {
    return op <= ArithmeticOp::kModulo;
}

// Whether a plan's operand can be computed with at all.
template <typename W>
bool IsSoundOperand(ArithmeticOp op, W operand) {
    if (!IsKnownOp(op) || (op == ArithmeticOp::kModulo && !std::is_integral_v<W>)) {
        return false;
    }
    return operand != 0 || (op != ArithmeticOp::kDivide && op != ArithmeticOp::kModulo);
}

template <typename W, typename Body>
base::Status WithPredicate(const ArithmeticCompare& leaf, Body body) {
    if constexpr (std::is_same_v<W, std::string_view>) {
        return PlanMismatch();
    } else {
        const std::optional<W> operand = ConstantAs<W>(leaf.operand);
        const std::optional<W> constant = ConstantAs<W>(leaf.value);
        if (!operand.has_value() || !constant.has_value() ||
            !IsSoundOperand(leaf.arithmetic, *operand)) {
            return PlanMismatch();
        }
        return body([&leaf, b = *operand, c = *constant](W value) {
            return Ordered(leaf.op, Calculate(leaf.arithmetic, value, b), c);
        });
    }
}

// Calls body(T{}) with the C++ type a fixed-width column stores.
template <typename Body>
base::Status WithFixedType(schema::DataType type, Body body) {
    switch (type) {
        case schema::DataType::kBool:
        case schema::DataType::kInt8:
            return body(int8_t{});
        case schema::DataType::kInt16:
            return body(int16_t{});
        case schema::DataType::kInt32:
            return body(int32_t{});
        case schema::DataType::kInt64:
        case schema::DataType::kTimestamptz:
            return body(int64_t{});
        case schema::DataType::kFloat:
            return body(float{});
        case schema::DataType::kDouble:
            return body(double{});
        default:
            return PlanMismatch();
    }
}

}  // namespace elanus::expr::internal
