// Scans of JSON columns, by the rules of API map 4.8: a missing key or a value of another type
// makes a predicate false, and != true.
#include "expr/constant.h"
#include "expr/predicate.h"
#include "expr/scan.h"
#include "json/json.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::expr::internal {

namespace {

using base::Bitmap;
using base::Status;
using json::Scalar;
using schema::ColumnView;
using Kind = json::Scalar::Kind;

// Calls holds(scalar) with what each row's document has at the column's path.
template <typename Predicate>
Status ForDocuments(const ColumnRef& column, const ColumnView& view, Scan& scan, Bitmap* out,
                    Predicate holds) {
    const json::Path path(column.json_path);
    std::string scratch;
    return scan.ForRows(
        out, [&](size_t row) { return holds(json::Find(view.StringAt(row), path, &scratch)); });
}

bool EqualsList(const Scalar& stored, const Value::List& list);

// How a stored value stands to a constant: unordered when their types differ, for NaN, and for
// lists that differ.
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

bool Compares(const Scalar& stored, CompareOp op, const Value& constant) {
    return Holds(op, OrderOf(stored, constant));
}

class JsonSet {
  public:
    explicit JsonSet(const ValueSet& values)
        : values_(values),
          ints_(values.ints),
          doubles_(values.doubles),
          strings_(SetAs<std::string_view>(values)) {
        for (const int64_t integer : values.ints) {
            ints_as_doubles_.push_back(static_cast<double>(integer));
        }
    }

    bool Contains(const Scalar& stored) const {
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

  private:
    const ValueSet& values_;
    FlatSet<int64_t> ints_;
    FlatSet<double> doubles_;
    FlatSet<std::string_view> strings_;
    std::vector<double> ints_as_doubles_;  // ascending, as ints are
};

template <typename Leaf>
Status ScanJsonStrings(const Leaf& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return WithPredicate<std::string_view>(leaf, [&](auto holds) {
        return ForDocuments(leaf.column, view, scan, out, [&](const Scalar& stored) {
            return stored.kind == Kind::kString && holds(stored.text);
        });
    });
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

// The constants of a contains_any: scalars in a set, lists to be compared one by one.
class JsonConstants {
  public:
    explicit JsonConstants(const std::vector<Value>& values) {
        for (const Value& value : values) {
            if (value.list_if() != nullptr) {
                lists_.push_back(&value);
            } else {
                scalars_.Add(value);
            }
        }
        scalars_.SortUnique();
        set_.emplace(scalars_);
    }
    JsonConstants(const JsonConstants&) = delete;
    JsonConstants& operator=(const JsonConstants&) = delete;

    bool Contains(const Scalar& stored) const {
        return set_->Contains(stored) ||
               std::any_of(lists_.begin(), lists_.end(),
                           [&](const Value* list) { return Equals(stored, *list); });
    }

  private:
    ValueSet scalars_;
    std::optional<JsonSet> set_;  // points into scalars_
    std::vector<const Value*> lists_;
};

bool ContainsAny(std::string_view raw_array, const JsonConstants& constants) {
    json::ArrayCursor cursor(raw_array);
    Scalar element;
    while (cursor.Next(&element)) {
        if (constants.Contains(element)) {
            return true;
        }
    }
    return false;
}

bool ContainsAll(std::string_view raw_array, const std::vector<Value>& values) {
    std::vector<bool> found(values.size());
    size_t missing = values.size();
    json::ArrayCursor cursor(raw_array);
    Scalar element;
    while (missing > 0 && cursor.Next(&element)) {
        for (size_t i = 0; i < values.size(); ++i) {
            if (!found[i] && Equals(element, values[i])) {
                found[i] = true;
                --missing;
            }
        }
    }
    return missing == 0;
}

}  // namespace

Status ScanJson(const Compare& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ForDocuments(leaf.column, view, scan, out, [&](const Scalar& stored) {
        return Compares(stored, leaf.op, leaf.value);
    });
}

Status ScanJson(const Range& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    const CompareOp above = leaf.low_inclusive ? CompareOp::kGe : CompareOp::kGt;
    const CompareOp below = leaf.high_inclusive ? CompareOp::kLe : CompareOp::kLt;
    return ForDocuments(leaf.column, view, scan, out, [&](const Scalar& stored) {
        return Compares(stored, above, leaf.low) && Compares(stored, below, leaf.high);
    });
}

Status ScanJson(const In& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    ASSIGN_OR_RETURN(const auto set, leaf.prepared.Get<JsonSet>([&] {
        return base::Result<std::shared_ptr<JsonSet>>(std::make_shared<JsonSet>(leaf.values));
    }));
    return ForDocuments(leaf.column, view, scan, out,
                        [&](const Scalar& stored) { return set->Contains(stored); });
}

Status ScanJson(const Like& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ScanJsonStrings(leaf, view, scan, out);
}

Status ScanJson(const Regex& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ScanJsonStrings(leaf, view, scan, out);
}

Status ScanJson(const ArithmeticCompare& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    const bool divides =
        leaf.arithmetic == ArithmeticOp::kDivide || leaf.arithmetic == ArithmeticOp::kModulo;
    if (!leaf.operand.is_number() || (divides && leaf.operand.AsDouble() == 0)) {
        return PlanMismatch();
    }
    return ForDocuments(leaf.column, view, scan, out, [&](const Scalar& stored) {
        const std::optional<Scalar> result = Computed(stored, leaf.arithmetic, leaf.operand);
        return result.has_value() ? Compares(*result, leaf.op, leaf.value)
                                  : leaf.op == CompareOp::kNe;
    });
}

Status ScanJson(const Exists& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ForDocuments(leaf.column, view, scan, out, [](const Scalar& stored) {
        return stored.kind != Kind::kMissing && stored.kind != Kind::kNull;
    });
}

Status ScanJson(const Contains& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    if (leaf.all) {
        return ForDocuments(leaf.column, view, scan, out, [&](const Scalar& stored) {
            return stored.kind == Kind::kArray && ContainsAll(stored.text, leaf.values);
        });
    }
    ASSIGN_OR_RETURN(const auto constants, leaf.prepared.Get<JsonConstants>([&] {
        return base::Result<std::shared_ptr<JsonConstants>>(
            std::make_shared<JsonConstants>(leaf.values));
    }));
    return ForDocuments(leaf.column, view, scan, out, [&](const Scalar& stored) {
        return stored.kind == Kind::kArray && ContainsAny(stored.text, *constants);
    });
}

Status ScanJson(const ArrayLength& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ForDocuments(leaf.column, view, scan, out, [&](const Scalar& stored) {
        const size_t length =
            stored.kind == Kind::kArray ? json::CountElements(stored.text) : size_t{0};
        return Ordered(leaf.op, static_cast<int64_t>(length), leaf.value);
    });
}

}  // namespace elanus::expr::internal
