// NumberAllocator: strictly increasing 64-bit numbers in the shape of hybrid timestamps, restarts
// included. One instance is the timestamp oracle (TSO), another hands out ids.
//
// How: numbers below a limit kept in the catalog may be given out from memory; when they run out
// the limit moves kWindowMs ahead of the clock. After a restart allocation starts at the old limit,
// so a number is never given twice even when the wall clock went back. A clean stop gives back what
// is left of the window: else every timestamp of the first seconds after a start would lie ahead of
// the clock, and what counts age in them (expiry, what compaction may drop) would lag behind.
// Idle costs nothing. Threads: any.
#pragma once

#include "base/mutex.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "coord/coord_store.h"
#include "sys/clock.h"

#include <string>

namespace elanus::coord {

class NumberAllocator {
  public:
    // `name` is the catalog key under alloc/.
    NumberAllocator(CoordStore& store, sys::Clock& clock, std::string name);

    base::Status Open();
    // [first, first + count) are the caller's.
    base::Result<uint64_t> Allocate(uint32_t count);
    // The next start goes on where this one ended. Allocate still works afterwards.
    base::Status GiveBackWindow();

  private:
    static constexpr int64_t kWindowMs = 3000;

    base::Status MoveLimit(uint64_t limit) REQUIRES(mutex_);

    CoordStore& store_;
    sys::Clock& clock_;
    const std::string key_;
    base::Mutex mutex_;
    uint64_t next_ GUARDED_BY(mutex_) = 1;
    uint64_t limit_ GUARDED_BY(mutex_) = 0;
};

}  // namespace elanus::coord
