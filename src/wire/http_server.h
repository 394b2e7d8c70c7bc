// HttpServer: HTTP/1.1 on connections that the listener hands over.
//
// One thread moves all bytes; handlers run on the workers and may take their time. Keep-alive,
// Content-Length and chunked bodies, "Expect: 100-continue", and pipelined requests (answered one
// after another) are served. A malformed request gets 400, headers beyond the limit 431, a body
// beyond it 413, and the connection is closed after the answer.
// Threads: Adopt from any thread, not after Stop; Stop once. A handler must outlive Stop().
#pragma once

#include "sys/executor.h"
#include "wire/activity.h"
#include "wire/http_handler.h"
#include "wire/socket.h"

#include <cstdint>
#include <memory>

namespace elanus::wire {

class HttpServer {
  public:
    struct Options {
        uint64_t body_bytes_max = 64 << 20;
        uint32_t header_bytes_max = 64 << 10;
        int64_t first_header_ms_max = 10'000;  // from accept to the end of the first header
        int64_t idle_ms_max = 120'000;         // between requests of one connection
        int64_t transfer_ms_max = 300'000;     // for one body in, or one response out
    };

    HttpServer(sys::Executor& workers, Activity& activity, const Options& options);
    ~HttpServer();  // Stop(0)

    void Adopt(OwnedFd fd, HttpHandler& handler);

    // Closes idle connections, lets running requests end, cancels their contexts after `drain_ms`,
    // and returns when no handler runs.
    void Stop(int64_t drain_ms);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace elanus::wire
