// The local log on the kernel's files and on the simulated disk: conformance, and what recovery
// makes of damaged files. Power cuts are in local_log_crash_test.cc.
#include "wal/local_log.h"

#include "sys/clock.h"
#include "sys/sim_file_system.h"
#include "wal/limits.h"
#include "wal/local_segment.h"
#include "wal/log_conformance.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace elanus::wal {
namespace {

using base::Code;
using base::Status;

LocalLogOptions SmallFiles() {
    LocalLogOptions options;
    options.segment_bytes = 16 << 10;
    options.preallocate_bytes = 8 << 10;
    options.zero_ahead_bytes = 4 << 10;
    return options;
}

class SimLog : public RestartableLog {
  public:
    std::unique_ptr<LogStore> Start() override {
        return OpenLocalLogStore(disk_, "/data/wal", SmallFiles()).value();
    }

  private:
    sys::SimFileSystem disk_;
};

class PosixLog : public RestartableLog {
  public:
    explicit PosixLog(LocalLogOptions options = {})
        : options_(options),
          root_(sys::JoinPath(::testing::TempDir(),
                              "elanus-wal-" + std::to_string(sys::RealRandom().Next()))) {}
    ~PosixLog() override { EXPECT_TRUE(sys::PosixFileSystem().RemoveAll(root_).ok()); }
    std::unique_ptr<LogStore> Start() override {
        return OpenLocalLogStore(sys::PosixFileSystem(), root_, options_).value();
    }

  private:
    const LocalLogOptions options_;
    const std::string root_;
};

INSTANTIATE_TEST_SUITE_P(Sim, LogConformanceTest,
                         ::testing::Values(LogMaker([] { return std::make_unique<SimLog>(); })));
INSTANTIATE_TEST_SUITE_P(Posix, LogConformanceTest,
                         ::testing::Values(LogMaker([] { return std::make_unique<PosixLog>(); })));
INSTANTIATE_TEST_SUITE_P(PosixSmallFiles, LogConformanceTest, ::testing::Values(LogMaker([] {
                             return std::make_unique<PosixLog>(SmallFiles());
                         })));

constexpr const char* kFolder = "/wal/c";

std::string FilePath(int sequence) {
    char name[40];
    std::snprintf(name, sizeof name, "%s/%016x.wal", kFolder, sequence);
    return name;
}

class LocalRecoveryTest : public ::testing::Test {
  protected:
    void Start() {
        channel_.reset();
        store_ = OpenLocalLogStore(disk_, "/wal", SmallFiles()).value();
        auto opened = store_->OpenChannel("c");
        open_status_ = opened.status();
        channel_ = opened.ok() ? std::move(opened).value() : nullptr;
    }
    void StartOwned(base::Epoch epoch) {
        Start();
        ASSERT_TRUE(open_status_.ok()) << open_status_.reason();
        ASSERT_TRUE(channel_->Acquire(epoch).ok());
    }
    void Stop() {
        channel_.reset();
        store_.reset();
    }
    void AppendEach(base::Epoch epoch, const std::vector<std::string>& payloads) {
        for (const std::string& payload : payloads) {
            ASSERT_TRUE(AppendNow(*channel_, epoch, payload).ok());
        }
    }
    std::vector<std::string> Payloads() {
        std::vector<std::string> payloads;
        auto records = ReadRecords(*channel_, channel_->FirstPosition());
        EXPECT_TRUE(records.ok()) << records.status().reason();
        for (size_t i = 0; records.ok() && i < records->size(); ++i) {
            payloads.push_back((*records)[i].payload);
        }
        return payloads;
    }
    std::string FileBytes(const std::string& path) {
        return disk_.Open(path, sys::OpenMode::kRead).value()->ReadAt(0, 1 << 24).value();
    }
    void Overwrite(const std::string& path, uint64_t offset, std::string_view bytes) {
        auto file = disk_.Open(path, sys::OpenMode::kCreateOrOpen).value();
        ASSERT_TRUE(file->WriteAt(offset, bytes).ok());
        ASSERT_TRUE(file->DataSync().ok());
    }

