// The outcome that is read from the bytes of a response, against protobuf's own encoding.

#include "wire/rpc_metrics.h"

#include <gtest/gtest.h>
#include <proto/collection.pb.h>
#include <proto/common.pb.h>

namespace elanus::wire {
namespace {

namespace pb = ::milvus::proto;

pb::common::Status Failed(bool input) {
    pb::common::Status status;
    status.set_error_code(pb::common::UnexpectedError);
    status.set_reason("what went wrong");
    status.set_code(100);
    status.set_detail("what went wrong");
    if (input) {
        (*status.mutable_extra_info())["is_input_error"] = "true";
    }
    return status;
}

TEST(RpcMetrics, AStatusTellsTheOutcome) {
    EXPECT_EQ(OutcomeOf("", kStatusIsAll), RpcOutcome::kSuccess);
    EXPECT_EQ(OutcomeOf(pb::common::Status().SerializeAsString(), kStatusIsAll),
              RpcOutcome::kSuccess);
    EXPECT_EQ(OutcomeOf(Failed(true).SerializeAsString(), kStatusIsAll), RpcOutcome::kCallersFault);
    EXPECT_EQ(OutcomeOf(Failed(false).SerializeAsString(), kStatusIsAll),
              RpcOutcome::kServersFault);
}

TEST(RpcMetrics, TheStatusOfAMessageTellsTheOutcome) {
    pb::milvus::DescribeCollectionResponse response;
    response.set_collectionid(7);
    EXPECT_EQ(OutcomeOf(response.SerializeAsString(), kStatusIsFirst), RpcOutcome::kSuccess);
    response.mutable_status();
    EXPECT_EQ(OutcomeOf(response.SerializeAsString(), kStatusIsFirst), RpcOutcome::kSuccess);
    *response.mutable_status() = Failed(true);
    EXPECT_EQ(OutcomeOf(response.SerializeAsString(), kStatusIsFirst), RpcOutcome::kCallersFault);
    *response.mutable_status() = Failed(false);
    EXPECT_EQ(OutcomeOf(response.SerializeAsString(), kStatusIsFirst), RpcOutcome::kServersFault);
}

TEST(RpcMetrics, BytesThatAreNoMessageDoNoHarm) {
    const std::string good = Failed(false).SerializeAsString();
    for (size_t size = 0; size <= good.size(); ++size) {
        OutcomeOf(std::string_view(good).substr(0, size), kStatusIsAll);
        OutcomeOf(std::string_view(good).substr(0, size), kStatusIsFirst);
    }
    EXPECT_EQ(OutcomeOf(std::string(20, '\xff'), kStatusIsAll), RpcOutcome::kSuccess);
}

}  // namespace
}  // namespace elanus::wire
