// GrpcServer: gRPC on connections that the listener hands over; it owns no port of its own.
//
// Why: gRPC and REST share a port (listener.h), and callback threads of gRPC sleep when idle.
// Limits: 64 MiB a request, 256 MiB a reply, gzip accepted, clients may ping as often as they like
// (SDKs do so every 5 to 10 s without calls).
// Threads: Adopt from the listener's thread; Stop once, after the listener has stopped.
#pragma once

#include "base/status.h"
#include "wire/socket.h"

#include <cstdint>
#include <memory>

namespace elanus::wire {

class Activity;
class RpcHandlers;

class GrpcServer {
  public:
    struct Options {
        int request_bytes_max = 64 << 20;
        int reply_bytes_max = 256 << 20;
        // A client that has sent its first bytes must finish HTTP/2's handshake in this time.
        int handshake_ms_max = 20'000;
    };

    static base::Result<std::unique_ptr<GrpcServer>> Start(RpcHandlers& handlers,
                                                           const Options& options);
    ~GrpcServer();  // Stop(0)

    void Adopt(OwnedFd fd, int listener_fd);
    Activity& activity();  // that of the handlers

    // Refuses new calls, waits for running ones, cancels them after `drain_ms`, and returns when
    // the last one has been finished by its handler.
    void Stop(int64_t drain_ms);

  private:
    struct Impl;
    explicit GrpcServer(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace elanus::wire
