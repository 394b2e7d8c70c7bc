#include "streaming/snapshot_pins.h"

#include <algorithm>
#include <iterator>

namespace elanus::streaming {

void SnapshotPins::Hold(base::Timestamp snapshot, int64_t until_ns) {
    base::MutexLock lock(mutex_);
    int64_t& until = until_ns_[snapshot];
    until = std::max(until, until_ns);
    if (until_ns_.size() > kPinsMax) {
        const auto first = until_ns_.begin();
        const auto second = std::next(first);
        first->second = std::max(first->second, second->second);
        until_ns_.erase(second);
    }
}

void SnapshotPins::ForgetBefore(base::Timestamp oldest, int64_t until_ns) {
    base::MutexLock lock(mutex_);
    unknown_from_ = oldest;
    unknown_until_ns_ = until_ns;
}

base::Timestamp SnapshotPins::Horizon(base::Timestamp wanted, int64_t now_ns) {
    base::MutexLock lock(mutex_);
    std::erase_if(until_ns_, [&](const auto& pin) { return pin.second <= now_ns; });
    base::Timestamp horizon = wanted;
    if (!until_ns_.empty()) {
        horizon = std::min(horizon, until_ns_.begin()->first);
    }
    return now_ns < unknown_until_ns_ ? std::min(horizon, unknown_from_) : horizon;
}

}  // namespace elanus::streaming
