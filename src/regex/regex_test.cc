#include "regex/regex.h"

#include <string>

#include <gtest/gtest.h>

namespace elanus::regex {
namespace {

TEST(Regex, MatchesPartsAndWholes) {
    auto regex = Regex::Compile(R"(\d+-[a-z])");
    ASSERT_TRUE(regex.ok());
    EXPECT_TRUE(regex->PartialMatch("xx 12-a yy"));
    EXPECT_FALSE(regex->FullMatch("xx 12-a yy"));
    EXPECT_TRUE(regex->FullMatch("12-a"));
    EXPECT_FALSE(regex->PartialMatch("12-"));
    EXPECT_TRUE(Regex::Compile("")->PartialMatch(""));
}

TEST(Regex, RefusesBadPatternsWithAReason) {
    auto regex = Regex::Compile("a(b");
    ASSERT_FALSE(regex.ok());
    EXPECT_NE(regex.status().reason().find("invalid regex pattern: missing )"), std::string::npos);
    EXPECT_FALSE(Regex::Compile("((a{1000}){1000}){1000}").ok());
    EXPECT_FALSE(Regex::Compile(std::string(100000, 'a')).ok());
}

}  // namespace
}  // namespace elanus::regex
