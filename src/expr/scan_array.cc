// Scans of array columns: one element of each row, or the whole array.
#include "expr/predicate.h"
#include "expr/scan.h"

#include <memory>
#include <utility>
#include <vector>

namespace elanus::expr::internal {

namespace {

using base::Bitmap;
using base::Status;
using schema::ColumnView;

// Calls body(W{}, at) where at(position) is an element of the child column.
template <typename Body>
Status WithElements(const ColumnView& view, Body body) {
    const ColumnView& child = view.children[0];
    if (schema::IsStringLike(child.type)) {
        return body(std::string_view(), [&child](size_t i) { return child.StringAt(i); });
    }
    return WithFixedType(child.type, [&](auto zero) {
        using T = decltype(zero);
        const T* values = child.As<T>();
        return body(WideOf<T>{}, [values](size_t i) { return WideOf<T>{values[i]}; });
    });
}

template <typename Leaf>
Status ScanElementAt(const Leaf& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    const auto index = static_cast<uint64_t>(leaf.column.array_index);
    return WithElements(view, [&](auto zero, auto at) {
        return WithPredicate<decltype(zero)>(leaf, [&](auto holds) {
            return scan.ForRows(out, [&](size_t row) {
                const uint64_t length = view.offsets[row + 1] - view.offsets[row];
                return index < length && holds(at(view.offsets[row] + index));
            });
        });
    });
}

// The constants as W; false when one has another type.
template <typename W>
bool AllAs(const std::vector<Value>& constants, std::vector<W>* values) {
    for (const Value& constant : constants) {
        const std::optional<W> value = ConstantAs<W>(constant);
        if (!value.has_value()) {
            return false;
        }
        values->push_back(*value);
    }
    return true;
}

// The constants of a Contains; strings point into it.
template <typename W>
struct Wanted {
    std::vector<W> values;
    FlatSet<W> set;
};
template <typename W>
base::Result<std::shared_ptr<Wanted<W>>> PrepareWanted(const Contains& leaf) {
    std::vector<W> values;
    if (!AllAs(leaf.values, &values)) {
        return PlanMismatch();
    }
    FlatSet<W> set(values);
    return std::make_shared<Wanted<W>>(Wanted<W>{std::move(values), std::move(set)});
}

template <typename W, typename At>
bool ContainsAll(const std::vector<W>& wanted, size_t begin, size_t end, const At& at) {
    for (const W& value : wanted) {
        size_t i = begin;
        while (i < end && !(at(i) == value)) {
            ++i;
        }
        if (i == end) {
            return false;
        }
    }
    return true;
}

}  // namespace

Status ScanElement(const Compare& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ScanElementAt(leaf, view, scan, out);
}
Status ScanElement(const Range& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ScanElementAt(leaf, view, scan, out);
}
Status ScanElement(const In& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ScanElementAt(leaf, view, scan, out);
}
Status ScanElement(const Like& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ScanElementAt(leaf, view, scan, out);
}
Status ScanElement(const Regex& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ScanElementAt(leaf, view, scan, out);
}
Status ScanElement(const ArithmeticCompare& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return ScanElementAt(leaf, view, scan, out);
}

Status ScanArray(const Compare& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    const Value::List* list = leaf.value.list_if();
    if (list == nullptr || (leaf.op != CompareOp::kEq && leaf.op != CompareOp::kNe)) {
        return PlanMismatch();
    }
    return WithElements(view, [&](auto zero, auto at) {
        std::vector<decltype(zero)> wanted;
        if (!AllAs(*list, &wanted)) {
            return PlanMismatch();
        }
        return scan.ForRows(out, [&](size_t row) {
            const size_t begin = view.offsets[row];
            bool equal = view.offsets[row + 1] - begin == wanted.size();
            for (size_t i = 0; equal && i < wanted.size(); ++i) {
                equal = at(begin + i) == wanted[i];
            }
            return equal == (leaf.op == CompareOp::kEq);
        });
    });
}

Status ScanArray(const Contains& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return WithElements(view, [&](auto zero, auto at) {
        using W = decltype(zero);
        ASSIGN_OR_RETURN(const auto prepared,
                         leaf.prepared.Get<Wanted<W>>([&] { return PrepareWanted<W>(leaf); }));
        const std::vector<W>& wanted = prepared->values;
        if (leaf.all) {
            return scan.ForRows(out, [&](size_t row) {
                return ContainsAll(wanted, view.offsets[row], view.offsets[row + 1], at);
            });
        }
        const FlatSet<W>& set = prepared->set;
        return scan.ForRows(out, [&](size_t row) {
            for (size_t i = view.offsets[row]; i < view.offsets[row + 1]; ++i) {
                if (set.Contains(at(i))) {
                    return true;
                }
            }
            return false;
        });
    });
}

Status ScanArray(const ArrayLength& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return scan.ForRows(out, [&](size_t row) {
        const int64_t length = view.offsets[row + 1] - view.offsets[row];
        return Ordered(leaf.op, length, leaf.value);
    });
}

}  // namespace elanus::expr::internal