    sys::SimFileSystem disk_;
    std::unique_ptr<LogStore> store_;
    std::unique_ptr<LogChannel> channel_;
    Status open_status_;
};

// Where the records of a fresh channel stand when each append was a group of its own.
constexpr uint64_t kFirstRecordAt = kSegmentHeaderBytes + kRecordHeaderBytes;  // after the epoch
const uint64_t kRecordOf8 = RecordHeader::RecordBytes(8);

TEST_F(LocalRecoveryTest, ATornTailIsPassedOverAtEveryByte) {
    StartOwned(1);
    AppendEach(1, {"record 1", "record 2"});
    Stop();
    const std::string whole = FileBytes(FilePath(1));
    const uint64_t last_at = kFirstRecordAt + kRecordOf8;
    for (uint64_t cut = last_at; cut < last_at + kRecordOf8; ++cut) {
        std::string tail(last_at + kRecordOf8 - cut, '\0');
        Overwrite(FilePath(1), cut, tail);
        StartOwned(cut);
        EXPECT_EQ(Payloads(), (std::vector<std::string>{"record 1"})) << "cut at " << cut;
        AppendEach(cut, {"record X"});
        Start();
        EXPECT_EQ(Payloads(), (std::vector<std::string>{"record 1", "record X"}));
        Stop();
        Overwrite(FilePath(1), 0, whole);
    }
}

TEST_F(LocalRecoveryTest, DamageBeforeAnAcknowledgedRecordIsReportedAtEveryByte) {
    StartOwned(1);
    AppendEach(1, {"record 1", "record 2"});
    Stop();
    for (uint64_t at = kSegmentHeaderBytes; at < kFirstRecordAt + kRecordOf8; ++at) {
        ASSERT_TRUE(disk_.FlipByte(FilePath(1), at).ok());
        Start();
        const uint64_t record = at < kFirstRecordAt ? kSegmentHeaderBytes : kFirstRecordAt;
        EXPECT_EQ(open_status_.code(), Code::kDataCorruption) << at;
        EXPECT_NE(open_status_.reason().find(FilePath(1) + ", offset " + std::to_string(record)),
                  std::string::npos)
            << open_status_.reason();
        ASSERT_TRUE(disk_.FlipByte(FilePath(1), at).ok());
    }
    Start();
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"record 1", "record 2"}));
}

TEST_F(LocalRecoveryTest, DamageInAnEarlierFileIsReportedByTheRead) {
    StartOwned(1);
    AppendEach(1, std::vector<std::string>(60, std::string(1000, 'x')));
    Stop();
    ASSERT_TRUE(disk_.Exists(FilePath(3)).value());
    ASSERT_TRUE(disk_.FlipByte(FilePath(2), kSegmentHeaderBytes + 2000).ok());
    Start();
    ASSERT_TRUE(open_status_.ok());
    const auto records = ReadRecords(*channel_, 1);
    EXPECT_EQ(records.status().code(), Code::kDataCorruption);
    EXPECT_NE(records.status().reason().find(FilePath(2) + ", offset "), std::string::npos);
    EXPECT_TRUE(ReadRecords(*channel_, 50).ok()) << "later files are whole";
}

TEST_F(LocalRecoveryTest, AMissingOrForeignFileIsReported) {
    StartOwned(1);
    AppendEach(1, std::vector<std::string>(60, std::string(1000, 'x')));
    Stop();
    ASSERT_TRUE(disk_.Rename(FilePath(2), "/wal/kept").ok());
    Start();
    EXPECT_EQ(open_status_.code(), Code::kDataCorruption) << "a gap";
    ASSERT_TRUE(disk_.LinkNew(FilePath(1), FilePath(2)).ok());
    Start();
    EXPECT_EQ(open_status_.code(), Code::kDataCorruption) << "another file in its place";
    ASSERT_TRUE(disk_.Rename("/wal/kept", FilePath(2)).ok());
    Start();
    EXPECT_TRUE(open_status_.ok()) << open_status_.reason();
    Stop();
    auto file = disk_.Open(FilePath(2), sys::OpenMode::kReadWrite).value();
    ASSERT_TRUE(file->Truncate(kSegmentHeaderBytes + 100).ok());
    Start();
    EXPECT_EQ(open_status_.code(), Code::kDataCorruption) << "cut short";
}

