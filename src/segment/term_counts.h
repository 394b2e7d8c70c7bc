// TermCounts: the statistics of terms (vindex/bm25.h) over the rows of a segment that has no index
// of them: a growing one, or one whose index is not built yet. A question counts the rows that came
// since the last one and keeps the sums, so that every row is counted once.
// Threads: any; questions about one field wait for each other.
#pragma once

#include "base/mutex.h"
#include "segment/row_source.h"
#include "segment/scan_guard.h"
#include "vindex/bm25.h"

#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>

namespace elanus::segment {

class TermCounts {
  public:
    // Adds what all rows of the source say of the terms, deleted ones included; null rows and rows
    // without terms are no documents. kCanceled and kTimeout from the guard.
    base::Status Add(const RowSource& rows, base::FieldId field_id, std::span<const uint32_t> terms,
                     ScanGuard guard, vindex::TermStatistics* out);

  private:
    struct Counted {
        size_t rows = 0;
        uint64_t documents = 0;
        double total_length = 0;
        std::unordered_map<uint32_t, uint32_t> holders;
    };
    static base::Status CatchUp(const RowSource& rows, base::FieldId field_id, ScanGuard& guard,
                                Counted* counted);

    base::Mutex mutex_;
    std::map<base::FieldId, Counted> fields_ GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
