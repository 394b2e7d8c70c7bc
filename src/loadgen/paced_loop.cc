#include "loadgen/paced_loop.h"

#include "sys/clock.h"

namespace elanus::loadgen {

PacedLoop::PacedLoop(double rate, size_t under_way_max, Issue issue)
    : rate_(rate),
      under_way_max_(under_way_max),
      issue_(std::move(issue)),
      begin_ns_(sys::RealClock().MonotonicNs()),
      thread_(std::make_unique<sys::Thread>("paced", [this] { Run(); })) {}

PacedLoop::~PacedLoop() {
    Stop();
}

PacedResult PacedLoop::Stop() {
    stopping_ = true;
    thread_->Join();
    PacedResult result;
    result.seconds = static_cast<double>(sys::RealClock().MonotonicNs() - begin_ns_) / 1e9;
    result.missed = missed_;
    base::MutexLock lock(mutex_);
    while (under_way_ > 0) {
        changed_.Wait(mutex_);
    }
    result.status = failure_;
    result.answered = answered_;
    return result;
}

void PacedLoop::Run() {
    for (int64_t number = 0; !stopping_; ++number) {
        const int64_t due_ns =
            begin_ns_ + static_cast<int64_t>(static_cast<double>(number) * 1e9 / rate_);
        const int64_t early_ns = due_ns - sys::RealClock().MonotonicNs();
        if (early_ns >= 1'000'000) {
            sys::RealClock().SleepMs(early_ns / 1'000'000);
        }
        {
            base::MutexLock lock(mutex_);
            if (under_way_ >= under_way_max_) {
                ++missed_;
                continue;
            }
            ++under_way_;
        }
        issue_(number, [this, due_ns](const base::Status& status) { Finish(due_ns, status); });
    }
}

void PacedLoop::Finish(int64_t due_ns, const base::Status& status) {
    if (status.ok()) {
        latencies_.Add(sys::RealClock().MonotonicNs() - due_ns);
    }
    base::MutexLock lock(mutex_);
    answered_ += status.ok() ? 1 : 0;
    if (!status.ok() && failure_.ok()) {
        failure_ = status;
    }
    if (--under_way_ == 0) {
        changed_.NotifyAll();
    }
}

}  // namespace elanus::loadgen
