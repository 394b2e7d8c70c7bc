// CandidatePool: the rows that a walk has met and may still go to, in sorted memory.
// Threads: belongs to one search.
#pragma once

#include "simd/sorted_keys.h"
#include "vindex/graph_index.h"

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

namespace elanus::vindex {

// The candidates of a plain walk, sorted; a key enters at its place and pushes the last one out.
// The first `expanded` of them are expanded, the others only kept.
class CandidatePool {
  public:
    CandidatePool(std::vector<uint64_t>& keys, size_t expanded, size_t capacity)
        : keys_(keys), expanded_(expanded), capacity_(capacity) {
        keys_.resize(capacity + 1);
    }
    float limit() const {
        return size_ < capacity_ ? std::numeric_limits<float>::infinity()
                                 : KeyCost(keys_[size_ - 1]);
    }
    void Insert(float cost, uint32_t row) {
        const uint64_t key = PoolKey(cost, row);
        if (size_ == capacity_ && key >= keys_[size_ - 1]) {
            return;
        }
        size_ = std::min(size_ + 1, capacity_);
        const size_t place = insert_(keys_.data(), size_ - 1, key);
        next_ = std::min(next_, place);
    }
    // The best one not taken yet of those to expand.
    bool Take(uint32_t* row, float* cost) {
        const size_t end = std::min(size_, expanded_);
        while (next_ < end && (keys_[next_] & 1) != 0) {
            ++next_;
        }
        if (next_ >= end) {
            return false;
        }
        *row = PoolRow(keys_[next_]);
        *cost = KeyCost(keys_[next_]);
        keys_[next_++] |= 1;
        return true;
    }
    // The one that Take() gives next, if nothing better enters.
    bool Next(uint32_t* row) const {
        const size_t end = std::min(size_, expanded_);
        size_t at = next_;
        while (at < end && (keys_[at] & 1) != 0) {
            ++at;
        }
        if (at < end) {
            *row = PoolRow(keys_[at]);
        }
        return at < end;
    }
    std::span<const uint64_t> all() const { return std::span(keys_).first(size_); }
    std::span<const uint64_t> kept() const {
        return std::span(keys_).subspan(std::min(size_, expanded_),
                                        size_ - std::min(size_, expanded_));
    }

  private:
    const simd::InsertKey insert_ = simd::SortedInsert();
    std::vector<uint64_t>& keys_;
    size_t expanded_;
    size_t capacity_;
    size_t size_ = 0;
    size_t next_ = 0;
};

}  // namespace elanus::vindex