TEST_F(LocalRecoveryTest, ADamagedFileHeaderIsReported) {
    StartOwned(1);
    AppendEach(1, {"a"});
    Stop();
    for (const uint64_t at : {0, 8, 12, 16, 24, 32, 40, 48, 52, 56, 1000, 4092}) {
        ASSERT_TRUE(disk_.FlipByte(FilePath(1), at).ok());
        Start();
        EXPECT_EQ(open_status_.code(), Code::kDataCorruption) << at;
        ASSERT_TRUE(disk_.FlipByte(FilePath(1), at).ok());
    }
}

TEST_F(LocalRecoveryTest, GarbageAfterTheTailIsPassedOver) {
    StartOwned(1);
    AppendEach(1, {"a", "b"});
    Stop();
    const uint64_t end = kFirstRecordAt + 2 * RecordHeader::RecordBytes(1);
    sys::SeededRandom random(3);
    std::string garbage(20'000, '\0');
    for (char& byte : garbage) {
        byte = static_cast<char>(random.Next());
    }
    Overwrite(FilePath(1), end, garbage);
    StartOwned(2);
    AppendEach(2, {"c"});
    Start();
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(LocalRecoveryTest, AnUnfinishedNewFileIsRemoved) {
    StartOwned(1);
    AppendEach(1, {"a"});
    Stop();
    Overwrite(FilePath(2) + ".tmp", 0, "half a header");
    Start();
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"a"}));
    EXPECT_FALSE(disk_.Exists(FilePath(2) + ".tmp").value());
}

TEST_F(LocalRecoveryTest, AFileWithoutRecordsIsAFineTail) {
    StartOwned(1);
    for (int i = 0; i < 3; ++i) {  // a record alone fills a file, so the next one makes a new file
        AppendEach(1, {std::string(20'000, 'x')});
    }
    EXPECT_EQ(channel_->FirstPosition(), 1u);
    ASSERT_TRUE(channel_->TruncateBefore(3).ok());
    EXPECT_EQ(channel_->FirstPosition(), 3u);
    for (base::Epoch epoch = 2; epoch < 600; ++epoch) {  // files with nothing but epochs
        ASSERT_TRUE(channel_->Acquire(epoch).ok());
    }
    StartOwned(600);
    EXPECT_EQ(Payloads().size(), 1u);
    EXPECT_EQ(AppendNow(*channel_, 600, "four").value(), 4u);
    EXPECT_EQ(ReadRecords(*channel_, 4).value(), (std::vector<LogRecord>{{4, "four"}}));
    ASSERT_TRUE(channel_->TruncateBefore(4).ok());
    EXPECT_EQ(channel_->FirstPosition(), 4u);
}

// Writes the records as one group into the last file, as a cut in the middle of the group would
// need.
void WriteGroup(sys::FileSystem& disk, int sequence, const std::vector<std::string>& payloads) {
    const LocalLogOptions options = SmallFiles();
    auto opened = OpenSegmentFile(disk, FilePath(sequence), "c", sequence).value();
    const auto tail = FindTail(*opened.file, opened.header, "").value();
    SegmentWriter writer(options);
    writer.Start(opened.file.get(), opened.header.salt, tail.end, tail.chain);
    auto position = tail.next_position;
    for (const std::string& payload : payloads) {
        writer.Add({RecordType::kData, tail.epoch, position++, payload});
    }
    ASSERT_TRUE(writer.Commit().ok());
}

TEST_F(LocalRecoveryTest, StaleRecordsOfATornGroupNeverComeBack) {
    StartOwned(1);
    Stop();
    WriteGroup(disk_, 1, {"record 1", "record 2", "record 3", "record 4"});
    ASSERT_TRUE(disk_.FlipByte(FilePath(1), kFirstRecordAt + kRecordOf8 + 20).ok());
    StartOwned(2);
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"record 1"}));
    Start();
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"record 1"}));
    ASSERT_TRUE(channel_->Acquire(3).ok());
    AppendEach(3, {"12345678", "12345678"});
    Start();
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"record 1", "12345678", "12345678"}));
    // And they do not make a later torn tail look like damage.
    const uint64_t last_at = kFirstRecordAt + kRecordOf8 + 2 * kRecordHeaderBytes + kRecordOf8;
    Stop();
    ASSERT_TRUE(disk_.FlipByte(FilePath(1), last_at).ok());
    Start();
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"record 1", "12345678"}));
}

