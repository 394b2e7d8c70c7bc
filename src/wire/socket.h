// Sockets: addresses, owned descriptors, and listening. The edge of the process, so it calls the
// kernel itself; everything behind the listener gets a descriptor that is accepted and
// non-blocking. Threads: values, no shared state.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace elanus::wire {

class OwnedFd {
  public:
    OwnedFd() = default;
    explicit OwnedFd(int fd) : fd_(fd) {}
    OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    OwnedFd& operator=(OwnedFd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~OwnedFd() { Close(); }

    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }
    void Close();
    // The caller closes it.
    int Release() { return std::exchange(fd_, -1); }

  private:
    int fd_ = -1;
};

struct ListeningSocket {
    OwnedFd fd;
    std::string address;  // what was bound, with the real port: "0.0.0.0:19530", "unix:/run/e.sock"
    std::string unix_path;  // empty for TCP; the file is removed when the listener closes
    uint16_t port = 0;      // 0 for unix
};

// `address` is "HOST:PORT", ":PORT" (every interface), "[IPV6]:PORT" or "unix:PATH"; port 0 takes a
// free one. A unix path whose owner is gone is taken over; one that answers is refused.
base::Result<ListeningSocket> Listen(const std::string& address);

// Raises the limit of open files to the hard limit and returns it.
uint64_t RaiseOpenFilesLimit();

// TCP_NODELAY; does nothing to a unix socket.
void DisableNagle(int fd);

// Who is at the other end, as gRPC writes it: "ipv4:127.0.0.1:50000", "ipv6:[::1]:50000", "unix:".
// Empty when the kernel does not know any more.
std::string PeerAddress(int fd);

std::string ErrnoText(int error);

}  // namespace elanus::wire
