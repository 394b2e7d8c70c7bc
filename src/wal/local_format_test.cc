// The bytes of docs/formats/wal.md: a change here is a change of the format.
#include "wal/local_format.h"

#include <cstdio>

#include <gtest/gtest.h>

namespace elanus::wal {
namespace {

std::string Hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(byte) & 0xff);
        text += digits;
    }
    return text;
}

SegmentHeader ExampleHeader() {
    SegmentHeader header;
    header.channel = "c";
    header.sequence = 1;
    header.salt = 0x11223344;
    return header;
}

TEST(LocalFormatTest, TheHeaderBlockIsAsDocumented) {
    const std::string block = EncodeSegmentHeader(ExampleHeader());
    ASSERT_EQ(block.size(), kSegmentHeaderBytes);
    EXPECT_EQ(Hex(block.substr(0, 64)),
              "454c414e57414c310100000044332211"
              "01000000000000000100000000000000"
              "00000000000000000000000000000000"
              "00000000010000006300000000000000");
    EXPECT_EQ(Hex(block.substr(4092)), "afc84504");
    const auto back = DecodeSegmentHeader(block);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->channel, "c");
    EXPECT_EQ(back->salt, 0x11223344u);
    EXPECT_EQ(back->first_position, 1u);
    EXPECT_FALSE(DecodeSegmentHeader(block.substr(0, 100)).ok());
}

TEST(LocalFormatTest, RecordsAreAsDocumented) {
    const uint32_t salt = ExampleHeader().salt;
    std::string bytes;
    const uint32_t epoch_crc = EncodeRecord({RecordType::kEpoch, 1, 1, {}}, kSegmentHeaderBytes,
                                            ExampleHeader().chain(), salt, &bytes);
    EncodeRecord({RecordType::kData, 1, 1, "hi"}, kSegmentHeaderBytes + 48, epoch_crc, salt,
                 &bytes);
    EXPECT_EQ(Hex(bytes),
              "7a438e27443322110000000002000000"
              "01000000000000000100000000000000"
              "00100000000000004433221100000000"
              "01a3fc6b7dd5b3670200000001000000"
              "01000000000000000100000000000000"
              "30100000000000007a438e2700000000"
              "6869000000000000");
    const auto record =
        DecodeRecordHeader(std::string_view(bytes).substr(48), kSegmentHeaderBytes + 48, salt);
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(record->position, 1u);
    EXPECT_EQ(record->chain, epoch_crc);
    EXPECT_TRUE(PayloadMatches(*record, "hi", salt));
    EXPECT_FALSE(PayloadMatches(*record, "ho", salt));
    EXPECT_FALSE(
        DecodeRecordHeader(std::string_view(bytes).substr(48), kSegmentHeaderBytes + 48, salt + 1));
    EXPECT_FALSE(DecodeRecordHeader(std::string_view(bytes).substr(48), kSegmentHeaderBytes, salt))
        << "claims to be written before what is below it";
}

}  // namespace
}  // namespace elanus::wal
