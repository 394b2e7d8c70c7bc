// RangeCodes: a column of 64-bit values as 16-bit codes in the same order, so that a comparison
// with a constant reads a quarter of the bytes. Scans of large columns wait for memory, not for the
// processor.
//
// A code says on which side of a bound a value lies unless both have the same code; only then the
// value itself is read. Codes divide the range between the column's ends evenly. That tells values
// apart well when they spread over it; whether they do is for the maker of the codes to find out
// (SharesCodes). Values outside of the ends get the code of the nearer one, NaN some code: only
// null rows may hold such.
// Threads: values.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <variant>

namespace elanus::expr {

inline constexpr int32_t kRangeCodeMin = std::numeric_limits<int16_t>::min();
inline constexpr int32_t kRangeCodeMax = std::numeric_limits<int16_t>::max();

// Codes of integers from `low` to `high`.
class IntCodeScale {
  public:
    using Value = int64_t;

    static std::optional<IntCodeScale> Of(int64_t low, int64_t high) {
        if (low > high) {
            return std::nullopt;
        }
        IntCodeScale scale;
        scale.low_ = low;
        scale.high_ = high;
        const auto width = static_cast<unsigned>(std::bit_width(scale.Distance(high)));
        scale.shift_ = width > 16 ? width - 16 : 0;
        return scale;
    }

    int16_t Code(int64_t value) const {
        const uint64_t step = Distance(std::clamp(value, low_, high_)) >> shift_;
        return static_cast<int16_t>(static_cast<int32_t>(step) + kRangeCodeMin);
    }
    // Whether no other value has the code of this one.
    bool IsExact(int64_t value) const { return shift_ == 0 && value >= low_ && value <= high_; }
    bool is_exact() const { return shift_ == 0; }

  private:
    uint64_t Distance(int64_t value) const {
        return static_cast<uint64_t>(value) - static_cast<uint64_t>(low_);
    }

    int64_t low_ = 0;
    int64_t high_ = 0;
    unsigned shift_ = 0;
};

// Codes of numbers from `low` to `high`. Subtraction, multiplication by a positive number and
// truncation keep the order, rounded or not. NaN gets some code.
class DoubleCodeScale {
  public:
    using Value = double;

    // Absent when the range has no width that can be calculated with.
    static std::optional<DoubleCodeScale> Of(double low, double high) {
        DoubleCodeScale scale;
        scale.low_ = low;
        scale.high_ = high;
        scale.steps_per_unit_ = (kRangeCodeMax - kRangeCodeMin) / (high - low);
        const bool is_sound = std::isfinite(low) && std::isfinite(high) && low < high &&
                              std::isfinite(high - low) && std::isfinite(scale.steps_per_unit_);
        return is_sound ? std::optional(scale) : std::nullopt;
    }

    int16_t Code(double value) const {
        const double inside = value > low_ ? std::min(value, high_) : low_;
        const auto step = static_cast<int32_t>((inside - low_) * steps_per_unit_);
        return static_cast<int16_t>(std::min(step + kRangeCodeMin, kRangeCodeMax));
    }
    bool IsExact(double) const { return false; }
    bool is_exact() const { return false; }

  private:
    double low_ = 0;
    double high_ = 0;
    double steps_per_unit_ = 0;
};

struct RangeCodes {
    std::variant<IntCodeScale, DoubleCodeScale> scale;  // the latter for Double
    std::span<const int16_t> codes;                     // one a row
};

// Whether many rows have the same code as a bound drawn from among them, so that codes help little.
// `sample`: codes of some rows, which are sorted.
bool SharesCodes(std::span<int16_t> sample);

}  // namespace elanus::expr
