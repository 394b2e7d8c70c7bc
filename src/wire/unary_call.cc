#include "wire/unary_call.h"

#include "sys/clock.h"

#include <grpc/support/time.h>

namespace elanus::wire {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

int64_t DeadlineNs(gpr_timespec deadline) {
    if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) {
        return base::CallContext::kNoDeadline;
    }
    const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
    return sys::RealClock().MonotonicNs() + left.tv_sec * kNsPerSecond + left.tv_nsec;
}

}  // namespace

RawCall::RawCall(grpc::CallbackServerContext* grpc_context, const grpc::ByteBuffer* request_bytes,
                 grpc::ByteBuffer* response_bytes, Activity& activity)
    : grpc_context_(grpc_context),
      request_bytes_(request_bytes),
      response_bytes_(response_bytes),
      activity_(activity) {
    activity_.Begin();
    context_.deadline_ns = DeadlineNs(grpc_context_->raw_deadline());
    context_.request_id = Metadata("client-request-id");
}

std::string_view RawCall::Metadata(std::string_view key) const {
    const auto& metadata = grpc_context_->client_metadata();
    const auto found = metadata.find(grpc::string_ref(key.data(), key.size()));
    if (found == metadata.end()) {
        return {};
    }
    return {found->second.data(), found->second.size()};
}

void RawCall::Measure(RpcMetrics& metrics) {
    metrics_ = &metrics;
    begun_ns_ = sys::RealClock().MonotonicNs();
    metrics_->Begin();
}

void RawCall::Finish(const grpc::Status& status) {
    if (metrics_ != nullptr) {
        metrics_->End(status, *response_bytes_, sys::RealClock().MonotonicNs() - begun_ns_);
    }
    activity_.End();
    grpc::ServerUnaryReactor::Finish(status);
}

}  // namespace elanus::wire
