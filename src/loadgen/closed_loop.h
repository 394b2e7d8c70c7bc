// ClosedLoop: keeps a fixed number of requests under way; each answer starts the next request.
//
// Why closed: the question is how fast a server goes with N callers that wait, which is what SDK
// users are. Latencies are those of the callers, waiting for a free server core included.
// Invariants:
//   INV-LOOP-1  Run returns only when every request it started has been answered.
//   INV-LOOP-2  The first failure ends the loop: a rate of failing requests means nothing.
// Threads: Run from one; `issue` is called from Run's thread and from those that call `done`.
#pragma once

#include "base/mutex.h"
#include "base/status.h"
#include "loadgen/latency_histogram.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace elanus::loadgen {

struct LoopLimits {
    size_t concurrency = 1;
    int64_t requests_max = 0;  // 0 = no limit
    double seconds_max = 0;    // 0 = no limit
};

struct LoopResult {
    base::Status status;  // the first failure
    int64_t requests = 0;
    double seconds = 0;
};

class ClosedLoop {
  public:
    using Done = std::function<void(base::Status)>;
    // Starts request `number` (0, 1, ...) and returns at once.
    using Issue = std::function<void(int64_t number, Done done)>;
    // Where the latency of request `number` belongs; requests of several kinds have several.
    using HistogramOf = std::function<LatencyHistogram*(int64_t number)>;
    // Called about every `kProgressMs` with what is done so far.
    using Progress = std::function<void(const LoopResult& so_far)>;
    static constexpr int64_t kProgressMs = 2000;

    ClosedLoop(const LoopLimits& limits, Issue issue, HistogramOf histogram_of);

    LoopResult Run(const Progress& progress);

  private:
    void StartNext();
    void Finish(int64_t started_ns, LatencyHistogram* histogram, const base::Status& status);
    bool TimeIsUp(int64_t now_ns) const;
    LoopResult SoFar() const;

    const LoopLimits limits_;
    const Issue issue_;
    const HistogramOf histogram_of_;
    int64_t begin_ns_ = 0;
    std::atomic<int64_t> next_{0};
    std::atomic<int64_t> done_{0};
    std::atomic<bool> failed_{false};

    base::Mutex mutex_;
    base::CondVar changed_;
    size_t running_ GUARDED_BY(mutex_) = 0;
    base::Status failure_ GUARDED_BY(mutex_);
};

}  // namespace elanus::loadgen
