// Loopback: every role call through bytes, on a network that misbehaves.
//
// Why: proof that the seam between roles is real. A loop-back object stands in front of a real
// role, encodes each request, decodes it, calls, and sends the answer back the same way. On the way
// it may delay the call, deliver it twice, lose the request or lose the reply; a lost one is sent
// again, as a stub over a real network would. Code that shares memory across roles, or a method
// that is not idempotent, fails the end-to-end tests in this mode. Threads: as the role behind it;
// the random source has its own lock.
#pragma once

#include "base/archive.h"
#include "roles/data_coord.h"
#include "roles/data_node.h"
#include "roles/query_coord.h"
#include "roles/query_node.h"
#include "roles/root_coord.h"
#include "roles/streaming_node.h"
#include "sys/clock.h"
#include "sys/random_source.h"

#include <memory>

namespace elanus::roles {

// Chances per call, in percent.
struct LoopbackFaults {
    uint32_t delay_percent = 10;
    uint32_t repeat_percent = 5;
    uint32_t lose_request_percent = 2;
    uint32_t lose_reply_percent = 2;
    int64_t delay_ms_max = 2;
};

// The misbehaving network: one for all loop-back objects of a process.
class LoopbackNetwork {
  public:
    LoopbackNetwork(LoopbackFaults faults, uint64_t seed, sys::Clock& clock)
        : faults_(faults), clock_(clock), random_(seed) {}

    struct Fate {
        int64_t delay_ms = 0;
        bool repeat = false;
        bool lose_request = false;
        bool lose_reply = false;
    };
    Fate NextFate();

    // One call: `call(request)` is the method of the real role.
    template <typename Response, typename Request, typename Call>
    base::Result<Response> Send(const Request& request, Call call) {
        const std::string bytes = base::Encode(request);
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            const Fate fate = NextFate();
            if (fate.delay_ms > 0) {
                clock_.SleepMs(fate.delay_ms);
            }
            if (fate.lose_request) {
                continue;
            }
            ASSIGN_OR_RETURN(const Request received, base::Decode<Request>(bytes));
            base::Result<Response> answer = call(received);
            if (fate.repeat) {
                answer = call(received);
            }
            if (fate.lose_reply) {
                continue;
            }
            return ThroughBytes(std::move(answer));
        }
        return base::Status::Error(base::Code::kServiceUnavailable, "no answer from the role");
    }

    template <typename Response>
    static base::Result<Response> ThroughBytes(base::Result<Response> answer) {
        if (!answer.ok()) {
            base::Encoder encoder;
            encoder(answer.status());
            const std::string bytes = encoder.Take();
            base::Decoder decoder(bytes);
            base::Status status;
            decoder(status);
            RETURN_IF_ERROR(decoder.status());
            return status;
        }
        return base::Decode<Response>(base::Encode(*answer));
    }

  private:
    static constexpr int kAttempts = 30;

    const LoopbackFaults faults_;
    sys::Clock& clock_;
    sys::SeededRandom random_;
};

std::unique_ptr<RootCoord> MakeLoopback(RootCoord& real, LoopbackNetwork& network);
std::unique_ptr<DataCoord> MakeLoopback(DataCoord& real, LoopbackNetwork& network);
std::unique_ptr<QueryCoord> MakeLoopback(QueryCoord& real, LoopbackNetwork& network);
std::unique_ptr<StreamingNode> MakeLoopback(StreamingNode& real, LoopbackNetwork& network);
std::unique_ptr<QueryNode> MakeLoopback(QueryNode& real, LoopbackNetwork& network);
std::unique_ptr<DataNode> MakeLoopback(DataNode& real, LoopbackNetwork& network);
std::unique_ptr<MetaCacheListener> MakeLoopback(MetaCacheListener& real, LoopbackNetwork& network);

}  // namespace elanus::roles
