// TopK: the k best of the rows offered to it. Works on "keys", where lower is better: the squared
// L2 distance itself, or the negated similarity; so range bounds read the same for every metric:
// low <= key < high.
// Threads: a value.
#pragma once

#include "base/ids.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace elanus::segment {

class TopK {
  public:
    explicit TopK(size_t k) : k_(k) {}

    // Only keys with low <= key < high count; an infinite `high` is no bound.
    void SetRange(float low, float high) {
        low_ = low;
        high_ = high;
        ranged_ = true;
    }

    // Rows come in ascending order, so an equal key never displaces an earlier row.
    void Offer(float key, base::RowOffset row) {
        if (full_ && !(key < worst_)) {
            return;
        }
        Insert(key, row);
    }

    // Keys that are not below it cannot enter; NaN while any may.
    float limit() const { return full_ ? worst_ : std::numeric_limits<float>::quiet_NaN(); }

    // Best first, equal keys by row.
    std::vector<std::pair<float, base::RowOffset>> Take() {
        std::sort_heap(heap_.begin(), heap_.end());
        return std::move(heap_);
    }

  private:
    bool InRange(float key) const {
        constexpr float kInfinity = std::numeric_limits<float>::infinity();
        return low_ <= key && (key < high_ || high_ == kInfinity);
    }

    void Insert(float key, base::RowOffset row) {
        if (std::isnan(key)) {  // infinity minus infinity: worse than every number, yet a match
            key = std::numeric_limits<float>::infinity();
        }
        if (k_ == 0 || (ranged_ && !InRange(key))) {
            return;
        }
        if (full_) {
            std::pop_heap(heap_.begin(), heap_.end());
            heap_.back() = {key, row};
        } else {
            heap_.emplace_back(key, row);
        }
        std::push_heap(heap_.begin(), heap_.end());
        full_ = heap_.size() == k_;
        worst_ = heap_.front().first;
    }

    size_t k_;
    bool full_ = false;
    bool ranged_ = false;
    float worst_ = 0;
    float low_ = 0;
    float high_ = 0;
    std::vector<std::pair<float, base::RowOffset>> heap_;  // max-heap once full
};

}  // namespace elanus::segment
