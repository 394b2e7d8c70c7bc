// Times of steps, added to sums that become counters. Threads: each belongs to one.
#pragma once

#include "sys/clock.h"

#include <cstdint>

namespace elanus::sys {

// The time of a scope.
class Stopwatch {
  public:
    // Both outlive the stopwatch.
    Stopwatch(Clock& clock, uint64_t* total_ns) : Stopwatch(clock, clock.MonotonicNs(), total_ns) {}
    // The scope began at `begin_ns`.
    Stopwatch(Clock& clock, int64_t begin_ns, uint64_t* total_ns)
        : clock_(clock), total_ns_(total_ns), begin_ns_(begin_ns) {}
    ~Stopwatch() { *total_ns_ += static_cast<uint64_t>(clock_.MonotonicNs() - begin_ns_); }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

  private:
    Clock& clock_;
    uint64_t* const total_ns_;
    const int64_t begin_ns_;
};

// Times of steps that follow each other: each reading of the clock ends one and begins the next.
class LapTimer {
  public:
    explicit LapTimer(Clock& clock)
        : clock_(clock), begin_ns_(clock.MonotonicNs()), last_ns_(begin_ns_) {}

    void Lap(uint64_t* total_ns) {
        const int64_t now_ns = clock_.MonotonicNs();
        *total_ns += static_cast<uint64_t>(now_ns - last_ns_);
        last_ns_ = now_ns;
    }
    // From the beginning to the end of the last lap.
    uint64_t elapsed_ns() const { return static_cast<uint64_t>(last_ns_ - begin_ns_); }

  private:
    Clock& clock_;
    const int64_t begin_ns_;
    int64_t last_ns_;
};

}  // namespace elanus::sys
