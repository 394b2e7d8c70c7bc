// Random: where numbers that nobody may foresee, or that a test must be able to repeat, come from.
// RealRandom is seeded by the kernel; SeededRandom gives the same numbers for the same seed.
// Not called random.h: the include path would put it before the kernel's <sys/random.h>.
// Threads: any.
#pragma once

#include "base/mutex.h"

#include <cstdint>

namespace elanus::sys {

class Random {
  public:
    virtual ~Random() = default;
    virtual uint64_t Next() = 0;
    // Even over [0, bound); 0 when bound is 0.
    uint64_t Below(uint64_t bound);
    bool OneIn(uint64_t n) { return Below(n) == 0; }
};

Random& RealRandom();

// SplitMix64: passes the usual test batteries, one addition and three multiplications a number.
class SeededRandom : public Random {
  public:
    explicit SeededRandom(uint64_t seed) : state_(seed) {}
    uint64_t Next() override;

  private:
    base::Mutex mutex_;
    uint64_t state_ GUARDED_BY(mutex_);
};

}  // namespace elanus::sys
