// ChannelClock: the timestamps of one physical channel, in the order of its log.
//
// Invariants:
//   INV-CLOCK-1  Next() is above everything that Next() gave and that Observe() and Raise() were
//   told.
// Why batches: one call of the oracle serves many appends of a busy channel. A batch is dropped
// after a few milliseconds, so that a quiet channel does not stamp rows with an old time. Threads:
// none of its own; the channel's order mutex guards it.
#pragma once

#include "base/status.h"
#include "base/timestamp.h"
#include "roles/root_coord.h"
#include "sys/clock.h"

#include <algorithm>

namespace elanus::streaming {

class ChannelClock {
  public:
    ChannelClock(roles::RootCoord& root_coord, sys::Clock& clock)
        : root_coord_(root_coord), clock_(clock) {}

    base::Result<base::Timestamp> Next();
    // A read is about to see everything up to `wanted`: nothing at or below it is given out later.
    // The result is `wanted`, or the present when that lies in the future.
    base::Result<base::Timestamp> Observe(base::Timestamp wanted);
    // Nothing at or below `seen` is given out later.
    void Raise(base::Timestamp seen) { floor_ = std::max(floor_, seen + 1); }

  private:
    base::Status Refill();
    bool Stale();

    roles::RootCoord& root_coord_;
    sys::Clock& clock_;
    base::Timestamp next_ = 0;
    base::Timestamp end_ = 0;    // [next_, end_) is ours
    base::Timestamp floor_ = 1;  // the smallest that may be given out
    int64_t taken_ns_ = 0;
};

}  // namespace elanus::streaming
