#include "loadgen/closed_loop.h"

#include "sys/clock.h"

#include <chrono>

namespace elanus::loadgen {

using base::Status;

ClosedLoop::ClosedLoop(const LoopLimits& limits, Issue issue, HistogramOf histogram_of)
    : limits_(limits), issue_(std::move(issue)), histogram_of_(std::move(histogram_of)) {}

LoopResult ClosedLoop::Run(const Progress& progress) {
    begin_ns_ = sys::RealClock().MonotonicNs();
    {
        base::MutexLock lock(mutex_);
        running_ = limits_.concurrency;
    }
    for (size_t i = 0; i < limits_.concurrency; ++i) {
        StartNext();
    }
    mutex_.Lock();
    while (running_ > 0) {
        if (!changed_.WaitFor(mutex_, std::chrono::milliseconds(kProgressMs)) && running_ > 0) {
            mutex_.Unlock();
            progress(SoFar());
            mutex_.Lock();
        }
    }
    LoopResult result = SoFar();
    result.status = failure_;
    mutex_.Unlock();
    return result;
}

LoopResult ClosedLoop::SoFar() const {
    LoopResult result;
    result.requests = done_.load();
    result.seconds = static_cast<double>(sys::RealClock().MonotonicNs() - begin_ns_) / 1e9;
    return result;
}

bool ClosedLoop::TimeIsUp(int64_t now_ns) const {
    return limits_.seconds_max > 0 &&
           static_cast<double>(now_ns - begin_ns_) >= limits_.seconds_max * 1e9;
}

// Starts a request in the place of one that has ended, or gives the place up.
void ClosedLoop::StartNext() {
    const int64_t now_ns = sys::RealClock().MonotonicNs();
    if (!failed_.load(std::memory_order_relaxed) && !TimeIsUp(now_ns)) {
        const int64_t number = next_.fetch_add(1, std::memory_order_relaxed);
        if (limits_.requests_max == 0 || number < limits_.requests_max) {
            LatencyHistogram* histogram = histogram_of_(number);
            issue_(number, [this, now_ns, histogram](const Status& status) {
                Finish(now_ns, histogram, status);
            });
            return;
        }
    }
    base::MutexLock lock(mutex_);
    if (--running_ == 0) {
        changed_.NotifyAll();
    }
}

void ClosedLoop::Finish(int64_t started_ns, LatencyHistogram* histogram, const Status& status) {
    if (status.ok()) {
        histogram->Add(sys::RealClock().MonotonicNs() - started_ns);
        done_.fetch_add(1, std::memory_order_relaxed);
    } else {
        base::MutexLock lock(mutex_);
        if (!failed_.exchange(true)) {
            failure_ = status;
        }
    }
    StartNext();
}

}  // namespace elanus::loadgen
