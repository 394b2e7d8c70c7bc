// Scans of range codes: rows on the inner side of the bounds' codes match, rows that share a code
// with a bound are compared themselves.
#include "expr/predicate.h"
#include "expr/range_codes.h"
#include "expr/scan.h"
#include "simd/compare.h"

#include <cmath>
#include <type_traits>

namespace elanus::expr {

bool SharesCodes(std::span<int16_t> sample) {
    // A tie costs a read of the value's own line: one in every eighth word of rows is what the
    // codes save.
    constexpr double kTiesMax = 1.0 / (8 * 64);
    std::sort(sample.begin(), sample.end());
    double ties = 0;
    for (size_t begin = 0, end = 0; begin < sample.size(); begin = end) {
        while (end < sample.size() && sample[end] == sample[begin]) {
            ++end;
        }
        ties += static_cast<double>(end - begin) * static_cast<double>(end - begin - 1);
    }
    const auto size = static_cast<double>(sample.size());
    return ties > kTiesMax * size * (size - 1);
}

namespace internal {

namespace {

using base::Bitmap;
using base::Status;
using schema::ColumnView;

// Values between two ends, either of which may be missing.
template <typename T>
struct Bounds {
    std::optional<T> low;
    std::optional<T> high;
    bool low_open = false;
    bool high_open = false;

    bool Holds(T value) const {
        return (!low.has_value() || (low_open ? value > *low : value >= *low)) &&
               (!high.has_value() || (high_open ? value < *high : value <= *high));
    }
    bool HasNan() const {
        if constexpr (std::is_floating_point_v<T>) {
            return (low.has_value() && std::isnan(*low)) || (high.has_value() && std::isnan(*high));
        }
        return false;
    }
};

// Absent when the leaf is no range or does not fit the type.
template <typename T>
std::optional<Bounds<T>> BoundsOf(const Compare& leaf) {
    const std::optional<T> value = ConstantAs<T>(leaf.value);
    if (!value.has_value()) {
        return std::nullopt;
    }
    switch (leaf.op) {
        case CompareOp::kEq:
            return Bounds<T>{value, value};
        case CompareOp::kLt:
        case CompareOp::kLe:
            return Bounds<T>{{}, value, false, leaf.op == CompareOp::kLt};
        case CompareOp::kGt:
        case CompareOp::kGe:
            return Bounds<T>{value, {}, leaf.op == CompareOp::kGt, false};
        default:
            return std::nullopt;
    }
}

template <typename T>
std::optional<Bounds<T>> BoundsOf(const Range& leaf) {
    const std::optional<T> low = ConstantAs<T>(leaf.low);
    const std::optional<T> high = ConstantAs<T>(leaf.high);
    if (!low.has_value() || !high.has_value()) {
        return std::nullopt;
    }
    return Bounds<T>{low, high, !leaf.low_inclusive, !leaf.high_inclusive};
}

constexpr size_t kCodedBlockRows = 8192;  // two looks at 16 KiB of codes

template <typename T, typename Scale>
Status ScanBounds(const Bounds<T>& bounds, const Scale& scale, const int16_t* codes,
                  const T* values, Scan& scan, Bitmap* out) {
    simd::Range<int16_t> possible{std::numeric_limits<int16_t>::min(),
                                  std::numeric_limits<int16_t>::max()};
    simd::Range<int16_t> certain = possible;
    bool is_exact = true;
    if (bounds.low.has_value()) {
        possible.low = certain.low = scale.Code(*bounds.low);
        const bool alone = scale.IsExact(*bounds.low);
        is_exact = is_exact && alone;
        certain.low_open = !alone || bounds.low_open;
    }
    if (bounds.high.has_value()) {
        possible.high = certain.high = scale.Code(*bounds.high);
        const bool alone = scale.IsExact(*bounds.high);
        is_exact = is_exact && alone;
        certain.high_open = !alone || bounds.high_open;
    }
    return scan.ForBlocks(out, kCodedBlockRows, [&](size_t begin, size_t count, uint64_t* words) {
        simd::InRange<int16_t>(certain, codes + begin, count, words);
        if (is_exact) {
            return;
        }
        uint64_t either[kCodedBlockRows / 64];
        simd::InRange<int16_t>(possible, codes + begin, count, either);
        for (size_t w = 0; w < (count + 63) / 64; ++w) {
            uint64_t ties = either[w] & ~words[w] & scan.Needed(begin / 64 + w);
            for (; ties != 0; ties &= ties - 1) {
                const auto bit = static_cast<size_t>(std::countr_zero(ties));
                words[w] |= uint64_t{bounds.Holds(values[begin + w * 64 + bit])} << bit;
            }
        }
    });
}

template <typename Leaf>
std::optional<Status> ScanLeaf(const Leaf& leaf, const RangeCodes& codes, const ColumnView& view,
                               Scan& scan, Bitmap* out) {
    return std::visit(
        [&](const auto& scale) -> std::optional<Status> {
            using T = typename std::decay_t<decltype(scale)>::Value;
            const bool is_double = view.type == schema::DataType::kDouble;
            if (is_double != std::is_same_v<T, double> || codes.codes.size() < scan.rows()) {
                return std::nullopt;
            }
            const std::optional<Bounds<T>> bounds = BoundsOf<T>(leaf);
            if (!bounds.has_value() || bounds->HasNan()) {
                return std::nullopt;
            }
            return ScanBounds(*bounds, scale, codes.codes.data(), view.As<T>(), scan, out);
        },
        codes.scale);
}

}  // namespace

std::optional<Status> ScanCodes(const Compare& leaf, const RangeCodes& codes,
                                const ColumnView& view, Scan& scan, Bitmap* out) {
    return ScanLeaf(leaf, codes, view, scan, out);
}

std::optional<Status> ScanCodes(const Range& leaf, const RangeCodes& codes, const ColumnView& view,
                                Scan& scan, Bitmap* out) {
    return ScanLeaf(leaf, codes, view, scan, out);
}

}  // namespace internal

}  // namespace elanus::expr
