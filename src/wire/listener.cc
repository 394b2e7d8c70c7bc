#include "wire/listener.h"

#include "base/log.h"
#include "base/metrics.h"
#include "sys/clock.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace elanus::wire {
namespace {

// A client's first HTTP/2 bytes (RFC 9113, 3.4); 14 of them exclude every HTTP/1 request line.
constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0";
// First byte of a TLS record that carries a ClientHello.
constexpr unsigned char kTlsHandshake = 0x16;

constexpr int kAcceptsPerWake = 256;
constexpr int kEventsPerWake = 256;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kAcceptPauseNs = 100 * kNsPerMs;

// Ids of what epoll reports; endpoints count up from kFirstEndpoint, connections follow them.
constexpr uint64_t kStopId = 0;
constexpr uint64_t kTimerId = 1;
constexpr uint64_t kFirstEndpoint = 2;

int64_t NowNs() {
    return sys::RealClock().MonotonicNs();
}

// Empty while more bytes are needed.
std::optional<Protocol> Classify(std::string_view bytes) {
    if (static_cast<unsigned char>(bytes.front()) == kTlsHandshake) {
        return Protocol::kTls;
    }
    const size_t compared = std::min(bytes.size(), kHttp2Preface.size());
    if (bytes.substr(0, compared) != kHttp2Preface.substr(0, compared)) {
        return Protocol::kHttp1;
    }
    if (compared == kHttp2Preface.size()) {
        return Protocol::kHttp2;
    }
    return std::nullopt;
}

base::Counter& AcceptedCounter(Protocol protocol) {
    static const std::array<base::Counter*, 3> counters = {
        &base::MetricRegistry::Global().GetCounter("elanus_wire_connections_total",
                                                   "protocol=\"http2\""),
        &base::MetricRegistry::Global().GetCounter("elanus_wire_connections_total",
                                                   "protocol=\"http1\""),
        &base::MetricRegistry::Global().GetCounter("elanus_wire_connections_total",
                                                   "protocol=\"tls\"")};
    return *counters[static_cast<size_t>(protocol)];
}

base::Counter& DroppedCounter() {
    static base::Counter& counter =
        base::MetricRegistry::Global().GetCounter("elanus_wire_silent_connections_dropped_total");
    return counter;
}

}  // namespace

base::Result<std::unique_ptr<Listener>> Listener::Start(std::vector<Endpoint> endpoints,
                                                        Options options) {
    std::unique_ptr<Listener> listener(new Listener(options));
    RETURN_IF_ERROR(listener->Open(std::move(endpoints)));
    listener->thread_ =
        std::make_unique<sys::Thread>("listener", [raw = listener.get()] { raw->Run(); });
    return listener;
}

Listener::~Listener() {
    Stop();
}

void Listener::Stop() {
    if (thread_ != nullptr) {
        const uint64_t one = 1;
        if (::write(stop_event_.get(), &one, sizeof(one)) != sizeof(one)) {
            base::LogError("listener_stop_failed", {{"error", ErrnoText(errno)}});
        }
        thread_.reset();
    }
    by_id_.clear();
    undecided_.clear();
    undecided_count_ = 0;
    for (BoundEndpoint& endpoint : endpoints_) {
        if (endpoint.socket.fd.valid() && !endpoint.socket.unix_path.empty()) {
            ::unlink(endpoint.socket.unix_path.c_str());
        }
        endpoint.socket.fd.Close();
    }
}

base::Status Listener::Open(std::vector<Endpoint> endpoints) {
    epoll_ = OwnedFd(::epoll_create1(EPOLL_CLOEXEC));
    timer_ = OwnedFd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    stop_event_ = OwnedFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!epoll_.valid() || !timer_.valid() || !stop_event_.valid()) {
        return base::Status::Error(base::Code::kServiceUnavailable,
                                   "cannot make the listener: " + ErrnoText(errno));
    }
    RETURN_IF_ERROR(Watch(stop_event_.get(), kStopId, EPOLLIN));
    RETURN_IF_ERROR(Watch(timer_.get(), kTimerId, EPOLLIN));
    for (const Endpoint& endpoint : endpoints) {
        ASSIGN_OR_RETURN(ListeningSocket socket, Listen(endpoint.address));
        const uint64_t id = kFirstEndpoint + endpoints_.size();
        RETURN_IF_ERROR(Watch(socket.fd.get(), id, EPOLLIN));
        endpoints_.push_back({std::move(socket), endpoint.sink});
    }
    next_id_ = kFirstEndpoint + endpoints_.size();
    return base::Status();
}

base::Status Listener::Watch(int fd, uint64_t id, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        return base::Status::Error(base::Code::kServiceUnavailable,
                                   "cannot watch a socket: " + ErrnoText(errno));
    }
    return base::Status();
}

void Listener::Run() {
    std::array<epoll_event, kEventsPerWake> events{};
    while (true) {
        const int count = ::epoll_wait(epoll_.get(), events.data(), kEventsPerWake, -1);
        for (int i = 0; i < count; ++i) {
            if (!HandleEvent(events[i].data.u64)) {
                return;
            }
        }
        ArmTimer();
    }
}

