// Query vectors from the wire: what protobuf makes of the same bytes, and what is no message.
#include "wire/placeholder_decoder.h"

#include <random>

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>
#include <proto/common.pb.h>

namespace elanus::wire {
namespace {

namespace common = ::milvus::proto::common;

common::PlaceholderGroup GroupOf(const std::vector<std::string>& values) {
    common::PlaceholderGroup group;
    auto* placeholder = group.add_placeholders();
    placeholder->set_tag("$0");
    placeholder->set_type(common::FloatVector);
    for (const std::string& value : values) {
        placeholder->add_values(value);
    }
    return group;
}

TEST(PlaceholderDecoder, GivesWhatWasSent) {
    common::PlaceholderGroup group = GroupOf({"abcd", "", std::string(300, 'x')});
    group.mutable_placeholders(0)->set_element_level(true);
    const auto decoded = DecodePlaceholders(group.SerializeAsString());
    ASSERT_TRUE(decoded.ok()) << decoded.status().reason();
    EXPECT_EQ(decoded->type, 101);
    EXPECT_TRUE(decoded->element_level);
    ASSERT_EQ(decoded->values.size(), 3u);
    EXPECT_EQ(decoded->values[0].view(), "abcd");
    EXPECT_TRUE(decoded->values[1].empty());
    EXPECT_EQ(decoded->values[2].view(), std::string(300, 'x'));
}

TEST(PlaceholderDecoder, WantsExactlyOnePlaceholder) {
    common::PlaceholderGroup group;
    const std::string reason = DecodePlaceholders(group.SerializeAsString()).status().reason();
    EXPECT_TRUE(reason.starts_with("placeholder_group must hold exactly one placeholder"))
        << reason;
    group = GroupOf({"a"});
    group.add_placeholders();
    EXPECT_FALSE(DecodePlaceholders(group.SerializeAsString()).ok());
}

TEST(PlaceholderDecoder, FieldsItDoesNotKnowAreSkipped) {
    const std::string bytes = GroupOf({"a"}).SerializeAsString();
    const auto decoded = DecodePlaceholders(std::string("\x7a\x02hi", 4) + bytes);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->values.size(), 1u);
}

TEST(PlaceholderDecoder, LengthsAboveAllBytesAreRefused) {
    // 2^32 + 4, of which the lower half would fit.
    EXPECT_FALSE(DecodePlaceholders(std::string("\x0a\x84\x80\x80\x80\x10\x1a\x02"
                                                "ab",
                                                10))
                     .ok());
    EXPECT_FALSE(DecodePlaceholders("\x0a\x05\x1a\x02").ok());
}

// Damaged bytes: refused or read as protobuf reads them.
TEST(PlaceholderDecoder, AgreesWithProtobufOverDamagedBytes) {
    const std::string whole = GroupOf({"abcd", "efgh", std::string(40, 'y')}).SerializeAsString();
    std::mt19937 random(1);
    const google::protobuf::LogSilencer silence;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes =
            whole.substr(0, round % 2 == 0 ? whole.size() : random() % whole.size());
        for (int i = 0; i < 2 && !bytes.empty(); ++i) {
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        common::PlaceholderGroup group;
        const bool is_message = group.ParseFromString(bytes) && group.placeholders_size() == 1;
        const auto decoded = DecodePlaceholders(bytes);
        if (!is_message) {
            EXPECT_FALSE(decoded.ok()) << round;
            continue;
        }
        ASSERT_TRUE(decoded.ok()) << round;
        EXPECT_EQ(decoded->type, group.placeholders(0).type());
        ASSERT_EQ(decoded->values.size(), static_cast<size_t>(group.placeholders(0).values_size()));
        for (size_t i = 0; i < decoded->values.size(); ++i) {
            EXPECT_EQ(decoded->values[i].view(), group.placeholders(0).values(static_cast<int>(i)));
        }
    }
}

}  // namespace
}  // namespace elanus::wire
