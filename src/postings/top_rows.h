// TopRows: the k best rows seen so far, by score, then by the lower row.
//
// Sums in whole units are finer than the floats that callers see. Rows are ordered by the floats,
// so that scores which look equal are; the limit in units lets every sum through that may round up.
// Threads: one search.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace elanus::postings {

class TopRows {
  public:
    // A row needs a sum of at least `floor`, which is above 0; a unit is a score of `unit`.
    void Reset(size_t k, int32_t floor, double unit) {
        k_ = k;
        limit_ = floor;
        unit_ = unit;
        keys_.clear();
    }
    // A lower sum cannot get in; this one can.
    int32_t limit() const { return limit_; }

    void Push(float score, uint32_t row) {
        const uint64_t key = uint64_t{std::bit_cast<uint32_t>(score)} << 32 | ~row;
        if (keys_.size() < k_) {
            keys_.push_back(key);
            std::push_heap(keys_.begin(), keys_.end(), std::greater<>());
        } else if (key > keys_.front()) {
            std::pop_heap(keys_.begin(), keys_.end(), std::greater<>());
            keys_.back() = key;
            std::push_heap(keys_.begin(), keys_.end(), std::greater<>());
        } else {
            return;
        }
        if (keys_.size() == k_) {
            constexpr double kRounding = 1 - 1.0 / (1 << 23);
            const double least = double{Score(keys_.front())} / unit_ * kRounding;
            limit_ = std::max(limit_, static_cast<int32_t>(least));
        }
    }

    // Best first; the rows are no heap afterwards.
    std::span<const uint64_t> Sorted() {
        std::sort(keys_.begin(), keys_.end(), std::greater<>());
        return keys_;
    }
    static float Score(uint64_t key) {
        return std::bit_cast<float>(static_cast<uint32_t>(key >> 32));
    }
    static uint32_t Row(uint64_t key) { return ~static_cast<uint32_t>(key); }

  private:
    size_t k_ = 0;
    int32_t limit_ = 1;
    double unit_ = 1;
    std::vector<uint64_t> keys_;  // a heap, the worst in front
};

}  // namespace elanus::postings
