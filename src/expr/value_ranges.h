// ValueRanges: a set of values of one ordered type, as disjoint ranges in ascending order. What a
// conjunction or a disjunction of comparisons of one column allows, computed exactly.
//
// A range lies between two cuts; a cut lies just below or just above a value, or at an end of the
// type. Integers are discrete: the cut above 3 is the cut below 4. Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace elanus::expr {

template <typename T>
struct Cut {
    enum class End : int8_t { kLowest = -1, kValue = 0, kHighest = 1 };
    End end = End::kValue;
    bool above = false;
    T value{};

    static Cut Below(T value) { return {End::kValue, false, std::move(value)}; }
    static Cut Above(T value) { return {End::kValue, true, std::move(value)}; }
    static Cut Lowest() { return {End::kLowest, false, T()}; }
    static Cut Highest() { return {End::kHighest, false, T()}; }

    // Negative, zero or positive as this cut lies before, on or behind the other.
    int Order(const Cut& other) const {
        if (end != other.end || end != End::kValue) {
            return static_cast<int>(end) - static_cast<int>(other.end);
        }
        if constexpr (std::is_integral_v<T>) {
            const __int128 difference = static_cast<__int128>(value) + above -
                                        (static_cast<__int128>(other.value) + other.above);
            return difference < 0 ? -1 : (difference > 0 ? 1 : 0);
        } else {
            if (value < other.value) {
                return -1;
            }
            return other.value < value ? 1 : static_cast<int>(above) - other.above;
        }
    }
    bool operator<(const Cut& other) const { return Order(other) < 0; }
};

template <typename T>
class ValueRanges {
  public:
    struct Range {
        Cut<T> low;
        Cut<T> high;
        // The only value, when there is only one.
        std::optional<T> Point() const {
            if (low.end != Cut<T>::End::kValue || high.end != Cut<T>::End::kValue) {
                return std::nullopt;
            }
            if constexpr (std::is_integral_v<T>) {
                const __int128 first = static_cast<__int128>(low.value) + low.above;
                const __int128 behind = static_cast<__int128>(high.value) + high.above;
                return first + 1 == behind ? std::optional<T>(static_cast<T>(first)) : std::nullopt;
            } else {
                return !low.above && high.above && !(low.value < high.value)
                           ? std::optional<T>(low.value)
                           : std::nullopt;
            }
        }
    };

    ValueRanges() = default;  // empty
    static ValueRanges All() { return Between(Cut<T>::Lowest(), Cut<T>::Highest()); }
    static ValueRanges Between(Cut<T> low, Cut<T> high) {
        ValueRanges set;
        if (low < high) {
            set.ranges_.push_back({std::move(low), std::move(high)});
        }
        return set;
    }
    // Ascending values without repetitions.
    static ValueRanges Of(const std::vector<T>& values) {
        ValueRanges set;
        set.ranges_.reserve(values.size());
        for (const T& value : values) {
            set.Append({Cut<T>::Below(value), Cut<T>::Above(value)});
        }
        return set;
    }

    const std::vector<Range>& ranges() const { return ranges_; }

    ValueRanges Complement() const {
        ValueRanges set;
        Cut<T> low = Cut<T>::Lowest();
        for (const Range& range : ranges_) {
            if (low < range.low) {
                set.ranges_.push_back({low, range.low});
            }
            low = range.high;
        }
        if (low < Cut<T>::Highest()) {
            set.ranges_.push_back({low, Cut<T>::Highest()});
        }
        return set;
    }

    ValueRanges Intersect(const ValueRanges& other) const {
        ValueRanges set;
        for (size_t i = 0, j = 0; i < ranges_.size() && j < other.ranges_.size();) {
            const Range& a = ranges_[i];
            const Range& b = other.ranges_[j];
            const Cut<T>& low = a.low < b.low ? b.low : a.low;
            const Cut<T>& high = a.high < b.high ? a.high : b.high;
            if (low < high) {
                set.ranges_.push_back({low, high});
            }
            a.high < b.high ? ++i : ++j;
        }
        return set;
    }

    ValueRanges Unite(const ValueRanges& other) const {
        ValueRanges set;
        set.ranges_.reserve(ranges_.size() + other.ranges_.size());
        size_t i = 0;
        size_t j = 0;
        while (i < ranges_.size() || j < other.ranges_.size()) {
            const bool mine = j == other.ranges_.size() ||
                              (i < ranges_.size() && ranges_[i].low < other.ranges_[j].low);
            set.Append(mine ? ranges_[i++] : other.ranges_[j++]);
        }
        return set;
    }

  private:
    // `range` begins nowhere before the last one; they are joined when they touch. Neighbouring
    // integers stay single values: as keys they are looked up, which a range cannot be.
    void Append(Range range) {
        if (ranges_.empty() || ranges_.back().high < range.low) {
            ranges_.push_back(std::move(range));
            return;
        }
        Range& last = ranges_.back();
        if (last.high.Order(range.low) == 0 && last.Point().has_value() &&
            range.Point().has_value()) {
            ranges_.push_back(std::move(range));
        } else if (last.high < range.high) {
            last.high = std::move(range.high);
        }
    }

    std::vector<Range> ranges_;
};

}  // namespace elanus::expr
