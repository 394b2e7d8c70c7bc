#include "wire/rpc_metrics.h"

#include <string>
#include <vector>

namespace elanus::wire {
namespace {

constexpr double kNsPerMs = 1e6;

std::string LabelsOf(std::string_view function_name, std::string_view status) {
    std::string labels = "node_id=\"1\",function_name=\"" + std::string(function_name) + "\"";
    return status.empty() ? labels : labels + ",status=\"" + std::string(status) + "\"";
}

base::Counter& CounterOf(std::string_view function_name, std::string_view status) {
    return base::MetricRegistry::Global().GetCounter("milvus_proxy_req_count",
                                                     LabelsOf(function_name, status));
}

bool ReadVarint(std::string_view* bytes, uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
        const auto byte = static_cast<uint8_t>(bytes->front());
        bytes->remove_prefix(1);
        *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

struct WireField {
    uint64_t number = 0;
    uint64_t value = 0;      // of a varint
    std::string_view bytes;  // of a message or a text
};

// The next field of a message; false at its end and where the bytes are something else.
bool ReadField(std::string_view* bytes, WireField* field) {
    enum WireType : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
    uint64_t tag = 0;
    if (!ReadVarint(bytes, &tag)) {
        return false;
    }
    *field = {};
    field->number = tag >> 3;
    uint64_t length = 0;
    switch (tag & 7) {
        case kVarint:
            return ReadVarint(bytes, &field->value);
        case kFixed64:
            length = 8;
            break;
        case kFixed32:
            length = 4;
            break;
        case kBytes:
            if (!ReadVarint(bytes, &length)) {
                return false;
            }
            break;
        default:
            return false;
    }
    if (length > bytes->size()) {
        return false;
    }
    field->bytes = bytes->substr(0, length);
    bytes->remove_prefix(length);
    return true;
}

RpcOutcome OutcomeOfStatus(std::string_view status) {
    constexpr uint64_t kErrorCode = 1;
    constexpr uint64_t kCode = 3;
    constexpr uint64_t kExtraInfo = 6;
    bool failed = false;
    bool input = false;
    WireField field;
    while (ReadField(&status, &field)) {
        failed = failed || ((field.number == kErrorCode || field.number == kCode) && field.value);
        input = input || (field.number == kExtraInfo &&
                          field.bytes.find("is_input_error") != std::string_view::npos);
    }
    return !failed ? RpcOutcome::kSuccess
           : input ? RpcOutcome::kCallersFault
                   : RpcOutcome::kServersFault;
}

}  // namespace

RpcOutcome OutcomeOf(std::string_view response, uint32_t status_field) {
    if (status_field == kStatusIsAll) {
        return OutcomeOfStatus(response);
    }
    // Fields stand in their order: what is behind the status is not read.
    for (WireField field; ReadField(&response, &field) && field.number <= status_field;) {
        if (field.number == status_field) {
            return OutcomeOfStatus(field.bytes);
        }
    }
    return RpcOutcome::kSuccess;
}

RpcMetrics::RpcMetrics(std::string_view function_name, uint32_t status_field)
    : status_field_(status_field),
      total_(CounterOf(function_name, "total")),
      success_(CounterOf(function_name, "success")),
      fail_input_(CounterOf(function_name, "fail_input")),
      fail_system_(CounterOf(function_name, "fail_system")),
      latency_(base::MetricRegistry::Global().GetHistogram("milvus_proxy_req_latency",
                                                           LabelsOf(function_name, ""))) {}

void RpcMetrics::End(const grpc::Status& status, const grpc::ByteBuffer& response,
                     int64_t latency_ns) {
    latency_.Observe(static_cast<double>(latency_ns) / kNsPerMs);
    RpcOutcome outcome = RpcOutcome::kServersFault;
    grpc::Slice slice;
    std::vector<grpc::Slice> slices;
    if (status.ok() && response.Valid() && !response.TrySingleSlice(&slice).ok() &&
        response.Dump(&slices).ok() && !slices.empty()) {
        slice = slices.front();  // the status stands at the beginning
    }
    if (status.ok()) {
        outcome =
            OutcomeOf({reinterpret_cast<const char*>(slice.begin()), slice.size()}, status_field_);
    }
    (outcome == RpcOutcome::kSuccess        ? success_
     : outcome == RpcOutcome::kCallersFault ? fail_input_
                                            : fail_system_)
        .Add();
}

}  // namespace elanus::wire
