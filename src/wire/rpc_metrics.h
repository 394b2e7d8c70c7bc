// RpcMetrics: how often one rpc was asked, how that ended, and how long it took, under the names
// that Milvus' dashboards and alerts read (API map chapter 10).
//
// An application error travels inside the response, so the outcome is read from the response's own
// status: the first field of the message, or the message itself.
// Threads: any; atomic counters.
#pragma once

#include "base/metrics.h"

#include <cstdint>
#include <string_view>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

namespace elanus::wire {

enum class RpcOutcome : uint8_t { kSuccess, kCallersFault, kServersFault };

class RpcMetrics {
  public:
    // `answers_status`: the response is a Status itself.
    RpcMetrics(std::string_view function_name, bool answers_status);

    void Begin() { total_.Add(); }
    void End(const grpc::Status& status, const grpc::ByteBuffer& response, int64_t latency_ns);

  private:
    const bool answers_status_;
    base::Counter& total_;
    base::Counter& success_;
    base::Counter& fail_input_;
    base::Counter& fail_system_;
    base::Histogram& latency_;
};

// What a response says of itself; bytes that are no message count as a success.
RpcOutcome OutcomeOf(std::string_view response, bool answers_status);

}  // namespace elanus::wire
