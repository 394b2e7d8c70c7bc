// Scans of array columns: one element of each row, or the whole array.
#include "expr/membership.h"
#include "expr/predicate.h"
#include "expr/scan.h"
#include "simd/offset_scan.h"

#include <algorithm>
#include <memory>
#include <string_view>
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

// Row by row, for lists that would take too many passes over the elements.
Status ContainsByRow(const Contains& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
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

constexpr size_t kAllPassesMax = 8;
constexpr size_t kTextPassesMax = 4;
constexpr size_t kArrayRows = 4096;

// Elements of a block of rows, one bit each, and the rows that have one of them.
class ElementBits {
  public:
    // match(begin, count, words) writes the bits of elements [begin, begin + count) of the child.
    template <typename Match>
    void FoldAny(const uint32_t* offsets, size_t rows, uint64_t* words, Match match) {
        const size_t elements = offsets[rows] - offsets[0];
        if (bits_.size() < simd::ElementWords(elements)) {
            bits_.resize(simd::ElementWords(elements));
        }
        match(size_t{offsets[0]}, elements, bits_.data());
        simd::OffsetScans().any_in_run(bits_.data(), offsets, rows, words);
    }

  private:
    std::vector<uint64_t> bits_;
};

// match(i, begin, count, words): which elements equal the constant of pass i. Rows must have all
// passes' constants (`all`) or any.
template <typename Match>
Status FoldPasses(bool all, size_t passes, const ColumnView& view, Scan& scan, Bitmap* out,
                  Match match) {
    ElementBits elements;
    return scan.ForBlocks(out, kArrayRows, [&](size_t begin, size_t count, uint64_t* words) {
        std::fill_n(words, (count + 63) / 64, all ? ~uint64_t{0} : 0);
        uint64_t hits[kArrayRows / 64];
        for (size_t i = 0; i < passes; ++i) {
            elements.FoldAny(
                view.offsets + begin, count, hits,
                [&](size_t first, size_t size, uint64_t* bits) { match(i, first, size, bits); });
            for (size_t w = 0; w < (count + 63) / 64; ++w) {
                words[w] = all ? words[w] & hits[w] : words[w] | hits[w];
            }
        }
    });
}

Status ContainsByTextKernel(const Contains& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    std::vector<std::string_view> texts;
    if (!AllAs(leaf.values, &texts)) {
        return PlanMismatch();
    }
    const ColumnView& child = view.children[0];
    RETURN_IF_ERROR(FoldPasses(leaf.all, texts.size(), view, scan, out,
                               [&](size_t i, size_t begin, size_t count, uint64_t* bits) {
                                   simd::OffsetScans().equal(texts[i], child.values,
                                                             child.offsets + begin, count, bits);
                               }));
    out->ClearTail();
    return Status();
}

template <typename T>
Status ContainsByKernel(const Contains& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    using Sets = std::vector<Membership<T>>;  // one for all constants, or one a constant
    ASSIGN_OR_RETURN(const auto sets,
                     leaf.prepared.Get<Sets>([&]() -> base::Result<std::shared_ptr<Sets>> {
                         std::vector<WideOf<T>> values;
                         if (!AllAs(leaf.values, &values)) {
                             return PlanMismatch();
                         }
                         auto made = std::make_shared<Sets>();
                         for (size_t i = 0; leaf.all && i < values.size(); ++i) {
                             made->emplace_back(std::vector<WideOf<T>>{values[i]});
                         }
                         if (!leaf.all) {
                             made->emplace_back(std::move(values));
                         }
                         return made;
                     }));
    const T* values = view.children[0].As<T>();
    RETURN_IF_ERROR(
        FoldPasses(leaf.all, sets->size(), view, scan, out,
                   [&](size_t i, size_t begin, size_t count, uint64_t* bits) {
                       for (size_t done = 0; done < count; done += Membership<T>::kBlockRows) {
                           (*sets)[i].Contains(values + begin + done,
                                               std::min(Membership<T>::kBlockRows, count - done),
                                               bits + done / 64);
                       }
                   }));
    out->ClearTail();
    return Status();
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
    const ColumnView& child = view.children[0];
    if (schema::IsStringLike(child.type)) {
        return leaf.values.size() <= kTextPassesMax ? ContainsByTextKernel(leaf, view, scan, out)
                                                    : ContainsByRow(leaf, view, scan, out);
    }
    if (leaf.all && leaf.values.size() > kAllPassesMax) {
        return ContainsByRow(leaf, view, scan, out);
    }
    return WithFixedType(child.type, [&](auto zero) {
        return ContainsByKernel<decltype(zero)>(leaf, view, scan, out);
    });
}

Status ScanArray(const ArrayLength& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return scan.ForRows(out, [&](size_t row) {
        const int64_t length = view.offsets[row + 1] - view.offsets[row];
        return Ordered(leaf.op, length, leaf.value);
    });
}

}  // namespace elanus::expr::internal
