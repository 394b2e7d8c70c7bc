// RawCall and UnaryCall: one request of a client from its arrival until the answer is handed over.
//
// Why: a handler may answer from any thread and at any later time, so that no thread waits while a
// write is on its way to the disk. RawCall gives the bytes; UnaryCall parses and writes messages.
// Invariants:
//   INV-CALL-1  Finish() is called exactly once; afterwards the call must not be touched, gRPC
//               deletes it. A cancelled call still needs its Finish().
// Includes of this project stand before gRPC's: absl defines the same annotation macros again.
// Threads: one owner at a time; context() may be read from any thread, gRPC cancels it.
#pragma once

#include "base/call_context.h"
#include "wire/activity.h"
#include "wire/rpc_metrics.h"

#include <string>
#include <string_view>

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

namespace elanus::wire {

class RawCall : public grpc::ServerUnaryReactor {
  public:
    RawCall(grpc::CallbackServerContext* grpc_context, const grpc::ByteBuffer* request_bytes,
            grpc::ByteBuffer* response_bytes, Activity& activity);

    // Deadline, cancel flag and request id of the caller; `user` is filled by who authenticates.
    base::CallContext& context() { return context_; }
    // Value of a metadata key in lower case ("dbname", "authorization"); empty when absent.
    std::string_view Metadata(std::string_view key) const;
    // "ipv4:127.0.0.1:50000" or "unix:".
    std::string Peer() const { return grpc_context_->peer(); }

    // The bytes; valid until Finish(). UnaryCall has messages under the same names.
    const grpc::ByteBuffer& request() const { return *request_bytes_; }
    grpc::ByteBuffer& response() { return *response_bytes_; }

    // Counts this call and its time from here to the answer. `metrics` outlives the call.
    void Measure(RpcMetrics& metrics);

    // Application errors travel inside the response; a gRPC status is for authentication, unknown
    // rpcs and transport only.
    void Finish(const grpc::Status& status = grpc::Status::OK);

    // What a worker does before the handler; true when the handler may run. A RawCall leaves the
    // bytes to the handler.
    bool Prepare() { return true; }

  protected:
    ~RawCall() override = default;

  private:
    void OnCancel() override { context_.Cancel(); }
    void OnDone() override { delete this; }

    grpc::CallbackServerContext* grpc_context_;
    const grpc::ByteBuffer* request_bytes_;
    grpc::ByteBuffer* response_bytes_;
    Activity& activity_;
    RpcMetrics* metrics_ = nullptr;
    int64_t begun_ns_ = 0;
    base::CallContext context_;
};

template <typename Request, typename Response>
class UnaryCall final : public RawCall {
  public:
    using RawCall::RawCall;

    const Request& request() const { return request_; }
    Request& mutable_request() { return request_; }
    Response& response() { return response_; }

    void Finish(const grpc::Status& status = grpc::Status::OK) {
        if (!status.ok()) {
            return RawCall::Finish(status);
        }
        bool owned = false;
        RawCall::Finish(grpc::SerializationTraits<Response>::Serialize(
            response_, &RawCall::response(), &owned));
    }

    // Parses the request; a malformed one is answered here.
    bool Prepare() {
        grpc::ByteBuffer bytes(RawCall::request());
        const grpc::Status parsed =
            grpc::SerializationTraits<Request>::Deserialize(&bytes, &request_);
        if (!parsed.ok()) {
            RawCall::Finish(parsed);
        }
        return parsed.ok();
    }

  private:
    Request request_;
    Response response_;
};

}  // namespace elanus::wire
