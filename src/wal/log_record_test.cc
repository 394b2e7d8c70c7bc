#include "wal/log_record.h"

#include "wal/limits.h"

#include <gtest/gtest.h>

namespace elanus::wal {
namespace {

using base::Code;
using base::Status;

// A physical record that owns its payload.
struct OwnedRecord {
    RecordType type;
    base::Epoch epoch;
    base::LogPosition position;
    std::string payload;
};

std::vector<OwnedRecord> Split(base::Epoch epoch, base::LogPosition position,
                               const std::string& payload) {
    std::vector<OwnedRecord> records;
    EXPECT_TRUE(SplitPayload(epoch, position, payload, [&](const PhysicalRecord& record) {
                    records.push_back(
                        {record.type, record.epoch, record.position, std::string(record.payload)});
                    return Status();
                }).ok());
    return records;
}

class RecordAssemblerTest : public ::testing::Test {
  protected:
    Code Accept(const OwnedRecord& record) {
        return assembler_
            .Accept({record.type, record.epoch, record.position, record.payload},
                    [this](base::LogPosition position, std::string_view payload) {
                        seen_.push_back(std::to_string(position) + "=" +
                                        (payload.size() > 100 ? std::to_string(payload.size())
                                                              : std::string(payload)));
                        return Status();
                    })
            .code();
    }
    void AcceptAll(const std::vector<OwnedRecord>& records) {
        for (const OwnedRecord& record : records) {
            EXPECT_EQ(Accept(record), Code::kOk);
        }
    }

    RecordAssembler assembler_{0, 1};
    std::vector<std::string> seen_;
    const std::string big_ = std::string(kRecordPayloadBytesLimit * 2 + 1, 'b');
};

TEST_F(RecordAssemblerTest, SplitsAndJoins) {
    EXPECT_EQ(Split(1, 1, "small").size(), 1u);
    EXPECT_EQ(Split(1, 1, std::string(kRecordPayloadBytesLimit, 'x')).size(), 1u);
    const auto batch = Split(1, 2, big_);
    ASSERT_EQ(batch.size(), 5u);
    EXPECT_EQ(batch.size(), PhysicalRecordCount(big_.size()));
    EXPECT_EQ(Accept({RecordType::kEpoch, 1, 1, ""}), Code::kOk);
    AcceptAll(Split(1, 1, "small"));
    AcceptAll(batch);
    AcceptAll(Split(1, 3, ""));
    EXPECT_EQ(seen_,
              (std::vector<std::string>{"1=small", "2=" + std::to_string(big_.size()), "3="}));
    EXPECT_EQ(assembler_.next_position(), 4u);
}

TEST_F(RecordAssemblerTest, DropsABatchWithoutCommit) {
    Accept({RecordType::kEpoch, 1, 1, ""});
    auto batch = Split(1, 1, big_);
    batch.pop_back();
    AcceptAll(batch);
    EXPECT_TRUE(assembler_.in_batch());
    EXPECT_EQ(Accept({RecordType::kEpoch, 2, 1, ""}), Code::kOk);
    EXPECT_FALSE(assembler_.in_batch());
    AcceptAll(Split(2, 1, "instead"));
    EXPECT_EQ(seen_, (std::vector<std::string>{"1=instead"}));
}

TEST_F(RecordAssemblerTest, DropsRecordsOfFencedWritersWhereverTheyStand) {
    Accept({RecordType::kEpoch, 1, 1, ""});
    AcceptAll(Split(1, 1, "kept"));
    Accept({RecordType::kEpoch, 3, 2, ""});
    AcceptAll(Split(1, 2, "late"));
    Accept({RecordType::kEpoch, 2, 2, ""});
    AcceptAll(Split(2, 2, "loser of the race"));
    const auto batch = Split(3, 2, big_);
    AcceptAll({batch[0], batch[1]});
    AcceptAll(Split(1, 2, "late again"));
    AcceptAll({batch[2], batch[3], batch[4]});
    EXPECT_EQ(seen_, (std::vector<std::string>{"1=kept", "2=" + std::to_string(big_.size())}));
    EXPECT_EQ(assembler_.epoch(), 3u);
}

TEST_F(RecordAssemblerTest, ReportsWhatCannotStandThere) {
    EXPECT_EQ(Accept({RecordType::kData, 1, 1, ""}), Code::kDataCorruption) << "no epoch record";
    Accept({RecordType::kEpoch, 1, 1, ""});
    EXPECT_EQ(Accept({RecordType::kData, 1, 2, ""}), Code::kDataCorruption) << "a gap";
    EXPECT_EQ(Accept({RecordType::kPart, 1, 1, "x"}), Code::kDataCorruption);
    EXPECT_EQ(Accept({RecordType::kCommit, 1, 1, ""}), Code::kDataCorruption);
    EXPECT_EQ(Accept({RecordType::kBegin, 1, 1, "short"}), Code::kDataCorruption);
    EXPECT_EQ(Accept({RecordType::kBegin, 1, 1, std::string(16, '\xff')}), Code::kDataCorruption);
    EXPECT_EQ(Accept({static_cast<RecordType>(9), 1, 1, ""}), Code::kDataCorruption);
    auto batch = Split(1, 1, big_);
    batch[2].payload[0] = 'X';
    AcceptAll({batch[0], batch[1], batch[2], batch[3]});
    EXPECT_EQ(Accept(batch[4]), Code::kDataCorruption) << "checksum";
    EXPECT_TRUE(seen_.empty());
}

TEST_F(RecordAssemblerTest, PassesAFailureOfTheVisitorOn) {
    EXPECT_TRUE(assembler_.Accept({RecordType::kEpoch, 1, 1, {}}, nullptr).ok());
    const Status status = assembler_.Accept(
        {RecordType::kData, 1, 1, "x"},
        [](base::LogPosition, std::string_view) { return Status::Error(Code::kCanceled); });
    EXPECT_EQ(status.code(), Code::kCanceled);
}

}  // namespace
}  // namespace elanus::wal
