// CallContext: what every role call carries besides its arguments: how long the caller still waits,
// whether it has gone away, and who it is.
//
// Threads: copies share one cancel flag; Cancel() may come from any thread.
#pragma once

#include "base/status.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace elanus::base {

class CallContext {
  public:
    // Monotonic nanoseconds; the maximum means "no deadline".
    static constexpr int64_t kNoDeadline = INT64_MAX;

    CallContext() : cancelled_(std::make_shared<std::atomic<bool>>(false)) {}

    int64_t deadline_ns = kNoDeadline;
    std::string user;
    std::string request_id;
    std::string peer;  // the client's address where the wire knows it, for the slow-query log

    void Cancel() const { cancelled_->store(true, std::memory_order_relaxed); }
    bool cancelled() const { return cancelled_->load(std::memory_order_relaxed); }

    // kCanceled or kTimeout once nobody waits for the answer. Scans ask once per few thousand rows.
    Status Check(int64_t monotonic_now_ns) const {
        if (cancelled()) {
            return Status::Error(Code::kCanceled);
        }
        if (monotonic_now_ns > deadline_ns) {
            return Status::Error(Code::kTimeout, "deadline exceeded");
        }
        return Status();
    }

  private:
    std::shared_ptr<std::atomic<bool>> cancelled_;
};

}  // namespace elanus::base
