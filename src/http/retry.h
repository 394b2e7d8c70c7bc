// PostWithRetry: a request that is sent again while the service is busy or out of reach.
//
// Tried again: no answer (connection refused, reset, time-out of one try), 429, 500, 502, 503, 504.
// The pause doubles each time, with up to a quarter at random so that many waiters do not come back
// together; a service that names its own pause (Retry-After) gets that. Nothing is tried when the
// caller's deadline would pass in the pause. Threads: any.
#pragma once

#include "http/client.h"
#include "sys/clock.h"
#include "sys/random_source.h"

namespace elanus::http {

struct RetryPolicy {
    int tries = 3;
    int64_t first_pause_ms = 1000;
    int64_t pause_max_ms = 30'000;
};

// The last answer, whatever its status, or why there was none.
base::Result<Response> PostWithRetry(Client& client, const base::CallContext& context,
                                     sys::Clock& clock, sys::Random& random, const Request& request,
                                     const RetryPolicy& policy);

}  // namespace elanus::http
