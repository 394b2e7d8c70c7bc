// Server: everything that listens. It ties the listener to gRPC, REST and the operations port.
//
// Order: Start opens the ports last, so a client that connects is served. Stop closes them first,
// then drains HTTP and gRPC.
// Threads: Start and Stop from one thread.
#pragma once

#include "base/status.h"
#include "sys/executor.h"
#include "wire/http_handler.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace elanus::wire {

class RpcHandlers;

struct ServerOptions {
    // gRPC and REST share each of them; forms in socket.h.
    std::vector<std::string> listen = {":19530"};
    std::string ops_listen = ":9091";  // empty = none
    int64_t first_bytes_ms_max = 10'000;
};

class Server {
  public:
    // `handlers`, `rest`, `ops` and `workers` must outlive the server.
    static base::Result<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       RpcHandlers& handlers, HttpHandler& rest,
                                                       HttpHandler& ops, sys::Executor& workers);
    ~Server();  // Stop(0)

    // Refuses new connections and calls, waits up to `drain_ms` for running ones, then cancels
    // them; returns when the last handler has finished. A second call does nothing.
    void Stop(int64_t drain_ms);

    // Bound addresses with their real ports, in the order of `listen`.
    std::vector<std::string> addresses() const;
    std::string ops_address() const;  // empty when there is none
    uint16_t port() const;            // of the first TCP address of `listen`, else 0
    // How long no request has been running; 0 while one runs.
    int64_t IdleMs() const;

  private:
    struct Impl;
    explicit Server(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace elanus::wire
