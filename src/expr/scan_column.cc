// Scans of fixed-width and string columns.
#include "expr/membership.h"
#include "expr/predicate.h"
#include "expr/scan.h"
#include "simd/compare.h"
#include "simd/offset_scan.h"

#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace elanus::expr::internal {

namespace {

using base::Bitmap;
using base::Status;
using schema::ColumnView;

static_assert(static_cast<int>(simd::CompareOp::kGe) == static_cast<int>(CompareOp::kGe) &&
              static_cast<int>(simd::CompareOp::kLt) == static_cast<int>(CompareOp::kLt));

// The number comes from an archive, so it may be none of ours.
bool IsKnownOp(CompareOp op) {
    return op <= CompareOp::kGe;
}
simd::CompareOp KernelOp(CompareOp op) {
    return static_cast<simd::CompareOp>(op);
}

template <typename T>
bool Fits(WideOf<T> value) {
    if constexpr (std::is_integral_v<T>) {
        return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
    } else {
        return true;
    }
}

void Fill(Bitmap* out, bool value) {
    *out = Bitmap(out->size(), value);
}

template <typename T>
Status CompareFixed(const Compare& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    const auto constant = ConstantAs<WideOf<T>>(leaf.value);
    if (!constant.has_value() || !IsKnownOp(leaf.op)) {
        return PlanMismatch();
    }
    if (!Fits<T>(*constant)) {
        // Every value of the column lies on the same side of the constant.
        Fill(out, Ordered<WideOf<T>>(leaf.op, 0, *constant));
        return Status();
    }
    return scan.ForBlocks(out, kBlockRows, [&](size_t begin, size_t count, uint64_t* words) {
        simd::Compare<T>(KernelOp(leaf.op), view.As<T>() + begin, count, static_cast<T>(*constant),
                         words);
    });
}

// Pulls integer bounds into the type's range; false when no value can lie between them.
template <typename T>
bool MakeKernelRange(const Range& leaf, WideOf<T> low, WideOf<T> high, simd::Range<T>* range) {
    range->low_open = !leaf.low_inclusive;
    range->high_open = !leaf.high_inclusive;
    if constexpr (std::is_integral_v<T>) {
        constexpr int64_t kMin = std::numeric_limits<T>::min();
        constexpr int64_t kMax = std::numeric_limits<T>::max();
        if (low > kMax || high < kMin) {
            return false;
        }
        if (low < kMin) {
            low = kMin;
            range->low_open = false;
        }
        if (high > kMax) {
            high = kMax;
            range->high_open = false;
        }
    }
    range->low = static_cast<T>(low);
    range->high = static_cast<T>(high);
    return true;
}

template <typename T>
Status RangeFixed(const Range& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    const auto low = ConstantAs<WideOf<T>>(leaf.low);
    const auto high = ConstantAs<WideOf<T>>(leaf.high);
    if (!low.has_value() || !high.has_value()) {
        return PlanMismatch();
    }
    simd::Range<T> range{};
    if (!MakeKernelRange<T>(leaf, *low, *high, &range)) {
        return Status();
    }
    return scan.ForBlocks(out, kBlockRows, [&](size_t begin, size_t count, uint64_t* words) {
        simd::InRange<T>(range, view.As<T>() + begin, count, words);
    });
}

template <typename T>
Status InFixed(const In& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    ASSIGN_OR_RETURN(const auto set, leaf.prepared.Get<Membership<T>>([&] {
        return base::Result<std::shared_ptr<Membership<T>>>(
            std::make_shared<Membership<T>>(SetAs<WideOf<T>>(leaf.values)));
    }));
    return scan.ForBlocks(out, Membership<T>::kBlockRows,
                          [&](size_t begin, size_t count, uint64_t* words) {
                              set->Contains(view.As<T>() + begin, count, words);
                          });
}

constexpr size_t kCalculateRows = 1024;

template <typename T, typename W>
void CalculateBlock(ArithmeticOp op, const T* values, size_t count, W operand, W* results) {
    const auto run = [&](auto calculate) {
        for (size_t i = 0; i < count; ++i) {
            results[i] = calculate(static_cast<W>(values[i]));
        }
    };
    switch (op) {
        case ArithmeticOp::kAdd:
            return run([&](W v) { return Calculate(ArithmeticOp::kAdd, v, operand); });
        case ArithmeticOp::kSubtract:
            return run([&](W v) { return Calculate(ArithmeticOp::kSubtract, v, operand); });
        case ArithmeticOp::kMultiply:
            return run([&](W v) { return Calculate(ArithmeticOp::kMultiply, v, operand); });
        case ArithmeticOp::kDivide:
            return run([&](W v) { return Calculate(ArithmeticOp::kDivide, v, operand); });
        case ArithmeticOp::kModulo:
            return run([&](W v) { return Calculate(ArithmeticOp::kModulo, v, operand); });
    }
}

template <typename T>
Status ArithmeticFixed(const ArithmeticCompare& leaf, const ColumnView& view, Scan& scan,
                       Bitmap* out) {
    using W = WideOf<T>;
    const auto operand = ConstantAs<W>(leaf.operand);
    const auto constant = ConstantAs<W>(leaf.value);
    if (!operand.has_value() || !constant.has_value() || !IsKnownOp(leaf.op) ||
        !IsSoundOperand(leaf.arithmetic, *operand)) {
        return PlanMismatch();
    }
    return scan.ForBlocks(out, kCalculateRows, [&](size_t begin, size_t count, uint64_t* words) {
        W results[kCalculateRows];
        CalculateBlock(leaf.arithmetic, view.As<T>() + begin, count, *operand, results);
        simd::Compare<W>(KernelOp(leaf.op), results, count, *constant, words);
    });
}

template <typename Leaf>
Status ScanStrings(const Leaf& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return WithPredicate<std::string_view>(leaf, [&](auto holds) {
        return scan.ForRows(out, [&](size_t row) { return holds(view.StringAt(row)); });
    });
}

// Equality or a common start with the text, by kernels.
enum class TextRule : uint8_t { kEqual, kUnequal, kPrefix };

Status ScanText(TextRule rule, std::string_view text, const ColumnView& view, Scan& scan,
                Bitmap* out) {
    const simd::OffsetKernels& kernels = simd::OffsetScans();
    const auto kernel = rule == TextRule::kPrefix ? kernels.starts_with : kernels.equal;
    const uint64_t turn = rule == TextRule::kUnequal ? ~uint64_t{0} : 0;
    RETURN_IF_ERROR(scan.ForBlocksOrRows(
        out, kBlockRows,
        [&](size_t begin, size_t count, uint64_t* words) {
            kernel(text, view.values, view.offsets + begin, count, words);
            for (size_t w = 0; turn != 0 && w < (count + 63) / 64; ++w) {
                words[w] ^= turn;
            }
        },
        [&](size_t row) {
            const std::string_view value = view.StringAt(row);
            return rule == TextRule::kPrefix ? value.starts_with(text)
                                             : (value == text) == (rule == TextRule::kEqual);
        }));
    out->ClearTail();
    return Status();
}

template <typename W>
void WidenBlock(const ColumnView& view, size_t begin, size_t count, W* results) {
    const Status widened = WithFixedType(view.type, [&](auto zero) {
        using T = decltype(zero);
        const T* values = view.As<T>() + begin;
        for (size_t i = 0; i < count; ++i) {
            results[i] = static_cast<W>(values[i]);
        }
        return Status();
    });
    CHECK(widened.ok(), "a column type that was checked before");
}

template <typename W>
Status CompareWidened(const CompareColumns& leaf, const ColumnView& left, const ColumnView& right,
                      Scan& scan, Bitmap* out) {
    return scan.ForBlocks(out, kCalculateRows, [&](size_t begin, size_t count, uint64_t* words) {
        W a[kCalculateRows];
        W b[kCalculateRows];
        WidenBlock(left, begin, count, a);
        WidenBlock(right, begin, count, b);
        for (size_t i = 0; i < count; ++i) {
            words[i / 64] |= static_cast<uint64_t>(Ordered(leaf.op, a[i], b[i])) << (i % 64);
        }
    });
}

}  // namespace

