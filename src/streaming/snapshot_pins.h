// SnapshotPins: the moments at which iterators read one vchannel, so that compaction keeps what
// they still have to see. A pin is made by a read that says that others at its moment may follow,
// and ends when none has come for as long as it said.
//
// Pins are in memory only. After a restart those of before are not known, so for a while nothing
// younger than the longest hold before the restart is given up (ForgetBefore).
// Threads: any.
#pragma once

#include "base/mutex.h"
#include "base/timestamp.h"

#include <cstdint>
#include <map>

namespace elanus::streaming {

class SnapshotPins {
  public:
    // Reads at `snapshot` may follow until `until_ns`.
    void Hold(base::Timestamp snapshot, int64_t until_ns);
    // Until `until_ns`, iterators that are not known here may read at moments after `oldest`.
    void ForgetBefore(base::Timestamp oldest, int64_t until_ns);
    // The latest moment at or below `wanted` such that no pinned moment lies below it.
    base::Timestamp Horizon(base::Timestamp wanted, int64_t now_ns);

  private:
    // With more, neighbours share one: the earlier moment, the later end.
    static constexpr size_t kPinsMax = 4096;

    base::Mutex mutex_;
    std::map<base::Timestamp, int64_t> until_ns_ GUARDED_BY(mutex_);
    base::Timestamp unknown_from_ GUARDED_BY(mutex_) = 0;
    int64_t unknown_until_ns_ GUARDED_BY(mutex_) = 0;
};

}  // namespace elanus::streaming
