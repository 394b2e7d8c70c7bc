#include "http/retry.h"

#include <algorithm>

namespace elanus::http {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kCancelCheckMs = 50;

bool IsWorthRetrying(const base::Result<Response>& answer) {
    if (!answer.ok()) {
        return answer.status().code() == base::Code::kIoFailed ||
               answer.status().code() == base::Code::kTimeout;
    }
    switch (answer->status) {
        case 429:
        case 500:
        case 502:
        case 503:
        case 504:
            return true;
        default:
            return false;
    }
}

// False when the caller's time or patience would end first.
bool Pause(const base::CallContext& context, sys::Clock& clock, int64_t pause_ms) {
    const int64_t end_ns = clock.MonotonicNs() + pause_ms * kNsPerMs;
    if (end_ns > context.deadline_ns) {
        return false;
    }
    while (clock.MonotonicNs() < end_ns) {
        if (!context.Check(clock.MonotonicNs()).ok()) {
            return false;
        }
        const int64_t left_ms = (end_ns - clock.MonotonicNs()) / kNsPerMs + 1;
        clock.SleepMs(std::min(left_ms, kCancelCheckMs));
    }
    return true;
}

}  // namespace

base::Result<Response> PostWithRetry(Client& client, const base::CallContext& context,
                                     sys::Clock& clock, sys::Random& random, const Request& request,
                                     const RetryPolicy& policy) {
    int64_t pause_ms = policy.first_pause_ms;
    for (int attempt = 1;; ++attempt) {
        base::Result<Response> answer = client.Post(context, request);
        if (!IsWorthRetrying(answer) || attempt >= policy.tries ||
            !context.Check(clock.MonotonicNs()).ok()) {
            return answer;
        }
        int64_t wait_ms = pause_ms + static_cast<int64_t>(random.Next() %
                                                          static_cast<uint64_t>(pause_ms / 4 + 1));
        if (answer.ok() && answer->retry_after_ms.has_value()) {
            wait_ms = *answer->retry_after_ms;
        }
        if (!Pause(context, clock, std::min(wait_ms, policy.pause_max_ms))) {
            return answer;
        }
        pause_ms = std::min(pause_ms * 2, policy.pause_max_ms);
    }
}

}  // namespace elanus::http
