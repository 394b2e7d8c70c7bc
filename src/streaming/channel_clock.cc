#include "streaming/channel_clock.h"

namespace elanus::streaming {
namespace {

constexpr uint32_t kBatch = 64;
constexpr int64_t kBatchAgeNs = 5'000'000;
// A guarantee that is no further ahead of our clock than this is believed without asking the
// oracle: machines' clocks differ by a little. An append then waits until the oracle has passed it.
constexpr int64_t kBelievedAheadMs = 1'000;
constexpr int kCatchUpMsMax = 5'000;

}  // namespace

bool ChannelClock::Stale() {
    return next_ == end_ || clock_.MonotonicNs() - taken_ns_ > kBatchAgeNs;
}

base::Status ChannelClock::Refill() {
    ASSIGN_OR_RETURN(const roles::AllocResponse batch,
                     root_coord_.AllocTimestamps(base::CallContext(), {kBatch}));
    next_ = batch.first;
    end_ = batch.first + kBatch;
    taken_ns_ = clock_.MonotonicNs();
    return base::Status();
}

base::Result<base::Timestamp> ChannelClock::Next() {
    if (Stale() || end_ <= floor_) {
        RETURN_IF_ERROR(Refill());
    }
    for (int waited_ms = 0; end_ <= floor_; ++waited_ms) {
        if (waited_ms == kCatchUpMsMax) {
            return base::Status::Error(base::Code::kServiceUnavailable,
                                       "the timestamp oracle is behind what reads were promised");
        }
        clock_.SleepMs(1);
        RETURN_IF_ERROR(Refill());
    }
    next_ = std::max(next_, floor_);
    floor_ = next_ + 1;
    return next_++;
}

base::Result<base::Timestamp> ChannelClock::Observe(base::Timestamp wanted) {
    if (wanted < floor_) {
        return wanted;
    }
    if (base::PhysicalMs(wanted) > clock_.WallMs() + kBelievedAheadMs) {
        RETURN_IF_ERROR(Refill());
        wanted = std::min(wanted, next_ - 1);
    }
    Raise(wanted);
    return wanted;
}

}  // namespace elanus::streaming
