// Scans of JSON columns, by the rules of API map 4.8: a missing key or a value of another type
// makes a predicate false, and != true.
#include "expr/json_values.h"
#include "expr/predicate.h"
#include "expr/scan.h"
#include "json/json.h"

#include <algorithm>
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

// The same for leaves that compare the value.
template <typename Leaf, typename Predicate>
Status ForValues(const Leaf& leaf, const ColumnView& view, Scan& scan, Bitmap* out,
                 const Predicate& holds) {
    return ForDocuments(leaf.column, view, scan, out,
                        [&](const Scalar& stored) { return HoldsOf(leaf, stored, holds); });
}

template <typename Leaf>
Status ScanJsonStrings(const Leaf& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return WithPredicate<std::string_view>(leaf, [&](auto holds) {
        return ForDocuments(leaf.column, view, scan, out, [&](const Scalar& stored) {
            return stored.kind == Kind::kString && holds(stored.text);
        });
    });
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
    return ForValues(leaf, view, scan, out,
                     [&](const Scalar& stored) { return Compares(stored, leaf.op, leaf.value); });
}

Status ScanJson(const Range& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ForValues(leaf, view, scan, out,
                     [&](const Scalar& stored) { return InRange(stored, leaf); });
}

Status ScanJson(const In& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    ASSIGN_OR_RETURN(const auto list, PreparedList(leaf));
    return ForValues(leaf, view, scan, out,
                     [&](const Scalar& stored) { return list->set.Contains(stored); });
}

Status ScanJson(const Like& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ScanJsonStrings(leaf, view, scan, out);
}

Status ScanJson(const Regex& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ScanJsonStrings(leaf, view, scan, out);
}

Status ScanJson(const ArithmeticCompare& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    RETURN_IF_ERROR(CheckOperand(leaf));
    return ForValues(leaf, view, scan, out,
                     [&](const Scalar& stored) { return ComputedCompares(stored, leaf); });
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
