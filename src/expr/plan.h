// Plan: a filter after parsing, with names resolved to field ids and constants cast to the types of
// the columns. Plain structs, so that it travels between roles through base::Archive.
//
// Invariants (of plans that ParseFilter made; the evaluator refuses others with an error):
//   INV-PLAN-1  A constant has the type that its column compares with: bool for Bool, int64 for
//               integers, double for Float and Double, string for VarChar, anything for JSON.
//   INV-PLAN-2  And and Or have at least two terms, Not has exactly one.
//   INV-PLAN-3  The lists of a ValueSet are sorted and free of repetitions.
//   INV-PLAN-4  Nesting is bounded (kPlanDepthMax), so recursion over a plan is too.
// Threads: a value; share it as shared_ptr<const Plan>.
#pragma once

#include "base/ids.h"
#include "expr/value.h"
#include "schema/data_type.h"
#include "schema/primary_key.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace elanus::expr {

// A decoder allows 256 nested structs, a level of a plan takes two, and a request adds its own.
inline constexpr int kPlanDepthMax = 100;

// What a predicate looks at: a column, one element of an array column, or a place in JSON.
struct ColumnRef {
    base::FieldId field_id = 0;
    schema::DataType type = schema::DataType::kNone;
    schema::DataType element_type = schema::DataType::kNone;  // arrays only
    std::vector<std::string> json_path;                       // JSON only; empty = whole document
    int64_t array_index = -1;                                 // >= 0: that element of the array

    bool is_json() const { return type == schema::DataType::kJson; }
    bool is_element() const { return array_index >= 0; }
    bool is_whole_array() const { return type == schema::DataType::kArray && !is_element(); }
    // The type of the value that the predicate sees.
    schema::DataType value_type() const { return is_element() ? element_type : type; }
    bool operator==(const ColumnRef&) const = default;

    template <typename A>
    void Visit(A& a) {
        a(field_id, type, element_type, json_path, array_index);
    }
};

enum class CompareOp : uint8_t { kEq, kNe, kLt, kLe, kGt, kGe };
enum class ArithmeticOp : uint8_t { kAdd, kSubtract, kMultiply, kDivide, kModulo };
// kGeneral: the text is a pattern with %, _ and \ as escape; else it is plain text.
enum class LikeKind : uint8_t { kEqual, kPrefix, kSuffix, kInfix, kGeneral };

struct AlwaysTrue {
    template <typename A>
    void Visit(A& a) {
        a();
    }
    bool operator==(const AlwaysTrue&) const = default;
};

struct AlwaysFalse {
    template <typename A>
    void Visit(A& a) {
        a();
    }
    bool operator==(const AlwaysFalse&) const = default;
};

// column op value. Whole arrays and JSON also take a list with kEq and kNe.
struct Compare {
    ColumnRef column;
    CompareOp op = CompareOp::kEq;
    Value value;
    template <typename A>
    void Visit(A& a) {
        a(column, op, value);
    }
    bool operator==(const Compare&) const = default;
};

// Two scalar columns, both numeric, both strings or both Bool.
struct CompareColumns {
    ColumnRef left;
    CompareOp op = CompareOp::kEq;
    ColumnRef right;
    template <typename A>
    void Visit(A& a) {
        a(left, op, right);
    }
    bool operator==(const CompareColumns&) const = default;
};

struct Range {
    ColumnRef column;
    Value low;
    Value high;
    bool low_inclusive = false;
    bool high_inclusive = false;
    template <typename A>
    void Visit(A& a) {
        a(column, low, high, low_inclusive, high_inclusive);
    }
    bool operator==(const Range&) const = default;
};

struct ValueSet {
    bool has_true = false;
    bool has_false = false;
    std::vector<int64_t> ints;
    std::vector<double> doubles;
    std::vector<std::string> strings;

    void Add(const Value& value);  // a scalar
    void AddAll(const ValueSet& other);
    void SortUnique();
    bool empty() const;
    template <typename A>
    void Visit(A& a) {
        a(has_true, has_false, ints, doubles, strings);
    }
    bool operator==(const ValueSet&) const = default;
};

struct In {
    ColumnRef column;
    ValueSet values;
    template <typename A>
    void Visit(A& a) {
        a(column, values);
    }
    bool operator==(const In&) const = default;
};

