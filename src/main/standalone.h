// Standalone: every role in one process, wired by direct calls (or, for tests, by loop-back objects
// that send each call through bytes).
//
// Start order is recovery's order (ARCHITECTURE.md): lock, catalog, coordinators, leftovers,
// channel replay, open DDL, served collections, due index builds, and only then the ports. Threads:
// Start and Stop from the main thread.
#pragma once

#include "base/status.h"
#include "config/config.h"

#include <memory>
#include <string>
#include <vector>

namespace elanus::main {

class Standalone {
  public:
    // `listen` are addresses in the form of --listen; with none, the configured port is used.
    static base::Result<std::unique_ptr<Standalone>> Start(const config::Config& config,
                                                           const std::vector<std::string>& listen);
    ~Standalone();

    // Drains requests and background work; at most about ten seconds.
    void Stop();

    std::vector<std::string> addresses() const;
    std::string ops_address() const;
    // How long no request has been running.
    int64_t IdleMs() const;

  private:
    struct Impl;
    explicit Standalone(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace elanus::main