Status ScanColumn(const Compare& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    if (schema::IsStringLike(view.type)) {
        const std::string* text = leaf.value.string_if();
        const bool is_equality = leaf.op == CompareOp::kEq || leaf.op == CompareOp::kNe;
        if (text == nullptr || !is_equality) {
            return ScanStrings(leaf, view, scan, out);
        }
        return ScanText(leaf.op == CompareOp::kEq ? TextRule::kEqual : TextRule::kUnequal, *text,
                        view, scan, out);
    }
    return WithFixedType(
        view.type, [&](auto zero) { return CompareFixed<decltype(zero)>(leaf, view, scan, out); });
}

Status ScanColumn(const Range& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    if (schema::IsStringLike(view.type)) {
        return ScanStrings(leaf, view, scan, out);
    }
    return WithFixedType(
        view.type, [&](auto zero) { return RangeFixed<decltype(zero)>(leaf, view, scan, out); });
}

Status ScanColumn(const In& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    if (schema::IsStringLike(view.type)) {
        return ScanStrings(leaf, view, scan, out);
    }
    return WithFixedType(view.type,
                         [&](auto zero) { return InFixed<decltype(zero)>(leaf, view, scan, out); });
}

Status ScanColumn(const Like& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    if (!schema::IsStringLike(view.type)) {
        return PlanMismatch();
    }
    if (leaf.kind == LikeKind::kEqual || leaf.kind == LikeKind::kPrefix) {
        return ScanText(leaf.kind == LikeKind::kEqual ? TextRule::kEqual : TextRule::kPrefix,
                        leaf.text, view, scan, out);
    }
    return ScanStrings(leaf, view, scan, out);
}