struct Like {
    ColumnRef column;
    LikeKind kind = LikeKind::kEqual;
    std::string text;
    template <typename A>
    void Visit(A& a) {
        a(column, kind, text);
    }
    bool operator==(const Like&) const = default;
};

// True when the RE2 pattern matches a part of the value.
struct Regex {
    ColumnRef column;
    std::string pattern;
    template <typename A>
    void Visit(A& a) {
        a(column, pattern);
    }
    bool operator==(const Regex&) const = default;
};

// (column arithmetic operand) op value.
struct ArithmeticCompare {
    ColumnRef column;
    ArithmeticOp arithmetic = ArithmeticOp::kAdd;
    Value operand;
    CompareOp op = CompareOp::kEq;
    Value value;
    template <typename A>
    void Visit(A& a) {
        a(column, arithmetic, operand, op, value);
    }
    bool operator==(const ArithmeticCompare&) const = default;
};

// Never unknown. With a JSON path: the document is null, the key is missing, or its value is null.
struct IsNull {
    ColumnRef column;
    template <typename A>
    void Visit(A& a) {
        a(column);
    }
    bool operator==(const IsNull&) const = default;
};

// The JSON path leads to a value that is not null.
struct Exists {
    ColumnRef column;
    template <typename A>
    void Visit(A& a) {
        a(column);
    }
    bool operator==(const Exists&) const = default;
};

// The array (column or JSON) contains all or any of the values.
struct Contains {
    ColumnRef column;
    bool all = false;
    std::vector<Value> values;
    template <typename A>
    void Visit(A& a) {
        a(column, all, values);
    }
    bool operator==(const Contains&) const = default;
};

// length(array) op value. JSON that is no array counts as length 0.
struct ArrayLength {
    ColumnRef column;
    CompareOp op = CompareOp::kEq;
    int64_t value = 0;
    template <typename A>
    void Visit(A& a) {
        a(column, op, value);
    }
    bool operator==(const ArrayLength&) const = default;
};

struct Plan;

struct And {
    std::vector<Plan> terms;
    template <typename A>
    void Visit(A& a) {
        a(terms);
    }
    bool operator==(const And&) const;
};

struct Or {
    std::vector<Plan> terms;
    template <typename A>
    void Visit(A& a) {
        a(terms);
    }
    bool operator==(const Or&) const;
};

struct Not {
    std::vector<Plan> terms;  // exactly one; a vector because Plan is not complete here
    template <typename A>
    void Visit(A& a) {
        a(terms);
    }
    bool operator==(const Not&) const;
};

struct Plan {
    // New kinds are added at the end: the position is the number on the wire.
    using Node =
        std::variant<AlwaysTrue, AlwaysFalse, Compare, CompareColumns, Range, In, Like, Regex,
                     ArithmeticCompare, IsNull, Exists, Contains, ArrayLength, And, Or, Not>;

    bool IsAlwaysTrue() const { return std::holds_alternative<AlwaysTrue>(node); }
    bool IsAlwaysFalse() const { return std::holds_alternative<AlwaysFalse>(node); }
    // Fields whose columns the evaluator asks for; ascending, each once.
    std::vector<base::FieldId> ReferencedFields() const;

    template <typename A>
    void Visit(A& a) {
        a(node);
    }
    bool operator==(const Plan&) const = default;

    Node node;
};

inline bool And::operator==(const And& other) const {
    return terms == other.terms;
}
inline bool Or::operator==(const Or& other) const {
    return terms == other.terms;
}
inline bool Not::operator==(const Not& other) const {
    return terms == other.terms;
}

// The keys when the plan is exactly `pk == x` or `pk in [...]` (each key once, ascending).
std::optional<schema::PrimaryKeys> PrimaryKeyTerms(const Plan& plan, base::FieldId pk_field);

// A plan split into "the key is one of these" and the rest of its conjunction. `rest` is always
// true when there is nothing else. Absent when no term of the plan pins the key.
struct PrimaryKeySplit {
    schema::PrimaryKeys keys;
    Plan rest;
};
std::optional<PrimaryKeySplit> SplitPrimaryKeyTerm(const Plan& plan, base::FieldId pk_field);

}  // namespace elanus::expr