TEST_F(LocalRecoveryTest, ARecordFollowsOnlyTheOneItWasWrittenAfter) {
    StartOwned(1);
    Stop();
    WriteGroup(disk_, 1, {"record 1", "record 2", "record 3"});
    const std::string bytes = FileBytes(FilePath(1));
    const auto header = DecodeSegmentHeader(bytes).value();
    const auto first = DecodeRecordHeader(std::string_view(bytes).substr(kFirstRecordAt),
                                          kFirstRecordAt, header.salt);
    ASSERT_TRUE(first.has_value());
    // Whole in itself and at its place, but not what record 3 was written after.
    std::string other;
    EncodeRecord({RecordType::kData, 1, 2, "RECORD 2"}, kFirstRecordAt, first->crc, header.salt,
                 &other);
    Overwrite(FilePath(1), kFirstRecordAt + kRecordOf8, other);
    Start();
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"record 1", "RECORD 2"}));
}

TEST_F(LocalRecoveryTest, ABatchWithoutItsCommitIsDropped) {
    StartOwned(1);
    AppendEach(1, {"a", std::string(kRecordPayloadBytesLimit + 10, 'b')});
    Stop();
    const uint64_t batch_at = kFirstRecordAt + RecordHeader::RecordBytes(1);
    const uint64_t commit_at = batch_at + RecordHeader::RecordBytes(16) +
                               RecordHeader::RecordBytes(kRecordPayloadBytesLimit) +
                               RecordHeader::RecordBytes(10);
    ASSERT_TRUE(disk_.FlipByte(FilePath(2), commit_at - batch_at + kSegmentHeaderBytes).ok());
    StartOwned(2);
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"a"}));
    EXPECT_EQ(AppendNow(*channel_, 2, "c").value(), 2u);
    Start();
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"a", "c"}));
}

TEST_F(LocalRecoveryTest, APayloadThatLooksLikeARecordIsNoProof) {
    StartOwned(1);
    Stop();
    // A record with another salt that claims a late group, inside a torn record.
    std::string fake;
    EncodeRecord({RecordType::kData, 1, 9, "x"}, kSegmentHeaderBytes + 64, 0, /*salt=*/12345,
                 &fake);
    std::string payload;
    for (int i = 0; i < 20; ++i) {
        payload += fake;
    }
    WriteGroup(disk_, 1, {payload});
    ASSERT_TRUE(disk_.FlipByte(FilePath(1), kFirstRecordAt).ok());
    Start();
    ASSERT_TRUE(open_status_.ok()) << open_status_.reason();
    EXPECT_TRUE(Payloads().empty());
}

