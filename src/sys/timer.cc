#include "sys/timer.h"

#include <chrono>

namespace elanus::sys {

Timer::Timer(Clock& clock) : clock_(clock), thread_("timer", [this] { Run(); }) {}

Timer::~Timer() {
    {
        base::MutexLock lock(mutex_);
        stopping_ = true;
        tasks_.clear();
        changed_.NotifyAll();
    }
    thread_.Join();
}

void Timer::RunAfter(int64_t delay_ms, Task task) {
    base::MutexLock lock(mutex_);
    if (stopping_) {
        return;
    }
    tasks_.emplace(clock_.MonotonicNs() + delay_ms * 1'000'000, std::move(task));
    changed_.NotifyAll();
}

void Timer::Run() {
    mutex_.Lock();
    while (!stopping_) {
        if (tasks_.empty()) {
            changed_.Wait(mutex_);
            continue;
        }
        const int64_t wait_ns = tasks_.begin()->first - clock_.MonotonicNs();
        if (wait_ns > 0) {
            changed_.WaitFor(mutex_, std::chrono::nanoseconds(wait_ns));
            continue;
        }
        const Task task = std::move(tasks_.begin()->second);
        tasks_.erase(tasks_.begin());
        mutex_.Unlock();
        task();
        mutex_.Lock();
    }
    mutex_.Unlock();
}

}  // namespace elanus::sys
