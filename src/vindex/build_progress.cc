#include "vindex/build_progress.h"

#include <numeric>
#include <utility>

namespace elanus::vindex {
namespace {

constexpr uint64_t kSteps = 100;
constexpr double kStep = 1.0 / kSteps;

}  // namespace

RisingProgress::RisingProgress(const Progress& callback) : callback_(callback) {
    if (callback_) {
        callback_(0);
    }
}

// Threads come here in another order than that in which they counted.
void RisingProgress::Report(double share) {
    base::MutexLock lock(mutex_);
    if (share >= last_ + kStep && share < 1) {
        last_ = share;
        callback_(share);
    }
}

void RisingProgress::Finish() {
    base::MutexLock lock(mutex_);
    if (callback_) {
        callback_(1);
    }
}

PartsProgress::PartsProgress(Progress whole, std::vector<double> weights)
    : whole_(std::move(whole)), ends_(std::move(weights)) {
    std::partial_sum(ends_.begin(), ends_.end(), ends_.begin());
    const double sum = ends_.back();
    for (double& end : ends_) {
        end /= sum;
    }
}

Progress PartsProgress::Next() {
    const double begin = next_ > 0 ? ends_[next_ - 1] : 0;
    const double length = ends_[next_++] - begin;
    if (!whole_) {
        return {};
    }
    whole_(begin);
    return [whole = whole_, begin, length](double share) { whole(begin + share * length); };
}

void CountedProgress::Add(uint64_t units) {
    if (!whole_) {
        return;
    }
    const uint64_t before = done_.fetch_add(units, std::memory_order_relaxed);
    if (before * kSteps / units_ != (before + units) * kSteps / units_) {
        whole_(static_cast<double>(before + units) / static_cast<double>(units_));
    }
}

}  // namespace elanus::vindex
