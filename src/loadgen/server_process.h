// ServerProcess: a server of this very program, started in a folder of its own on a free port, to
// be measured and thrown away. Threads: one owner.
#pragma once

#include "base/status.h"
#include "sys/subprocess.h"

#include <cstdint>
#include <memory>
#include <string>

namespace elanus::loadgen {

class ServerProcess {
  public:
    // `parent_folder` "" = a temporary one. Returns when the server listens.
    static base::Result<std::unique_ptr<ServerProcess>> Start(const std::string& parent_folder);
    // Stops the server and removes its folder.
    ~ServerProcess();
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    const std::string& address() const { return address_; }
    int64_t pid() const { return process_->pid(); }

  private:
    ServerProcess() = default;
    base::Status WaitUntilListening();

    std::string folder_;
    std::string address_;
    std::unique_ptr<sys::Subprocess> process_;
};

}  // namespace elanus::loadgen
