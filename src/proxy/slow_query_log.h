// SlowQueryLog: one line in the log for each query or search that took longer than a threshold,
// with its counters and the time of each step.
//
// The filter is shown without its constants: logs hold nothing of the data, and filters of one
// shape read the same. At most kLinesPerSecond lines are written; the next one tells how many were
// left out. The metric milvus_proxy_slow_query_count counts all of them. Threads: any.
#pragma once

#include "base/call_context.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "proxy/read_report.h"
#include "sys/clock.h"

#include <cstdint>

namespace elanus::proxy {

class SlowQueryLog {
  public:
    static constexpr int64_t kLinesPerSecond = 10;

    SlowQueryLog(sys::Clock& clock, int64_t threshold_ms);

    bool IsSlow(const ReadReport& report) const {
        return static_cast<int64_t>(report.total_ns / kNsPerMs) >= threshold_ms_;
    }
    // Of a read that is slow; `report.collection` may be null when it failed early.
    void Record(const base::CallContext& context, const ReadReport& report,
                const base::Status& status);

  private:
    static constexpr uint64_t kNsPerMs = 1'000'000;

    // True when the line may be written; `*left_out` lines were not before it.
    bool TakeLine(int64_t* left_out);

    sys::Clock& clock_;
    const int64_t threshold_ms_;
    base::Counter& queries_;
    base::Counter& searches_;
    base::Mutex mutex_;
    int64_t second_ GUARDED_BY(mutex_) = -1;
    int64_t lines_ GUARDED_BY(mutex_) = 0;
    int64_t left_out_ GUARDED_BY(mutex_) = 0;
};

}  // namespace elanus::proxy
