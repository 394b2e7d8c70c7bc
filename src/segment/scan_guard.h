// ScanGuard: asks now and then whether anybody still waits for the answer of a scan.
// Threads: one scan.
#pragma once

#include "base/status.h"
#include "segment/segment.h"

#include <cstdint>

namespace elanus::segment {

class ScanGuard {
  public:
    explicit ScanGuard(const ReadOptions& options) : options_(options) {}

    // Rows a scan may do between two looks at the clock.
    static constexpr uint64_t kRowsPerCheck = 32 * 1024;
    // The same for vectors, in values read; a row that is only looked at counts as a few. Together
    // at most 32 thousand rows, or about a millisecond.
    static constexpr uint64_t kFloatsPerCheck = 2 * 1024 * 1024;

    base::Status Check() const { return options_.context->Check(options_.clock->MonotonicNs()); }
    base::Status CheckEvery(uint64_t work, uint64_t work_per_check) {
        done_ += work;
        if (done_ < work_per_check) {
            return base::Status();
        }
        done_ = 0;
        return Check();
    }

  private:
    const ReadOptions& options_;
    uint64_t done_ = 0;
};

}  // namespace elanus::segment
