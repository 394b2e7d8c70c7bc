#include "base/status.h"

#include <gtest/gtest.h>

namespace elanus::base {
namespace {

TEST(StatusTest, TextIsOutermostFirstAndEndsWithTheSentinel) {
    const Status status = InvalidParameter("topk is bad").Annotate("failed to search");
    EXPECT_EQ(status.reason(), "failed to search: topk is bad: invalid parameter");
    EXPECT_TRUE(status.is_input_error());
    EXPECT_EQ(LegacyErrorCode(status.code()), 5);
}

TEST(StatusTest, NamedThingsStandInBrackets) {
    const Status status = Status::WithFields(Code::kCollectionNotFound,
                                             {{"database", "default"}, {"collection", "x"}});
    EXPECT_EQ(status.reason(), "collection not found[database=default][collection=x]");
    EXPECT_EQ(LegacyErrorCode(status.code()), 4);
}

Result<int> Half(int n) {
    if (n % 2 != 0) {
        return InvalidParameter("odd");
    }
    return n / 2;
}

Result<int> Quarter(int n) {
    ASSIGN_OR_RETURN(const int half, Half(n));
    return Half(half);
}

TEST(ResultTest, FailuresPassThrough) {
    EXPECT_EQ(*Quarter(8), 2);
    EXPECT_EQ(Quarter(6).status().code(), Code::kInvalidParameter);
}

}  // namespace
}  // namespace elanus::base