Status ScanColumn(const Regex& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    return schema::IsStringLike(view.type) ? ScanStrings(leaf, view, scan, out) : PlanMismatch();
}

Status ScanColumn(const ArithmeticCompare& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    if (!schema::IsNumeric(view.type)) {
        return PlanMismatch();
    }
    return WithFixedType(view.type, [&](auto zero) {
        return ArithmeticFixed<decltype(zero)>(leaf, view, scan, out);
    });
}

Status ScanColumn(const TimestampCompare& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    if (view.type != schema::DataType::kTimestamptz || !IsKnownOp(leaf.op)) {
        return PlanMismatch();
    }
    const int64_t* values = view.As<int64_t>();
    return scan.ForRows(out, [&](size_t row) {
        return Ordered(leaf.op, calendar::Shift(values[row], leaf.duration, leaf.direction),
                       leaf.value);
    });
}

Status ScanColumn(const RandomSample& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    const bool is_string = schema::IsStringLike(view.type);
    if (!(leaf.factor >= 0 && leaf.factor <= 1) ||
        (!is_string && view.type != schema::DataType::kInt64)) {
        return PlanMismatch();
    }
    // Mixed once more: the plain hash of a key already decides its shard and partition.
    constexpr double kSteps = 9007199254740992.0;  // 2^53
    const auto threshold = static_cast<uint64_t>(leaf.factor * kSteps);
    const uint64_t salt = base::Hash64(leaf.seed ^ 0x73616d706c65ULL);
    return scan.ForRows(out, [&](size_t row) {
        const uint64_t hash = is_string
                                  ? base::Hash64(view.StringAt(row))
                                  : base::Hash64(static_cast<uint64_t>(view.As<int64_t>()[row]));
        return base::Hash64(hash ^ salt) >> 11 < threshold;
    });
}

Status ScanTwoColumns(const StartsWith&, const ColumnView& left, const ColumnView& right,
                      Scan& scan, Bitmap* out) {
    if (!schema::IsStringLike(left.type) || !schema::IsStringLike(right.type)) {
        return PlanMismatch();
    }
    return scan.ForRows(
        out, [&](size_t row) { return left.StringAt(row).starts_with(right.StringAt(row)); });
}

Status ScanTwoColumns(const CompareColumns& leaf, const ColumnView& left, const ColumnView& right,
                      Scan& scan, Bitmap* out) {
    if (schema::IsStringLike(left.type) && schema::IsStringLike(right.type)) {
        return scan.ForRows(out, [&](size_t row) {
            return Ordered(leaf.op, left.StringAt(row), right.StringAt(row));
        });
    }
    const auto is_whole = [](const ColumnView& view) {
        return schema::IsInteger(view.type) || view.type == schema::DataType::kBool ||
               view.type == schema::DataType::kTimestamptz;
    };
    const auto is_fixed = [&](const ColumnView& view) {
        return is_whole(view) || schema::IsFloating(view.type);
    };
    if (!is_fixed(left) || !is_fixed(right)) {
        return PlanMismatch();
    }
    return is_whole(left) && is_whole(right) ? CompareWidened<int64_t>(leaf, left, right, scan, out)
                                             : CompareWidened<double>(leaf, left, right, scan, out);
}

}  // namespace elanus::expr::internal
