// KeyGuard: which primary keys of a vchannel are being written right now, so that a write with a
// condition on its keys (unique keys, a row made from an older one) is decided in the order of the
// log.
//
// How: a write that is tracked holds mutex() from the look at its keys until its record has its
// place in the log, and its keys stay here until the record is applied. So whoever comes later
// finds
// each earlier write either here or in the rows, and none can slip in between. What is refused
// never
// reaches the log, and recovery needs no conditions.
// A vchannel that has never seen a condition does not track: a write costs two atomic additions.
// The first condition switches tracking on, for good; until the writes that began before are
// through
// it is refused (kConflict), and the caller tries again.
// Invariants:
//   INV-KEYGUARD-1  With tracking() and no untracked() write, every write in flight is held here.
// Lock order: mutex() of one vchannel, others by ascending name, then the channel's order mutex or
// the vchannel's own mutex.
// Threads: any.
#pragma once

#include "base/mutex.h"
#include "schema/primary_key.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace elanus::streaming {

class KeyGuard {
  public:
    void Track() { tracking_.store(true); }
    bool tracking() const { return tracking_.load(); }

    // True when the write goes untracked; then LeaveUntracked() when it is through.
    bool EnterUntracked() {
        untracked_.fetch_add(1);
        if (!tracking_.load()) {
            return true;
        }
        untracked_.fetch_sub(1);
        return false;
    }
    void LeaveUntracked() { untracked_.fetch_sub(1); }
    int64_t untracked() const { return untracked_.load(); }

    base::Mutex& mutex() { return mutex_; }

    // What the keys are in flight for.
    enum class Use : uint8_t { kRows, kDeletes };
    void Add(const schema::PrimaryKeys& keys, Use use) REQUIRES(mutex_) { Count(keys, use, 1); }
    void Remove(const schema::PrimaryKeys& keys, Use use) {
        base::MutexLock lock(mutex_);
        Count(keys, use, -1);
    }
    // The number of the first key that is in flight, for rows or (unless `rows_only`) for a delete;
    // keys.size() when none is.
    size_t FirstInFlight(const schema::PrimaryKeys& keys, bool rows_only) const REQUIRES(mutex_);

    // Conditions are refused while an event that removes rows is on its way.
    void Block() {
        base::MutexLock lock(mutex_);
        ++blocks_;
    }
    void Unblock() {
        base::MutexLock lock(mutex_);
        --blocks_;
    }
    bool blocked() const REQUIRES(mutex_) { return blocks_ > 0; }

  private:
    struct Uses {
        int64_t rows = 0;
        int64_t deletes = 0;
    };
    void Count(const schema::PrimaryKeys& keys, Use use, int64_t by) REQUIRES(mutex_);

    std::atomic<bool> tracking_{false};
    std::atomic<int64_t> untracked_{0};
    base::Mutex mutex_;
    int blocks_ GUARDED_BY(mutex_) = 0;
    std::unordered_map<int64_t, Uses> ints_ GUARDED_BY(mutex_);
    std::unordered_map<std::string, Uses> strings_ GUARDED_BY(mutex_);
};

}  // namespace elanus::streaming
