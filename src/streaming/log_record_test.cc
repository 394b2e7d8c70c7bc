#include "streaming/log_record.h"

#include "base/archive.h"
#include "codec/sink.h"
#include "streaming/delete_file.h"
#include "streaming/streaming_fixture_test.h"

#include <gtest/gtest.h>

namespace elanus::streaming {
namespace {

roles::AppendRequest SampleWrite() {
    roles::AppendRequest request;
    request.pchannel = "dml_0";
    request.request_id = "r1";
    request.schema_version = 3;
    request.parts.push_back({"dml_0_1v0", 1, kPartition, MakeRows({{1, 2}, {3, 4}}), {}, {}});
    request.parts.push_back(
        {"dml_0_1v1", 1, roles::kAllPartitions, {}, MakeKeys({5, 6}), {104, "red"}});
    return request;
}

TEST(LogRecordTest, AWriteComesBackAsItWas) {
    const roles::AppendRequest write = SampleWrite();
    std::string bytes = EncodeWrite(write);
    SetRecordTimestamp(99, &bytes);
    const auto record = DecodeRecord(bytes);
    ASSERT_TRUE(record.ok()) << record.status().reason();
    EXPECT_EQ(record->kind, RecordKind::kWrite);
    EXPECT_EQ(record->timestamp, 99u);
    EXPECT_EQ(base::Encode(record->write), base::Encode(write));
    const auto brief = DecodeRecord(bytes, /*with_columns=*/false);
    EXPECT_EQ(brief->write.request_id, "r1");
    EXPECT_TRUE(brief->write.parts.empty());
}

TEST(LogRecordTest, EventsAndRequestIdsComeBack) {
    const auto event =
        DecodeRecord(EncodeEvent(RecordKind::kDropPartition, {MakeCollection(4), 9, ""}));
    ASSERT_TRUE(event.ok());
    EXPECT_EQ(event->event.partition_id, 9);
    EXPECT_EQ(event->event.collection.id, 4);
    const auto ids = DecodeRecord(EncodeRequestIds({{"a", 1}, {"b", 2}}));
    ASSERT_TRUE(ids.ok());
    EXPECT_EQ(ids->answered[1].request_id, "b");
}

TEST(LogRecordTest, DamagedBytesAreRefused) {
    const std::string bytes = EncodeWrite(SampleWrite());
    for (size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(DecodeRecord(std::string_view(bytes).substr(0, size)).ok()) << size;
    }
    for (size_t i = 0; i < bytes.size(); ++i) {
        std::string flipped = bytes;
        flipped[i] = static_cast<char>(flipped[i] ^ 0x41);
        const auto record = DecodeRecord(flipped);  // any answer, but no crash and no wild columns
        if (record.ok()) {
            for (const roles::WritePart& part : record->write.parts) {
                EXPECT_TRUE(part.rows.Verify().ok());
            }
        }
    }
}

TEST(DeleteFileTest, DeletesComeBackAndDamageIsFound) {
    const DeletesBySegment deletes = {{5, {{1, 2, 9}, {10, 11, 12}}}, {7, {{3}, {20}}}};
    codec::StringSink sink;
    ASSERT_TRUE(WriteDeleteFile(deletes, sink).ok());
    const auto back = ReadDeleteFile(base::Buffer::FromString(sink.bytes()));
    ASSERT_TRUE(back.ok()) << back.status().reason();
    ASSERT_EQ(back->size(), 2u);
    EXPECT_EQ(back->at(5).rows, deletes.at(5).rows);
    EXPECT_EQ(back->at(5).timestamps, deletes.at(5).timestamps);
    EXPECT_EQ(back->at(7).timestamps, deletes.at(7).timestamps);
    for (size_t i = 0; i < sink.bytes().size(); i += 3) {
        std::string flipped = sink.bytes();
        flipped[i] = static_cast<char>(flipped[i] ^ 1);
        EXPECT_FALSE(ReadDeleteFile(base::Buffer::FromString(flipped)).ok()) << i;
    }
}

}  // namespace
}  // namespace elanus::streaming
