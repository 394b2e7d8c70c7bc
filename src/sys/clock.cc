#include "sys/clock.h"

#include <cerrno>
#include <ctime>

namespace elanus::sys {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kNsPerMs = 1'000'000;

int64_t ReadNs(clockid_t id) {
    timespec now{};
    ::clock_gettime(id, &now);
    return static_cast<int64_t>(now.tv_sec) * kNsPerSecond + now.tv_nsec;
}

class KernelClock : public Clock {
  public:
    int64_t WallMs() override { return ReadNs(CLOCK_REALTIME) / kNsPerMs; }
    int64_t MonotonicNs() override { return ReadNs(CLOCK_MONOTONIC); }
    void SleepMs(int64_t ms) override {
        if (ms <= 0) {
            return;
        }
        timespec left{static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000 * kNsPerMs)};
        while (::clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {
        }
    }
};

}  // namespace

Clock& RealClock() {
    static KernelClock clock;
    return clock;
}

int64_t SimClock::WallMs() {
    base::MutexLock lock(mutex_);
    return now_ns_ / kNsPerMs;
}

int64_t SimClock::MonotonicNs() {
    base::MutexLock lock(mutex_);
    return now_ns_;
}

void SimClock::SleepMs(int64_t ms) {
    base::MutexLock lock(mutex_);
    now_ns_ += ms > 0 ? ms * kNsPerMs : 0;
}

}  // namespace elanus::sys
