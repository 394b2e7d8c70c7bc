#include "expr/json_values.h"

#include "expr/constant.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace elanus::expr::internal {

namespace {

using json::Scalar;
using Kind = json::Scalar::Kind;

// The depth of the recursion is that of the constant, which the plan bounds.
bool EqualsList(const Scalar& stored, const Value::List& list) {
    json::ArrayCursor cursor(stored.text);
    Scalar element;
    size_t i = 0;
    while (cursor.Next(&element)) {
        if (i == list.size() || !Equals(element, list[i])) {
            return false;
        }
        ++i;
    }
    return i == list.size();
}

// (stored arithmetic operand) as a constant's counterpart; absent when the stored value is no
// number.
std::optional<Scalar> Computed(const Scalar& stored, ArithmeticOp op, const Value& operand) {
    if (!stored.is_number()) {
        return std::nullopt;
    }
    Scalar result;
    const int64_t* integer = operand.int_if();
    if (stored.kind == Kind::kInt64 && integer != nullptr) {
        result.kind = Kind::kInt64;
        result.int64 = Calculate(op, stored.int64, *integer);
        return result;
    }
    result.kind = Kind::kDouble;
    result.number = op == ArithmeticOp::kModulo
                        ? std::fmod(stored.AsDouble(), operand.AsDouble())
                        : Calculate(op, stored.AsDouble(), operand.AsDouble());
    return result;
}

// The doubles of the list that an integer of at most 2^53 can equal, as integers.
void AddWholeDoubles(const std::vector<double>& doubles, std::vector<int64_t>* ints) {
    constexpr double kMax = static_cast<double>(kExactMax);
    for (const double number : doubles) {
        if (number >= -kMax && number <= kMax && std::trunc(number) == number) {
            ints->push_back(static_cast<int64_t>(number));
        }
    }
}

}  // namespace

std::partial_ordering OrderOf(const Scalar& stored, const Value& constant) {
    if (const int64_t* integer = constant.int_if(); integer != nullptr && stored.is_number()) {
        return stored.kind == Kind::kInt64 ? std::partial_ordering(stored.int64 <=> *integer)
                                           : stored.AsDouble() <=> static_cast<double>(*integer);
    }
    if (const double* number = constant.double_if(); number != nullptr && stored.is_number()) {
        return stored.AsDouble() <=> *number;
    }
    if (const std::string* text = constant.string_if();
        text != nullptr && stored.kind == Kind::kString) {
        return stored.text <=> std::string_view(*text);
    }
    if (const bool* boolean = constant.bool_if();
        boolean != nullptr && stored.kind == Kind::kBool) {
        return stored.boolean <=> *boolean;
    }
    const Value::List* list = constant.list_if();
    return list != nullptr && stored.kind == Kind::kArray && EqualsList(stored, *list)
               ? std::partial_ordering::equivalent
               : std::partial_ordering::unordered;
}

bool Equals(const Scalar& stored, const Value& constant) {
    return OrderOf(stored, constant) == 0;
}

bool Compares(const Scalar& stored, CompareOp op, const Value& constant) {
    return Holds(op, OrderOf(stored, constant));
}

bool InRange(const Scalar& stored, const Range& leaf) {
    const CompareOp above = leaf.low_inclusive ? CompareOp::kGe : CompareOp::kGt;
    const CompareOp below = leaf.high_inclusive ? CompareOp::kLe : CompareOp::kLt;
    return Compares(stored, above, leaf.low) && Compares(stored, below, leaf.high);
}

base::Status CheckOperand(const ArithmeticCompare& leaf) {
    const bool divides =
        leaf.arithmetic == ArithmeticOp::kDivide || leaf.arithmetic == ArithmeticOp::kModulo;
    if (!IsKnownOp(leaf.arithmetic) || !leaf.operand.is_number() ||
        (divides && leaf.operand.AsDouble() == 0)) {
        return PlanMismatch();
    }
    return base::Status();
}

bool ComputedCompares(const Scalar& stored, const ArithmeticCompare& leaf) {
    const std::optional<Scalar> result = Computed(stored, leaf.arithmetic, leaf.operand);
    return result.has_value() ? Compares(*result, leaf.op, leaf.value) : leaf.op == CompareOp::kNe;
}

JsonSet::JsonSet(const ValueSet& values)
    : values_(values),
      ints_(values.ints),
      doubles_(values.doubles),
      strings_(SetAs<std::string_view>(values)) {
    for (const int64_t integer : values.ints) {
        ints_as_doubles_.push_back(static_cast<double>(integer));
    }
}

bool JsonSet::Contains(const Scalar& stored) const {
    switch (stored.kind) {
        case Kind::kBool:
            return stored.boolean ? values_.has_true : values_.has_false;
        case Kind::kInt64:
            return ints_.Contains(stored.int64) || doubles_.Contains(stored.AsDouble());
        case Kind::kUint64:
        case Kind::kDouble:
            return doubles_.Contains(stored.AsDouble()) ||
                   std::binary_search(ints_as_doubles_.begin(), ints_as_doubles_.end(),
                                      stored.AsDouble());
        case Kind::kString:
            return strings_.Contains(stored.text);
        default:
            return false;
    }
}

JsonList::JsonList(const ValueSet& values) : set(values) {
    bools.values.has_true = values.has_true;
    bools.values.has_false = values.has_false;
    ints.values.ints = values.ints;
    AddWholeDoubles(values.doubles, &ints.values.ints);
    ints.values.SortUnique();
    doubles.values.doubles = values.doubles;
    for (const int64_t integer : values.ints) {
        doubles.values.doubles.push_back(static_cast<double>(integer));
    }
    doubles.values.SortUnique();
    strings.values.strings = values.strings;
}

base::Result<std::shared_ptr<JsonList>> PreparedList(const In& leaf) {
    return leaf.prepared.Get<JsonList>([&] {
        return base::Result<std::shared_ptr<JsonList>>(std::make_shared<JsonList>(leaf.values));
    });
}

}  // namespace elanus::expr::internal
