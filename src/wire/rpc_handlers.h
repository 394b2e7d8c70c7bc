// RpcHandlers: who answers which rpc. Handlers are set once, before the gRPC server starts.
//
//     RpcHandlers handlers(workers);
//     handlers.Set<rpc::HasCollection>([&](rpc::HasCollection::Call& call) {
//         call.response().set_value(...);
//         call.Finish();
//     });
//
// An rpc without a handler answers UNIMPLEMENTED and names itself. A RAW rpc of the table
// (rpc_table.h) has RawCall, the bytes; its messages are Rpc::Request and Rpc::Response all the
// same.
//
// This header costs seconds to compile, because it knows every message. Files with handlers include
// unary_call.h and the messages they need; one file that calls Set() includes this.
// Threads: Set and CheckAgainstTable before the start; Accept from gRPC's threads. A handler runs
// on `workers` unless it was set with RunOn::kPoller, which is only for handlers that never wait
// and finish in microseconds: gRPC has few pollers, and a waiting one stops the server.
#pragma once

#include "base/status.h"
#include "sys/executor.h"
#include "wire/activity.h"
#include "wire/rpc_table.h"
#include "wire/unary_call.h"

#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <proto/rpc_types.h>

namespace elanus::wire {

namespace pb = ::milvus::proto;

enum class RunOn : uint8_t { kWorker, kPoller };

// One tag type per rpc: rpc::Insert, rpc::telemetry::ClientHeartbeat, rpc::proxy::RegisterLink.
#define ELANUS_RPC_TAG(rpc_name, rpc_state, ...)                \
    struct rpc_name {                                           \
        using Request = types::rpc_name::Request;               \
        using Response = types::rpc_name::Response;             \
        using Call = __VA_ARGS__;                               \
        static constexpr const char* kName = #rpc_name;         \
        static constexpr RpcState kState = RpcState::rpc_state; \
    };
#define ELANUS_UNARY_TAG(name, state, privilege) \
    ELANUS_RPC_TAG(name, state, UnaryCall<Request, Response>)
#define ELANUS_RAW_TAG(name, state, privilege) ELANUS_RPC_TAG(name, state, RawCall)
#define ELANUS_STREAM_TAG(name, state, privilege)

namespace rpc {

namespace types = rpc_types::MilvusService;
ELANUS_MILVUS_RPCS(ELANUS_UNARY_TAG, ELANUS_RAW_TAG, ELANUS_STREAM_TAG)

namespace telemetry {
namespace types = rpc_types::ClientTelemetryService;
ELANUS_TELEMETRY_RPCS(ELANUS_UNARY_TAG, ELANUS_RAW_TAG, ELANUS_STREAM_TAG)
}  // namespace telemetry

namespace proxy {
namespace types = rpc_types::ProxyService;
ELANUS_PROXY_RPCS(ELANUS_UNARY_TAG, ELANUS_RAW_TAG, ELANUS_STREAM_TAG)
}  // namespace proxy

}  // namespace rpc

#undef ELANUS_RPC_TAG
#undef ELANUS_UNARY_TAG
#undef ELANUS_RAW_TAG
#undef ELANUS_STREAM_TAG

template <typename Rpc>
using Handler = std::function<void(typename Rpc::Call& call)>;

namespace internal {

template <typename Rpc>
struct Slot {
    Handler<Rpc> handler;
    RunOn run_on = RunOn::kWorker;
};

#define ELANUS_SLOT(name, state, privilege) Slot<rpc::name>,
#define ELANUS_TELEMETRY_SLOT(name, state, privilege) Slot<rpc::telemetry::name>,
#define ELANUS_PROXY_SLOT(name, state, privilege) Slot<rpc::proxy::name>,
#define ELANUS_NOTHING(name, state, privilege)
struct NoSlot {};
struct Slots
    : ELANUS_MILVUS_RPCS(ELANUS_SLOT, ELANUS_SLOT, ELANUS_NOTHING)
          ELANUS_TELEMETRY_RPCS(ELANUS_TELEMETRY_SLOT, ELANUS_TELEMETRY_SLOT, ELANUS_NOTHING)
              ELANUS_PROXY_RPCS(ELANUS_PROXY_SLOT, ELANUS_PROXY_SLOT, ELANUS_NOTHING) NoSlot {};
#undef ELANUS_SLOT
#undef ELANUS_TELEMETRY_SLOT
#undef ELANUS_PROXY_SLOT
#undef ELANUS_NOTHING

}  // namespace internal

class RpcHandlers {
  public:
    explicit RpcHandlers(sys::Executor& workers);

    template <typename Rpc>
    void Set(std::type_identity_t<Handler<Rpc>> handler, RunOn run_on = RunOn::kWorker) {
        internal::Slot<Rpc>& slot = slots_;
        slot.handler = std::move(handler);
        slot.run_on = run_on;
    }

    template <typename Response>
    static constexpr uint32_t StatusField() {
        return std::is_same_v<Response, pb::common::Status>            ? kStatusIsAll
               : std::is_same_v<Response, pb::milvus::ComponentStates> ? kStatusIsThird
               : std::is_same_v<Response, pb::milvus::DummyResponse>   ? kNoStatus
                                                                       : kStatusIsFirst;
    }

    // Takes a call that has just arrived; the reactor answers it and deletes itself.
    template <typename Rpc>
    grpc::ServerUnaryReactor* Accept(grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
        internal::Slot<Rpc>& slot = slots_;
        if (slot.handler == nullptr) {
            auto* call = new RawCall(context, request, response, activity_);
            call->Finish(NotBuilt(Rpc::kName));
            return call;
        }
        static RpcMetrics metrics(Rpc::kName, StatusField<typename Rpc::Response>());
        auto* call = new typename Rpc::Call(context, request, response, activity_);
        call->Measure(metrics);
        if (slot.run_on == RunOn::kPoller) {
            Run(slot, call);
        } else {
            workers_.Submit([&slot, call] { Run(slot, call); });
        }
        return call;
    }

    // Fails when the table says "done" or "partial" of an rpc without handler, or the reverse.
    base::Status CheckAgainstTable() const;

    Activity& activity() { return activity_; }

    static grpc::Status NotBuilt(std::string_view rpc_name);

  private:
    template <typename Rpc>
    static void Run(const internal::Slot<Rpc>& slot, typename Rpc::Call* call) {
        if (call->Prepare()) {
            slot.handler(*call);
        }
    }

    sys::Executor& workers_;
    Activity activity_;
    internal::Slots slots_;
};

}  // namespace elanus::wire
