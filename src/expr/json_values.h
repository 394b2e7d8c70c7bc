// Values stored in JSON documents against the constants of a filter, by the rules of API map 4.8:
// values of another type and missing ones make a predicate false, and != true. Internal to the
// evaluator; shared by the scans of documents and of shredded paths, which must agree.
// Threads: pure; a JsonList is immutable once made.
#pragma once

#include "base/status.h"
#include "expr/plan.h"
#include "expr/predicate.h"
#include "expr/text_number.h"
#include "json/json.h"

#include <compare>
#include <memory>
#include <optional>
#include <vector>

namespace elanus::expr::internal {

// How a stored value stands to a constant: unordered when their types differ, for NaN, and for
// lists that differ.
std::partial_ordering OrderOf(const json::Scalar& stored, const Value& constant);
bool Equals(const json::Scalar& stored, const Value& constant);
bool Compares(const json::Scalar& stored, CompareOp op, const Value& constant);
bool InRange(const json::Scalar& stored, const Range& leaf);

// Whether the operand can be computed with at all.
base::Status CheckOperand(const ArithmeticCompare& leaf);
// (stored arithmetic operand) op value.
bool ComputedCompares(const json::Scalar& stored, const ArithmeticCompare& leaf);

// Whether the leaf is true of values that it does not find.
template <typename Leaf>
bool HoldsOfMissing(const Leaf& leaf) {
    if constexpr (requires { leaf.op; }) {
        return leaf.op == CompareOp::kNe;
    } else {
        return false;
    }
}

// Whether holds(value) is true of the stored value. Where the column's texts count as numbers, a
// text is two values: constants that are texts see the text, numbers see the number.
template <typename Leaf, typename Holds>
bool HoldsOf(const Leaf& leaf, const json::Scalar& stored, const Holds& holds) {
    const bool as_stored = holds(stored);
    // One of the two is of another type than the constant, and says what a missing value would.
    if (!leaf.column.text_numbers || stored.kind != json::Scalar::Kind::kString ||
        as_stored != HoldsOfMissing(leaf)) {
        return as_stored;
    }
    const std::optional<double> number = TextNumber(stored.text);
    if (!number.has_value()) {
        return as_stored;
    }
    json::Scalar as_number;
    as_number.kind = json::Scalar::Kind::kDouble;
    as_number.number = *number;
    return holds(as_number);
}

// The constants of an in-list as a set of stored values.
class JsonSet {
  public:
    explicit JsonSet(const ValueSet& values);
    bool Contains(const json::Scalar& stored) const;

  private:
    const ValueSet& values_;
    FlatSet<int64_t> ints_;
    FlatSet<double> doubles_;
    FlatSet<std::string_view> strings_;
    std::vector<double> ints_as_doubles_;  // ascending, as ints are
};

// An in-list in the forms that scans need it: for stored values of any kind, and as the lists that
// columns of one kind are asked with.
struct JsonList {
    explicit JsonList(const ValueSet& values);

    JsonSet set;
    In bools;
    In ints;     // of stored integers whose size is at most 2^53
    In doubles;  // of stored numbers that are doubles, or integers smaller than 2^53
    In strings;
};
// Made once a leaf; it points into the leaf.
base::Result<std::shared_ptr<JsonList>> PreparedList(const In& leaf);

// Doubles hold every integer up to this size exactly.
inline constexpr int64_t kExactMax = int64_t{1} << 53;

}  // namespace elanus::expr::internal
