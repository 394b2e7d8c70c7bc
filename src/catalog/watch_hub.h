// WatchHub: the recent changes of a catalog, and the watches that read them.
//
// Why: a change is applied under the catalog's mutex, but watchers must be called without it. The
// catalog appends each change here in revision order; whoever comes first delivers, for everybody.
// Invariants:
//   INV-WATCH-1  The history holds every revision from first_kept_ to current_, without a gap.
//   INV-WATCH-2  At most one thread delivers at a time; a callback that changes the catalog only
//                appends, and the delivering thread above it goes on with what it appended.
// Threads: Append only under the catalog's mutex (it fixes the order); the rest from any thread.
// Lifetime: shared by the catalog and its handles, so a handle may be dropped last.
#pragma once

#include "base/mutex.h"
#include "catalog/catalog.h"

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <thread>

namespace elanus::catalog {

class WatchHub : public std::enable_shared_from_this<WatchHub> {
  public:
    // What is kept for watches that start late or fall behind; past either, the oldest goes.
    struct Limits {
        size_t events = 8192;
        size_t bytes = size_t{4} << 20;
    };

    WatchHub(Revision current, Limits limits)
        : limits_(limits), first_kept_(current + 1), current_(current) {}

    // `revision` is the one after the last appended.
    void Append(Revision revision, std::vector<WatchEvent> events);
    base::Result<std::unique_ptr<WatchHandle>> Add(const std::string& prefix, Revision from,
                                                   WatchCallback callback);
    // Calls the watches that have something to see. The caller holds no lock.
    void Deliver();
    // No call begins afterwards.
    void Close();

    // Whether [since + 1, current] is known and has no event in `range`.
    bool UnchangedSince(Revision since, const KeyRange& range);

  private:
    struct Entry {
        std::vector<WatchEvent> events;
        size_t bytes = 0;
    };
    struct Watcher {
        std::string prefix;
        WatchCallback callback;
        Revision next = 0;
        bool in_call = false;
    };
    class Handle;

    void Remove(uint64_t id);
    void Trim() REQUIRES(mutex_);
    std::optional<WatchUpdate> NextUpdate(Watcher& watcher) REQUIRES(mutex_);
    bool DeliverPass() REQUIRES(mutex_);

    const Limits limits_;
    base::Mutex mutex_;
    base::CondVar call_ended_;
    std::deque<Entry> history_ GUARDED_BY(mutex_);  // of first_kept_ and following
    size_t history_events_ GUARDED_BY(mutex_) = 0;
    size_t history_bytes_ GUARDED_BY(mutex_) = 0;
    Revision first_kept_ GUARDED_BY(mutex_);
    Revision current_ GUARDED_BY(mutex_);
    std::map<uint64_t, std::shared_ptr<Watcher>> watchers_ GUARDED_BY(mutex_);
    uint64_t last_id_ GUARDED_BY(mutex_) = 0;
    bool closed_ GUARDED_BY(mutex_) = false;
    bool delivering_ GUARDED_BY(mutex_) = false;
    std::thread::id deliverer_ GUARDED_BY(mutex_);
};

}  // namespace elanus::catalog
