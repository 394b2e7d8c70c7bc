// RpcMetrics: how often one rpc was asked, how that ended, and how long it took, under the names
// that Milvus' dashboards and alerts read (API map chapter 10).
//
// An application error travels inside the response, so the outcome is read from the response's own
// status: a field of the message, the first one mostly, or the message itself.
// Threads: any; atomic counters.
#pragma once

#include "base/metrics.h"

#include <cstdint>
#include <string_view>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

namespace elanus::wire {

enum class RpcOutcome : uint8_t { kSuccess, kCallersFault, kServersFault };

// Which field of a response is its status.
inline constexpr uint32_t kStatusIsAll = 0;  // the response is a Status itself
inline constexpr uint32_t kStatusIsFirst = 1;
inline constexpr uint32_t kStatusIsThird = 3;
inline constexpr uint32_t kNoStatus = UINT32_MAX;

class RpcMetrics {
  public:
    RpcMetrics(std::string_view function_name, uint32_t status_field);

    void Begin() { total_.Add(); }
    void End(const grpc::Status& status, const grpc::ByteBuffer& response, int64_t latency_ns);

  private:
    const uint32_t status_field_;
    base::Counter& total_;
    base::Counter& success_;
    base::Counter& fail_input_;
    base::Counter& fail_system_;
    base::Histogram& latency_;
};

// What a response says of itself; bytes that are no message count as a success.
RpcOutcome OutcomeOf(std::string_view response, uint32_t status_field);

}  // namespace elanus::wire