// False when the listener shall stop.
bool Listener::HandleEvent(uint64_t id) {
    if (id == kStopId) {
        return false;
    }
    if (id == kTimerId) {
        uint64_t rings = 0;
        [[maybe_unused]] const ssize_t got = ::read(timer_.get(), &rings, sizeof(rings));
        timer_ns_ = 0;
        DropExpired();
        if (resume_ns_ != 0 && NowNs() >= resume_ns_) {
            ResumeAccepting();
        }
        return true;
    }
    if (id < kFirstEndpoint + endpoints_.size()) {
        Accept(id - kFirstEndpoint);
        return true;
    }
    // Not found: dropped by an earlier event of the same wake.
    const auto found = by_id_.find(id);
    if (found != by_id_.end()) {
        Decide(found->second);
    }
    return true;
}

void Listener::Accept(size_t endpoint) {
    if (resume_ns_ != 0) {
        return;
    }
    for (int i = 0; i < kAcceptsPerWake; ++i) {
        const int listening = endpoints_[endpoint].socket.fd.get();
        OwnedFd fd(::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (fd.valid()) {
            AddConnection(std::move(fd), endpoint);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
        OnAcceptError(errno, endpoint);
        if (resume_ns_ != 0) {
            return;
        }
    }
}

// A connection that died in the queue is no reason to stop; a lack of descriptors or memory is.
void Listener::OnAcceptError(int error, size_t endpoint) {
    if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM) {
        return;
    }
    if (!undecided_.empty()) {
        Drop(undecided_.begin());
        return;
    }
    base::LogWarn("accept_paused",
                  {{"address", endpoints_[endpoint].socket.address}, {"error", ErrnoText(error)}});
    PauseAccepting();
}

void Listener::AddConnection(OwnedFd fd, size_t endpoint) {
    if (endpoints_[endpoint].socket.unix_path.empty()) {
        DisableNagle(fd.get());
    }
    const uint64_t id = next_id_++;
    undecided_.push_back(
        {id, std::move(fd), endpoint, NowNs() + options_.first_bytes_ms_max * kNsPerMs});
    const auto connection = std::prev(undecided_.end());
    by_id_.emplace(id, connection);
    undecided_count_.fetch_add(1, std::memory_order_relaxed);
    // Edge-triggered: bytes that are peeked at stay in the socket and must not wake us again.
    // Bytes that are there already are reported at once.
    if (!Watch(connection->fd.get(), id, EPOLLIN | EPOLLRDHUP | EPOLLET).ok()) {
        Drop(connection);
    }
}

void Listener::Decide(UndecidedList::iterator connection) {
    std::array<char, kHttp2Preface.size()> bytes{};
    const ssize_t got =
        ::recv(connection->fd.get(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        Drop(connection);
        return;
    }
    const auto protocol = Classify({bytes.data(), static_cast<size_t>(got)});
    if (!protocol.has_value()) {
        return;
    }
    AcceptedCounter(*protocol).Add();
    const BoundEndpoint& endpoint = endpoints_[connection->endpoint];
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection->fd.get(), nullptr);
    OwnedFd fd = std::move(connection->fd);
    by_id_.erase(connection->id);
    undecided_.erase(connection);
    undecided_count_.fetch_sub(1, std::memory_order_relaxed);
    endpoint.sink->Adopt(*protocol, std::move(fd), endpoint.socket.fd.get());
}

void Listener::Drop(UndecidedList::iterator connection) {
    by_id_.erase(connection->id);
    undecided_.erase(connection);
    undecided_count_.fetch_sub(1, std::memory_order_relaxed);
    DroppedCounter().Add();
}

void Listener::DropExpired() {
    const int64_t now = NowNs();
    while (!undecided_.empty() && undecided_.front().deadline_ns <= now) {
        Drop(undecided_.begin());
    }
}

// A listening socket that cannot be served stays readable, so it leaves the watch list meanwhile.
void Listener::PauseAccepting() {
    resume_ns_ = NowNs() + kAcceptPauseNs;
    for (const BoundEndpoint& endpoint : endpoints_) {
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, endpoint.socket.fd.get(), nullptr);
    }
}

void Listener::ResumeAccepting() {
    resume_ns_ = 0;
    for (size_t i = 0; i < endpoints_.size(); ++i) {
        const base::Status status =
            Watch(endpoints_[i].socket.fd.get(), kFirstEndpoint + i, EPOLLIN);
        if (!status.ok()) {
            base::LogError("accept_not_resumed", {{"error", status}});
        }
    }
}

// Moves the timer only when it would ring too late; a ring too early finds nothing and sets it
// anew.
void Listener::ArmTimer() {
    int64_t next = undecided_.empty() ? 0 : undecided_.front().deadline_ns;
    if (resume_ns_ != 0 && (next == 0 || resume_ns_ < next)) {
        next = resume_ns_;
    }
    if (next == 0 || (timer_ns_ != 0 && timer_ns_ <= next)) {
        return;
    }
    const int64_t wait = std::max<int64_t>(next - NowNs(), 1);
    itimerspec spec{};
    spec.it_value.tv_sec = wait / (1000 * kNsPerMs);
    spec.it_value.tv_nsec = wait % (1000 * kNsPerMs);
    ::timerfd_settime(timer_.get(), 0, &spec, nullptr);
    timer_ns_ = next;
}

}  // namespace elanus::wire