TEST_F(LocalRecoveryTest, AfterAFailedSyncTheChannelIsDeadUntilOpenedAgain) {
    StartOwned(1);
    AppendEach(1, {"a"});
    disk_.FailCall(disk_.call_count() + 2, Status::Error(Code::kIoFailed, "broken"));
    EXPECT_EQ(AppendNow(*channel_, 1, "b").status().code(), Code::kIoFailed);
    EXPECT_EQ(AppendNow(*channel_, 1, "c").status().code(), Code::kIoFailed);
    EXPECT_EQ(channel_->Acquire(2).code(), Code::kIoFailed);
    EXPECT_EQ(channel_->TruncateBefore(2).code(), Code::kIoFailed);
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"a"}));
    auto again = store_->OpenChannel("c").value();
    ASSERT_TRUE(again->Acquire(3).ok());
    ASSERT_TRUE(AppendNow(*again, 3, "d").ok());
    channel_.reset();
    channel_ = std::move(again);
    // "b" reached the file, so it is there for good; the failed sync must not take it or "d" back.
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"a", "b", "d"}));
    auto after = disk_.CrashClone(0);
    auto store = OpenLocalLogStore(*after, "/wal", SmallFiles()).value();
    auto channel = store->OpenChannel("c");
    ASSERT_TRUE(channel.ok()) << channel.status().reason();
    EXPECT_EQ((*channel)->LastPosition(), 3u);
}

TEST_F(LocalRecoveryTest, AFullDiskRefusesAppendsAndTheChannelGoesOn) {
    StartOwned(1);
    AppendEach(1, {"a"});
    // The first call for a record beyond the reserved space asks the disk for more.
    disk_.FailCall(disk_.call_count() + 1, Status::Error(Code::kDiskLimitExceeded, "full"));
    const std::string large(9'000, 'x');
    EXPECT_EQ(AppendNow(*channel_, 1, large).status().code(), Code::kDiskLimitExceeded);
    EXPECT_EQ(AppendNow(*channel_, 1, large).value(), 2u);
    Start();
    EXPECT_EQ(Payloads(), (std::vector<std::string>{"a", large}));
}

double Percentile(std::vector<int64_t> ns, double p) {
    std::sort(ns.begin(), ns.end());
    return static_cast<double>(ns[static_cast<size_t>(p * static_cast<double>(ns.size() - 1))]) /
           1e6;
}

// Prints the rates; fails only when many writers are no faster than one, whatever else the machine
// does.
TEST(LocalLogRateTest, ManyWritersShareSyncs) {
    constexpr int kWriters = 256;
    constexpr int kRounds = 40;
    PosixLog log;
    auto store = log.Start();
    auto channel = store->OpenChannel("c").value();
    ASSERT_TRUE(channel->Acquire(1).ok());
    const std::string payload(400, 'x');
    std::vector<int64_t> alone;
    for (int i = 0; i < 300; ++i) {
        const int64_t begin = sys::RealClock().MonotonicNs();
        ASSERT_TRUE(AppendNow(*channel, 1, payload).ok());
        alone.push_back(sys::RealClock().MonotonicNs() - begin);
    }
    std::vector<std::unique_ptr<sys::Thread>> writers;
    const int64_t begin = sys::RealClock().MonotonicNs();
    for (int w = 0; w < kWriters; ++w) {
        writers.push_back(std::make_unique<sys::Thread>("writer", [&] {
            for (int i = 0; i < kRounds; ++i) {
                EXPECT_TRUE(AppendNow(*channel, 1, payload).ok());
            }
        }));
    }
    writers.clear();
    const double seconds = static_cast<double>(sys::RealClock().MonotonicNs() - begin) / 1e9;
    const double rate = kWriters * kRounds / seconds;
    std::printf("one writer: p50 %.3f ms, p99 %.3f ms; %d writers: %.0f acks/s\n",
                Percentile(alone, 0.5), Percentile(alone, 0.99), kWriters, rate);
    int64_t alone_ns = 0;
    for (const int64_t ns : alone) {
        alone_ns += ns;
    }
    EXPECT_GT(rate, 1e9 * static_cast<double>(alone.size()) / static_cast<double>(alone_ns));
}

}  // namespace
}  // namespace elanus::wal
