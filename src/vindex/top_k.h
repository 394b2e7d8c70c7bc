// Keys and the collector of the k best.
//
// A key is one integer: cost in the upper half, row in the lower. Its order is total (NaN costs
// last), which makes "best first, ties by row" one comparison and keeps sorts and heaps within
// bounds whatever bytes a damaged file holds.
#pragma once

#include "simd/open_keys.h"
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

// A limit that `wanted` of the keys, and at most `spare` more, are below: found by halving, since
// comparing all keys with a limit takes less time than moving some. 0 < wanted < keys.size(). Of
// equal keys at the border all are below it.
inline uint64_t LimitOfBest(std::span<const uint64_t> keys, size_t wanted, size_t spare) {
    const simd::OpenKeys& loops = simd::Keys();
    uint64_t low = keys[loops.least(keys.data(), keys.size())];
    uint64_t high = *std::max_element(keys.begin(), keys.end());
    // Fewer than `wanted` keys are below `low`, and at least as many up to `high`.
    while (low < high) {
        const uint64_t middle = low + (high - low + 1) / 2;
        const size_t below = loops.count_below(keys.data(), keys.size(), middle);
        if (below >= wanted && below <= wanted + spare) {
            return middle;
        }
        if (below < wanted) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low + 1;
}

// Collects up to 2k keys, then drops the worse half or nearly so: cheaper than a heap when many
// keys enter, and one comparison a key when few do.
class TopK {
  public:
    void Reset(size_t k) {
        k_ = k;
        limit_ = k > 0 ? std::numeric_limits<uint64_t>::max() : 0;
        keys_.clear();
    }
    // Keys at or above this one cannot be among the k best.
    uint64_t limit() const { return limit_; }
    void Push(uint64_t key) {
        if (key < limit_) {
            keys_.push_back(key);
            if (keys_.size() >= std::max<size_t>(2 * k_, kKeysMin)) {
                DropWorse(k_ / kSpare);
            }
        }
    }
    // limit(), exact: the k-th best key so far, as soon as there are k. Not for every key: it looks
    // at all that are kept.
    uint64_t Tighten() {
        DropWorse(0);
        if (keys_.size() == k_ && k_ > 0) {
            limit_ = *std::max_element(keys_.begin(), keys_.end());
        }
        return limit_;
    }
    // The k best, in any order.
    std::span<const uint64_t> Kept() {
        DropWorse(0);
        return keys_;
    }
    // The k best, best first.
    std::span<const uint64_t> Sorted() {
        DropWorse(0);
        std::sort(keys_.begin(), keys_.end());
        return keys_;
    }

  private:
    static constexpr size_t kKeysMin = 64;
    static constexpr size_t kSpare = 8;
    static constexpr size_t kFewKeys = 32;  // are put in order in less time than a limit is found

    // Leaves the k best, and at most `spare` more.
    void DropWorse(size_t spare) {
        const size_t count = keys_.size();
        if (count <= k_ + spare) {
            return;
        }
        if (count <= kFewKeys) {
            const auto worst = keys_.begin() + static_cast<ptrdiff_t>(k_ - 1);
            std::nth_element(keys_.begin(), worst, keys_.end());
            limit_ = *worst;
            keys_.resize(k_);
            return;
        }
        limit_ = LimitOfBest(keys_, k_, spare);
        keys_.resize(count + simd::kKeysBeyond);
        keys_.resize(simd::Keys().keep_below(keys_.data(), count, limit_));
        if (keys_.size() > k_ + spare) {
            DropEqual();
        }
    }
    // The worst key is there more than once, and they do not all fit.
    void DropEqual() {
        const uint64_t worst = *std::max_element(keys_.begin(), keys_.end());
        std::partition(keys_.begin(), keys_.end(), [&](uint64_t key) { return key < worst; });
        keys_.resize(k_);
    }

    size_t k_ = 1;
    uint64_t limit_ = 0;
    std::vector<uint64_t> keys_;
};

}  // namespace elanus::vindex
