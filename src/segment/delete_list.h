// DeleteList: the deletes of one segment as (row, timestamp) pairs, the source of truth; the bitmap
// is a cache of them for the newest moment.
//
// Layout: a short list of immutable runs, each sorted by row. A new run is merged with the one
// before it while that one is less than twice as long, so there are O(log n) runs, a delete is
// moved O(log n) times in its life, and a reader's snapshot is one shared pointer.
// Invariants:
//   INV-DELETE-1  A row is deleted at the smallest of the timestamps that any run gives it.
//   INV-DELETE-2  size() counts rows, not entries.
// Threads: one writer, any readers. Readers take a snapshot (shared pointer) and never block.
#pragma once

#include "base/bitmap.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "base/timestamp.h"

#include <memory>
#include <vector>

namespace elanus::segment {

struct DeleteRun;  // segment.h

class DeleteList {
  public:
    // Idempotent: the earliest timestamp of a row wins, applying a run twice changes nothing.
    // Returns how many rows were not deleted before.
    size_t Apply(const DeleteRun& run);
    // Clears from `visible` (bits = rows) every row deleted at or before `timestamp`.
    void Mask(base::Timestamp timestamp, base::Bitmap* visible) const;
    bool IsDeleted(base::RowOffset row, base::Timestamp timestamp) const;
    // Rows deleted at or before `timestamp`.
    size_t CountAt(base::Timestamp timestamp) const;
    // True when CountAt(timestamp) > 0, at the price of one comparison.
    bool AnyAt(base::Timestamp timestamp) const;
    size_t size() const;
    base::Timestamp max_timestamp() const;
    size_t memory_bytes() const;
    // Every delete with after < timestamp <= until, ascending by row: what a flush persists.
    DeleteRun Between(base::Timestamp after, base::Timestamp until) const;

  private:
    struct State;
    std::shared_ptr<const State> Load() const;

    mutable base::Mutex mutex_;
    std::shared_ptr<const State> state_ GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
