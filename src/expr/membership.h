// Membership: an in-list over a fixed-width column of type T, answered in words of 64 rows.
// Internal to the evaluator.
//
// A few constants are as many kernel passes; more are one lookup a row (simd/membership.h), for
// which narrower values and floats are widened block by block.
// Threads: immutable once made.
#pragma once

#include "expr/predicate.h"
#include "simd/compare.h"
#include "simd/membership.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <vector>

namespace elanus::expr::internal {

template <typename T>
class Membership {
  public:
    // Rows a call may take at most.
    static constexpr size_t kBlockRows = 4096;

    explicit Membership(std::vector<WideOf<T>> constants) {
        for (const WideOf<T> constant : constants) {
            if (IsPossible(constant)) {
                values_.push_back(static_cast<T>(constant));
            }
        }
        if (values_.size() <= kPassesMax) {
            return;
        }
        std::vector<int64_t> keys;
        keys.reserve(values_.size());
        for (const T value : values_) {
            keys.push_back(KeyOf(value));
        }
        set_ = simd::MembershipSet::Make(keys);
        if (!set_.has_value()) {
            std::sort(values_.begin(), values_.end());
        }
    }

    // `words` is written, whatever it held.
    void Contains(const T* values, size_t count, uint64_t* words) const {
        if (values_.size() <= kPassesMax) {
            return CompareEach(values, count, words);
        }
        if (!set_.has_value()) {
            return SearchEach(values, count, words);
        }
        if constexpr (std::is_same_v<T, int64_t>) {
            set_->Contains(values, count, words);
        } else {
            int64_t keys[kBlockRows];
            for (size_t i = 0; i < count; ++i) {
                keys[i] = KeyOf(values[i]);
            }
            set_->Contains(keys, count, words);
        }
    }

  private:
    static constexpr size_t kPassesMax = 6;

    // NaN equals nothing, and no column holds what its type does not.
    static bool IsPossible(WideOf<T> constant) {
        if constexpr (std::is_floating_point_v<T>) {
            return constant == constant;
        } else {
            return constant >= std::numeric_limits<T>::min() &&
                   constant <= std::numeric_limits<T>::max();
        }
    }
    static int64_t KeyOf(T value) {
        if constexpr (std::is_floating_point_v<T>) {
            return simd::MembershipSet::KeyOf(static_cast<double>(value));
        } else {
            return value;
        }
    }

    void CompareEach(const T* values, size_t count, uint64_t* words) const {
        std::fill_n(words, (count + 63) / 64, 0);
        uint64_t hits[kBlockRows / 64];
        for (const T value : values_) {
            simd::Compare<T>(simd::CompareOp::kEq, values, count, value, hits);
            for (size_t w = 0; w < (count + 63) / 64; ++w) {
                words[w] |= hits[w];
            }
        }
    }
    void SearchEach(const T* values, size_t count, uint64_t* words) const {
        std::fill_n(words, (count + 63) / 64, 0);
        for (size_t i = 0; i < count; ++i) {
            const bool found = std::binary_search(values_.begin(), values_.end(), values[i]);
            words[i / 64] |= static_cast<uint64_t>(found) << (i % 64);
        }
    }

    std::vector<T> values_;  // ascending when they are searched
    std::optional<simd::MembershipSet> set_;
};

}  // namespace elanus::expr::internal
