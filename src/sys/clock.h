// Clock: wall and monotonic time, and waiting. The real one asks the kernel; SimClock moves by
// hand. Threads: any.
#pragma once

#include "base/mutex.h"

#include <cstdint>

namespace elanus::sys {

class Clock {
  public:
    virtual ~Clock() = default;
    virtual int64_t WallMs() = 0;
    virtual int64_t MonotonicNs() = 0;
    virtual void SleepMs(int64_t ms) = 0;
};

Clock& RealClock();

// Starts at a fixed moment; SleepMs moves it forward and returns at once.
class SimClock : public Clock {
  public:
    explicit SimClock(int64_t start_ms = 1'700'000'000'000) : now_ns_(start_ms * 1'000'000) {}
    int64_t WallMs() override;
    int64_t MonotonicNs() override;
    void SleepMs(int64_t ms) override;
    void AdvanceMs(int64_t ms) { SleepMs(ms); }

  private:
    base::Mutex mutex_;
    int64_t now_ns_ GUARDED_BY(mutex_);
};

}  // namespace elanus::sys
