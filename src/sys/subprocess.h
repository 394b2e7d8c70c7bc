// Subprocess: another program that this one starts, watches and stops.
//
// Why: the load generator can start the server it measures. The child's output goes to a file; its
// death does not touch this process, and this process takes it along when it ends in order.
// Threads: one owner.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace elanus::sys {

class Subprocess {
  public:
    struct Options {
        std::vector<std::string> arguments;    // the program's path first
        std::vector<std::string> environment;  // NAME=VALUE, added to this process' own
        std::string output_path;               // standard output and error
    };

    static base::Result<std::unique_ptr<Subprocess>> Start(const Options& options);
    ~Subprocess() { Stop(0); }
    Subprocess(const Subprocess&) = delete;
    Subprocess& operator=(const Subprocess&) = delete;

    int64_t pid() const { return pid_; }
    bool Running();
    // Asks with SIGTERM, waits, then kills. A second call does nothing.
    void Stop(int64_t patience_ms);

  private:
    explicit Subprocess(int64_t pid) : pid_(pid) {}

    const int64_t pid_;
    bool ended_ = false;
};

// The program that is running.
base::Result<std::string> ExecutablePath();
// A new folder under $TMPDIR, or under /var/tmp, which unlike /tmp is a disk everywhere.
base::Result<std::string> MakeTemporaryFolder(const std::string& prefix);
// Processor time, user and system, that all threads of a process have used.
base::Result<int64_t> ProcessCpuNs(int64_t pid);

}  // namespace elanus::sys
