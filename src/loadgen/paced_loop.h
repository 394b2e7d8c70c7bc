// PacedLoop: starts requests at a fixed rate, whether or not the answers keep up.
//
// Why paced: beside a loop of inserts the question is what a given load of searches costs them, so
// the load must not shrink when the server gets slow. Latencies are counted from when a request
// was due; one that would be over the bound of requests under way is not sent, and counts as
// missed.
// Invariants:
//   INV-PACED-1  The destructor returns only when every request it started has been answered.
// Threads: one owner; `issue` is called from a thread of the loop.
#pragma once

#include "base/mutex.h"
#include "base/status.h"
#include "loadgen/latency_histogram.h"
#include "sys/thread.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace elanus::loadgen {

struct PacedResult {
    base::Status status;  // the first failure
    int64_t answered = 0;
    int64_t missed = 0;
    double seconds = 0;
};

class PacedLoop {
  public:
    using Done = std::function<void(base::Status)>;
    // Starts request `number` (0, 1, ...) and returns at once.
    using Issue = std::function<void(int64_t number, Done done)>;

    // Begins at once. `rate` requests a second, > 0.
    PacedLoop(double rate, size_t under_way_max, Issue issue);
    ~PacedLoop();

    // Sends no more, waits for the last answer.
    PacedResult Stop();
    const LatencyHistogram& latencies() const { return latencies_; }

  private:
    void Run();
    void Finish(int64_t due_ns, const base::Status& status);

    const double rate_;
    const size_t under_way_max_;
    const Issue issue_;
    const int64_t begin_ns_;
    std::atomic<bool> stopping_{false};
    LatencyHistogram latencies_;
    int64_t missed_ = 0;

    base::Mutex mutex_;
    base::CondVar changed_;
    size_t under_way_ GUARDED_BY(mutex_) = 0;
    int64_t answered_ GUARDED_BY(mutex_) = 0;
    base::Status failure_ GUARDED_BY(mutex_);
    std::unique_ptr<sys::Thread> thread_;  // last: uses the others
};

}  // namespace elanus::loadgen
