// Plan: a filter after parsing, with names resolved to field ids and constants cast to the types of
// the columns. Plain structs, so that it travels between roles through base::Archive.
//
// Invariants (of plans that ParseFilter made; the evaluator refuses others with an error):
//   INV-PLAN-1  A constant has the type that its column compares with: bool for Bool, int64 for
//               integers and Timestamptz (microseconds), double for Float and Double (a Float's is
//               rounded to float), string for VarChar, anything for JSON.
//   INV-PLAN-2  And and Or have at least two terms, Not has exactly one.
//   INV-PLAN-3  The lists of a ValueSet are sorted and free of repetitions.
//   INV-PLAN-4  Nesting is bounded (kPlanDepthMax), so recursion over a plan is too.
//   INV-PLAN-5  RandomSample and an ElementMatch of rule kFilter are the whole plan or the last
//               term of its outermost And; an ElementMatch holds none of its own kind.
// Threads: a value; share it as shared_ptr<const Plan>.
#pragma once

#include "base/ids.h"
#include "calendar/duration.h"
#include "expr/prepared_cell.h"
#include "expr/value.h"
#include "geometry/geometry.h"
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
    // >= 0: that sub-field of a struct array (counted as in its schema). `field_id` is the struct
    // array's and `type` is Array or ArrayOfVector; inside of an ElementMatch `field_id` is the
    // sub-field's and `type` that of one element.
    int32_t sub_field = -1;
    // JSON only: in comparisons with numbers, a text that is a number counts as that number
    // (text_number.h).
    bool text_numbers = false;

    bool is_json() const { return type == schema::DataType::kJson; }
    bool is_element() const { return array_index >= 0; }
    bool is_whole_array() const { return type == schema::DataType::kArray && !is_element(); }
    // The type of the value that the predicate sees.
    schema::DataType value_type() const { return is_element() ? element_type : type; }
    bool operator==(const ColumnRef&) const = default;

    template <typename A>
    void Visit(A& a) {
        a(field_id, type, element_type, json_path, array_index, sub_field, text_numbers);
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
    PreparedCell prepared = {};
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
    PreparedCell prepared = {};
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

// Never unknown. A null test with a JSON path is Not(Exists) instead.
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
    PreparedCell prepared = {};
    template <typename A>
    void Visit(A& a) {
        a(column, all, values);
    }
    bool operator==(const Contains&) const = default;
};

// length(array) op value; also of struct arrays, their sub-fields and ArrayOfVector. JSON that is
// no array counts as length 0.
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

// (column plus or minus the duration) op value, for durations with years or months; others are a
// Compare with a moved constant.
struct TimestampCompare {
    ColumnRef column;
    calendar::Duration duration;
    calendar::Direction direction = calendar::Direction::kAdd;
    CompareOp op = CompareOp::kEq;
    int64_t value = 0;
    template <typename A>
    void Visit(A& a) {
        a(column, duration, direction, op, value);
    }
    bool operator==(const TimestampCompare&) const = default;
};

// True when at least `minimum_should_match` different tokens of one of the texts occur in the
// value. The field's analyzer_params say what a token is.
struct TextMatch {
    ColumnRef column;
    std::vector<std::string> texts;
    uint32_t minimum_should_match = 1;
    PreparedCell prepared = {};
    template <typename A>
    void Visit(A& a) {
        a(column, texts, minimum_should_match);
    }
    bool operator==(const TextMatch&) const = default;
};

// True when the tokens of the text occur in the value, each at most `slop` places from where the
// phrase wants it: the distances between place and wanted place differ by at most `slop`.
struct PhraseMatch {
    ColumnRef column;
    std::string text;
    uint32_t slop = 0;
    PreparedCell prepared = {};
    template <typename A>
    void Visit(A& a) {
        a(column, text, slop);
    }
    bool operator==(const PhraseMatch&) const = default;
};

// The geometry relation wkb; of kDistance within `meters` of the point; of kValid alone.
struct Spatial {
    ColumnRef column;
    geometry::Relation relation = geometry::Relation::kIntersects;
    std::string wkb;
    double meters = 0;
    PreparedCell prepared = {};
    template <typename A>
    void Visit(A& a) {
        a(column, relation, wkb, meters);
    }
    bool operator==(const Spatial&) const = default;
};

// Each row with probability `factor`, drawn from the hash of its primary key and the seed: the same
// rows whichever segment they lie in.
struct RandomSample {
    ColumnRef column;  // the primary key
    double factor = 0;
    uint64_t seed = 0;
    template <typename A>
    void Visit(A& a) {
        a(column, factor, seed);
    }
    bool operator==(const RandomSample&) const = default;
};

// left starts with right, both string columns.
struct StartsWith {
    ColumnRef left;
    ColumnRef right;
    template <typename A>
    void Visit(A& a) {
        a(left, right);
    }
    bool operator==(const StartsWith&) const = default;
};

// How many elements of a struct array must match. kFilter selects as kAny does, and says which
// elements an element-level search may hit (EvaluateElements).
enum class ElementRule : uint8_t { kFilter, kAny, kAll, kLeast, kMost, kExact };

// Counts the elements of a struct array for which the predicate, over its sub-fields, is true. An
// empty array matches kAll, kMost, and kExact of 0.
struct ElementMatch {
    ColumnRef column;  // the struct array
    ElementRule rule = ElementRule::kAny;
    int64_t threshold = 0;        // kLeast, kMost, kExact
    std::vector<Plan> predicate;  // exactly one; a vector because Plan is not complete here
    template <typename A>
    void Visit(A& a) {
        a(column, rule, threshold, predicate);
    }
    bool operator==(const ElementMatch&) const;
};

struct Plan {
    // New kinds are added at the end: the position is the number on the wire.
    using Node = std::variant<AlwaysTrue, AlwaysFalse, Compare, CompareColumns, Range, In, Like,
                              Regex, ArithmeticCompare, IsNull, Exists, Contains, ArrayLength, And,
                              Or, Not, TimestampCompare, TextMatch, PhraseMatch, Spatial,
                              RandomSample, StartsWith, ElementMatch>;

    bool IsAlwaysTrue() const { return std::holds_alternative<AlwaysTrue>(node); }
    bool IsAlwaysFalse() const { return std::holds_alternative<AlwaysFalse>(node); }
    // Fields whose columns the evaluator asks for; ascending, each once.
    std::vector<base::FieldId> ReferencedFields() const;

    template <typename A>
    void Visit(A& a) {
        a(node);
    }
    bool operator==(const Plan&) const;

    Node node;
};

// The address by which an index answers for the plan's outermost node.
const void* LeafOf(const Plan& plan);

// The keys when the plan is exactly `pk == x` or `pk in [...]` (each key once, ascending).
std::optional<schema::PrimaryKeys> PrimaryKeyTerms(const Plan& plan, base::FieldId pk_field);

// A plan split into "the key is one of these" and the rest of its conjunction. `rest` is always
// true when there is nothing else. Absent when no term of the plan pins the key.
struct PrimaryKeySplit {
    schema::PrimaryKeys keys;
    Plan rest;
};
std::optional<PrimaryKeySplit> SplitPrimaryKeyTerm(const Plan& plan, base::FieldId pk_field);

// Rows that match both. The term stands in front, so that INV-PLAN-5 holds for the whole.
Plan InFront(Plan term, const Plan& plan);

// The same plan with another draw of its random sample; absent when it has none.
std::optional<Plan> WithSampleSeed(const Plan& plan, uint64_t seed);

}  // namespace elanus::expr
