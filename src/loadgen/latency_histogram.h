// LatencyHistogram: durations in buckets that are at most 1.6 % wide, so that any number of
// requests takes 30 KB. Threads: Add from any; read when no Add runs.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace elanus::loadgen {

class LatencyHistogram {
  public:
    void Add(int64_t ns) {
        const auto value = static_cast<uint64_t>(ns > 0 ? ns : 0);
        counts_[BucketOf(value)].fetch_add(1, std::memory_order_relaxed);
        count_.fetch_add(1, std::memory_order_relaxed);
        uint64_t seen = max_.load(std::memory_order_relaxed);
        while (value > seen && !max_.compare_exchange_weak(seen, value)) {
        }
    }

    uint64_t count() const { return count_.load(); }
    int64_t max_ns() const { return static_cast<int64_t>(max_.load()); }
    // The duration that `share` (0..1) of all stayed under or at; 0 when there is none.
    int64_t Percentile(double share) const {
        const auto wanted = static_cast<uint64_t>(share * static_cast<double>(count()));
        uint64_t passed = 0;
        for (size_t i = 0; i < counts_.size(); ++i) {
            passed += counts_[i].load();
            if (passed > wanted || (passed == count() && passed > 0)) {
                return std::min(static_cast<int64_t>(MiddleOf(i)), max_ns());
            }
        }
        return 0;
    }

  private:
    static constexpr uint64_t kSteps = 64;  // buckets for each power of two
    static constexpr uint64_t kStepBits = 6;

    static size_t BucketOf(uint64_t value) {
        if (value < kSteps) {
            return value;
        }
        const auto shift = static_cast<uint64_t>(std::bit_width(value)) - kStepBits - 1;
        return (shift + 1) * kSteps + (value >> shift) - kSteps;
    }
    static uint64_t MiddleOf(size_t bucket) {
        if (bucket < kSteps) {
            return bucket;
        }
        const uint64_t shift = bucket / kSteps - 1;
        return ((bucket % kSteps + kSteps) << shift) + ((uint64_t{1} << shift) >> 1);
    }

    std::array<std::atomic<uint64_t>, (64 - kStepBits + 1) * kSteps> counts_{};
    std::atomic<uint64_t> count_{0};
    std::atomic<uint64_t> max_{0};
};

}  // namespace elanus::loadgen
