// Listener: one thread accepts on every listening socket and tells by a connection's first bytes,
// which it peeks at and leaves unread, which server gets it: gRPC, HTTP/1.1 or TLS.
//
// Why: Milvus clients find gRPC and REST on one port. A connection that sends nothing costs one
// descriptor and a list entry until its deadline, never a thread.
// Invariants:
//   INV-LISTENER-1  Every accepted descriptor is either given to exactly one sink or closed.
//   INV-LISTENER-2  With nothing to do the thread sleeps without a timeout: the timer runs only
//   while
//                   undecided connections exist or accepting is paused.
//   INV-LISTENER-3  Out of descriptors, the oldest undecided connection is closed first; without
//   one,
//                   accepting pauses for a moment instead of spinning.
// Threads: Start, Stop and the destructor from one thread; the counters from any.
#pragma once

#include "base/status.h"
#include "sys/thread.h"
#include "wire/socket.h"

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace elanus::wire {

enum class Protocol : uint8_t { kHttp2, kHttp1, kTls };

// Where decided connections go. Called on the listener's thread, so it must not wait.
class ConnectionSink {
  public:
    virtual ~ConnectionSink() = default;
    // Takes over `fd`: accepted, non-blocking, no byte consumed.
    virtual void Adopt(Protocol protocol, OwnedFd fd, int listener_fd) = 0;
};

class Listener {
  public:
    struct Endpoint {
        std::string address;  // see Listen() in socket.h
        ConnectionSink* sink = nullptr;
    };
    struct Options {
        // How long a connection may stay undecided.
        int64_t first_bytes_ms_max = 10'000;
    };

    static base::Result<std::unique_ptr<Listener>> Start(std::vector<Endpoint> endpoints,
                                                         Options options);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Closes the listening sockets and the undecided connections. A second call does nothing.
    void Stop();

    // Of the i-th endpoint, with the real port.
    const std::string& address(size_t i) const { return endpoints_[i].socket.address; }
    uint16_t port(size_t i) const { return endpoints_[i].socket.port; }
    // Connections accepted and not decided yet.
    int64_t undecided() const { return undecided_count_.load(std::memory_order_relaxed); }

  private:
    struct BoundEndpoint {
        ListeningSocket socket;
        ConnectionSink* sink = nullptr;
    };
    struct Undecided {
        uint64_t id = 0;
        OwnedFd fd;
        size_t endpoint = 0;
        int64_t deadline_ns = 0;
    };
    using UndecidedList = std::list<Undecided>;  // oldest deadline first

    explicit Listener(Options options) : options_(options) {}

    base::Status Open(std::vector<Endpoint> endpoints);
    base::Status Watch(int fd, uint64_t id, uint32_t events);
    void Run();
    bool HandleEvent(uint64_t id);
    void Accept(size_t endpoint);
    void OnAcceptError(int error, size_t endpoint);
    void AddConnection(OwnedFd fd, size_t endpoint);
    void Decide(UndecidedList::iterator connection);
    void Drop(UndecidedList::iterator connection);
    void DropExpired();
    void PauseAccepting();
    void ResumeAccepting();
    void ArmTimer();

    const Options options_;
    std::vector<BoundEndpoint> endpoints_;
    OwnedFd epoll_;
    OwnedFd timer_;
    OwnedFd stop_event_;

    // Below: the listener's thread only.
    UndecidedList undecided_;
    std::unordered_map<uint64_t, UndecidedList::iterator> by_id_;
    uint64_t next_id_ = 0;
    int64_t timer_ns_ = 0;   // when the timer rings; 0 = not armed
    int64_t resume_ns_ = 0;  // when accepting goes on; 0 = not paused

    std::atomic<int64_t> undecided_count_{0};
    std::unique_ptr<sys::Thread> thread_;
};

}  // namespace elanus::wire
