// Activity: how many requests run and when the last one began or ended, over all protocols.
// Why: `--exit-when-idle`, draining at shutdown, and the doctor ask one place.
// Threads: any; two relaxed atomics, because a reader only needs a recent value.
#pragma once

#include "sys/clock.h"

#include <atomic>
#include <cstdint>

namespace elanus::wire {

class Activity {
  public:
    explicit Activity(sys::Clock& clock) : clock_(clock), last_ns_(clock.MonotonicNs()) {}

    void Begin() {
        running_.fetch_add(1, std::memory_order_relaxed);
        Touch();
    }
    void End() {
        Touch();
        running_.fetch_sub(1, std::memory_order_relaxed);
    }

    int64_t running() const { return running_.load(std::memory_order_relaxed); }
    // Zero while a request runs.
    int64_t IdleMs() const {
        if (running() > 0) {
            return 0;
        }
        return (clock_.MonotonicNs() - last_ns_.load(std::memory_order_relaxed)) / 1'000'000;
    }

  private:
    void Touch() { last_ns_.store(clock_.MonotonicNs(), std::memory_order_relaxed); }

    sys::Clock& clock_;
    std::atomic<int64_t> running_{0};
    std::atomic<int64_t> last_ns_;
};

}  // namespace elanus::wire
