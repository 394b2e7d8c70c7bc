#include "wire/server.h"

#include "base/log.h"
#include "sys/clock.h"
#include "wire/activity.h"
#include "wire/grpc_server.h"
#include "wire/http_server.h"
#include "wire/listener.h"

namespace elanus::wire {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
// A client that insists on TLS reconnects for ever; one line in this time is enough.
constexpr int64_t kTlsWarningNs = 10'000 * kNsPerMs;

// The service port: gRPC and REST.
class ServiceSink final : public ConnectionSink {
  public:
    ServiceSink(GrpcServer& grpc, HttpServer& http, HttpHandler& rest)
        : grpc_(grpc), http_(http), rest_(rest) {}

    void Adopt(Protocol protocol, OwnedFd fd, int listener_fd) override {
        switch (protocol) {
            case Protocol::kHttp2:
                grpc_.Adopt(std::move(fd), listener_fd);
                break;
            case Protocol::kHttp1:
                http_.Adopt(std::move(fd), rest_);
                break;
            case Protocol::kTls:
                RefuseTls();
                break;
        }
    }

  private:
    void RefuseTls() {
        const int64_t now = sys::RealClock().MonotonicNs();
        if (last_warning_ns_ != 0 && now - last_warning_ns_ < kTlsWarningNs) {
            return;
        }
        last_warning_ns_ = now;
        base::LogWarn("tls_connection_refused",
                      {{"reason", "a client began a TLS handshake; this server speaks plaintext"}});
    }

    GrpcServer& grpc_;
    HttpServer& http_;
    HttpHandler& rest_;
    int64_t last_warning_ns_ = 0;
};

// The operations port: HTTP/1.1 only; anything else is closed.
class OpsSink final : public ConnectionSink {
  public:
    OpsSink(HttpServer& http, HttpHandler& ops) : http_(http), ops_(ops) {}

    void Adopt(Protocol protocol, OwnedFd fd, int) override {
        if (protocol == Protocol::kHttp1) {
            http_.Adopt(std::move(fd), ops_);
        }
    }

  private:
    HttpServer& http_;
    HttpHandler& ops_;
};

}  // namespace

// Members in order of construction; the listener, which uses them all, goes first at the end.
struct Server::Impl {
    Impl(std::unique_ptr<GrpcServer> started_grpc, HttpHandler& rest, HttpHandler& ops,
         sys::Executor& workers)
        : grpc(std::move(started_grpc)),
          http(workers, grpc->activity(), HttpServer::Options()),
          service_sink(*grpc, http, rest),
          ops_sink(http, ops) {}

    std::unique_ptr<GrpcServer> grpc;
    HttpServer http;
    ServiceSink service_sink;
    OpsSink ops_sink;
    size_t services = 0;
    bool has_ops = false;
    bool stopped = false;
    std::unique_ptr<Listener> listener;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
    Stop(0);
}

base::Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                    RpcHandlers& handlers, HttpHandler& rest,
                                                    HttpHandler& ops, sys::Executor& workers) {
    RaiseOpenFilesLimit();
    ASSIGN_OR_RETURN(auto grpc, GrpcServer::Start(handlers, GrpcServer::Options()));
    auto impl = std::make_unique<Impl>(std::move(grpc), rest, ops, workers);
    std::vector<Listener::Endpoint> endpoints;
    for (const std::string& address : options.listen) {
        endpoints.push_back({address, &impl->service_sink});
    }
    impl->services = endpoints.size();
    if (!options.ops_listen.empty()) {
        endpoints.push_back({options.ops_listen, &impl->ops_sink});
        impl->has_ops = true;
    }
    ASSIGN_OR_RETURN(
        impl->listener,
        Listener::Start(std::move(endpoints), {.first_bytes_ms_max = options.first_bytes_ms_max}));
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::Stop(int64_t drain_ms) {
    if (impl_->stopped) {
        return;
    }
    impl_->stopped = true;
    const int64_t deadline_ns = sys::RealClock().MonotonicNs() + drain_ms * kNsPerMs;
    impl_->listener->Stop();
    impl_->http.Stop(drain_ms);
    const int64_t left_ns = deadline_ns - sys::RealClock().MonotonicNs();
    impl_->grpc->Stop(left_ns > 0 ? left_ns / kNsPerMs : 0);
}

std::vector<std::string> Server::addresses() const {
    std::vector<std::string> result;
    for (size_t i = 0; i < impl_->services; ++i) {
        result.push_back(impl_->listener->address(i));
    }
    return result;
}

std::string Server::ops_address() const {
    return impl_->has_ops ? impl_->listener->address(impl_->services) : std::string();
}

uint16_t Server::port() const {
    for (size_t i = 0; i < impl_->services; ++i) {
        if (impl_->listener->port(i) != 0) {
            return impl_->listener->port(i);
        }
    }
    return 0;
}

int64_t Server::IdleMs() const {
    return impl_->grpc->activity().IdleMs();
}

}  // namespace elanus::wire
