#include "wire/grpc_server.h"

#include "wire/rpc_handlers.h"

#include <absl/synchronization/mutex.h>
#include <grpc/support/time.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <proto/milvus.grpc.pb.h>

namespace elanus::wire {
namespace {

using grpc::internal::CallbackBidiHandler;
using grpc::internal::CallbackUnaryHandler;
using grpc::internal::RpcMethod;
using grpc::internal::RpcServiceMethod;

// A stream has no handler type; each one answers at once that it is not built.
class NotBuiltStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
  public:
    explicit NotBuiltStream(std::string_view name) { Finish(RpcHandlers::NotBuilt(name)); }
    void OnDone() override { delete this; }
};

// Every rpc of the table under its path, all as bytes: calls parse themselves (unary_call.h), on
// the thread that runs their handler. The generated services would do the same with templates that
// nest once per rpc and take minutes to compile.
class Frontend final : public grpc::Service {
  public:
    explicit Frontend(RpcHandlers& handlers) : handlers_(handlers) {
#define ELANUS_STREAM(name, state, privilege) AddStream(kPrefix "/" #name, #name);
#define ELANUS_UNARY(name, state, privilege) AddUnary<rpc::name>(kPrefix "/" #name);
#define kPrefix "/milvus.proto.milvus.MilvusService"
        ELANUS_MILVUS_RPCS(ELANUS_UNARY, ELANUS_UNARY, ELANUS_STREAM)
#undef kPrefix
#undef ELANUS_UNARY
#define ELANUS_UNARY(name, state, privilege) AddUnary<rpc::telemetry::name>(kPrefix "/" #name);
#define kPrefix "/milvus.proto.milvus.ClientTelemetryService"
        ELANUS_TELEMETRY_RPCS(ELANUS_UNARY, ELANUS_UNARY, ELANUS_STREAM)
#undef kPrefix
#undef ELANUS_UNARY
#define ELANUS_UNARY(name, state, privilege) AddUnary<rpc::proxy::name>(kPrefix "/" #name);
#define kPrefix "/milvus.proto.milvus.ProxyService"
        ELANUS_PROXY_RPCS(ELANUS_UNARY, ELANUS_UNARY, ELANUS_STREAM)
#undef kPrefix
#undef ELANUS_UNARY
#undef ELANUS_STREAM
    }

  private:
    template <typename Rpc>
    void AddUnary(const char* path) {
        AddMethod(new RpcServiceMethod(path, RpcMethod::NORMAL_RPC, nullptr));
        MarkMethodRawCallback(
            count_++, new CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
                          [this](grpc::CallbackServerContext* context,
                                 const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
                              return handlers_.Accept<Rpc>(context, request, response);
                          }));
    }

    void AddStream(const char* path, const char* name) {
        AddMethod(new RpcServiceMethod(path, RpcMethod::BIDI_STREAMING, nullptr));
        MarkMethodRawCallback(count_++, new CallbackBidiHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
                                            [name](grpc::CallbackServerContext*) {
                                                return new NotBuiltStream(name);
                                            }));
    }

    RpcHandlers& handlers_;
    int count_ = 0;
};

void SetLimits(const GrpcServer::Options& options, grpc::ServerBuilder* builder) {
    builder->SetMaxReceiveMessageSize(options.request_bytes_max);
    builder->SetMaxSendMessageSize(options.reply_bytes_max);
    builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, options.handshake_ms_max);
    // SDKs ping an idle connection every 5 to 10 s; gRPC's default would send them away.
    builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
    builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
    builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
}

}  // namespace

struct GrpcServer::Impl {
    explicit Impl(RpcHandlers& rpc_handlers) : handlers(rpc_handlers), frontend(rpc_handlers) {}

    RpcHandlers& handlers;
    Frontend frontend;
    std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor;
    std::unique_ptr<grpc::Server> server;
};

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcServer::~GrpcServer() {
    Stop(0);
}

base::Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(RpcHandlers& handlers,
                                                            const Options& options) {
    // Debian's absl looks for cycles at every lock of gRPC's, as in a debug build.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    // grpc.health.v1.Health, which load balancers and probes ask as they ask Milvus' proxy.
    grpc::EnableDefaultHealthCheckService(true);
    auto impl = std::make_unique<Impl>(handlers);
    grpc::ServerBuilder builder;
    SetLimits(options, &builder);
    builder.RegisterService(&impl->frontend);
    impl->acceptor = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
        grpc::InsecureServerCredentials());
    impl->server = builder.BuildAndStart();
    if (impl->server == nullptr) {
        return base::Status::Error(base::Code::kServiceUnavailable, "gRPC did not start");
    }
    return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
}

void GrpcServer::Adopt(OwnedFd fd, int listener_fd) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
    parameters.listener_fd = listener_fd;
    parameters.fd = fd.Release();
    impl_->acceptor->HandleNewConnection(&parameters);
}

Activity& GrpcServer::activity() {
    return impl_->handlers.activity();
}

void GrpcServer::Stop(int64_t drain_ms) {
    if (impl_->server == nullptr) {
        return;
    }
    impl_->server->Shutdown(
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(drain_ms, GPR_TIMESPAN)));
    impl_->server->Wait();
    impl_->server.reset();
}

}  // namespace elanus::wire
