// Keys and the collector of the k best.
//
// A key is one integer: cost in the upper half, row in the lower. Its order is total (NaN costs
// last), which makes "best first, ties by row" one comparison and keeps sorts and heaps within
// bounds whatever bytes a damaged file holds.
#pragma once

#include "simd/ordered_bits.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace elanus::vindex {

inline uint64_t MakeKey(float cost, uint32_t row) {
    return (static_cast<uint64_t>(simd::OrderedBits(cost)) << 32) | row;
}
inline uint32_t KeyRow(uint64_t key) {
    return static_cast<uint32_t>(key);
}
inline float KeyCost(uint64_t key) {
    const auto ordered = static_cast<uint32_t>(key >> 32);
    return std::bit_cast<float>((ordered >> 31) != 0 ? ordered ^ 0x80000000u : ~ordered);
}

// Collects up to 2k keys, then drops the worse half: cheaper than a heap when many keys enter, and
// one comparison a key when few do.
class TopK {
  public:
    void Reset(size_t k) {
        k_ = k;
        limit_ = std::numeric_limits<uint64_t>::max();
        keys_.clear();
    }
    // Keys at or above this one cannot be among the k best.
    uint64_t limit() const { return limit_; }
    void Push(uint64_t key) {
        if (key < limit_) {
            keys_.push_back(key);
            if (keys_.size() >= std::max<size_t>(2 * k_, kKeysMin)) {
                Shrink();
            }
        }
    }
    // limit(), exact: the k-th best key so far, as soon as there are k. Not for every key: if any
    // has entered it looks at all that are kept.
    uint64_t Tighten() {
        if (keys_.size() == k_ && k_ > 0 && limit_ == std::numeric_limits<uint64_t>::max()) {
            limit_ = *std::max_element(keys_.begin(), keys_.end());
        }
        Shrink();
        return limit_;
    }
    // The k best, best first.
    std::span<const uint64_t> Sorted() {
        if (keys_.size() > k_) {
            Shrink();
        }
        std::sort(keys_.begin(), keys_.end());
        return keys_;
    }

  private:
    static constexpr size_t kKeysMin = 64;

    void Shrink() {
        if (keys_.size() <= k_) {
            return;
        }
        const auto kth = keys_.begin() + static_cast<ptrdiff_t>(k_ - 1);
        std::nth_element(keys_.begin(), kth, keys_.end());
        limit_ = *kth;
        keys_.resize(k_);
    }

    size_t k_ = 1;
    uint64_t limit_ = 0;
    std::vector<uint64_t> keys_;
};

}  // namespace elanus::vindex
