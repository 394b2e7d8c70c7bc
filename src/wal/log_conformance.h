// What every LogStore must do, as a GoogleTest suite that takes a maker of stores:
//
//     INSTANTIATE_TEST_SUITE_P(Local, LogConformanceTest, ::testing::Values(LogMaker([] { ... })));
//
// Included by one source file of a test program.
#pragma once

#include "sys/thread.h"
#include "wal/blocking_calls.h"
#include "wal/limits.h"
#include "wal/log.h"

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::wal {

// A log that can be shut down and started again with what it kept.
class RestartableLog {
  public:
    virtual ~RestartableLog() = default;
    // A new store object over the same data. Every channel of the one before is destroyed.
    virtual std::unique_ptr<LogStore> Start() = 0;
};

using LogMaker = std::function<std::unique_ptr<RestartableLog>()>;

class LogConformanceTest : public ::testing::TestWithParam<LogMaker> {
  protected:
    LogConformanceTest() : log_(GetParam()()), store_(log_->Start()) {}

    std::unique_ptr<LogChannel> OpenChannel(const std::string& name = "dml_0") {
        auto channel = store_->OpenChannel(name);
        EXPECT_TRUE(channel.ok()) << channel.status().reason();
        return channel.ok() ? std::move(channel).value() : nullptr;
    }
    std::unique_ptr<LogChannel> OpenOwned(base::Epoch epoch, const std::string& name = "dml_0") {
        auto channel = OpenChannel(name);
        const base::Status acquired = channel->Acquire(epoch);
        EXPECT_TRUE(acquired.ok()) << acquired.reason();
        return channel;
    }
    void Restart() {
        store_.reset();
        store_ = log_->Start();
    }
    static std::vector<LogRecord> Records(LogChannel& channel, base::LogPosition from = 1) {
        auto records = ReadRecords(channel, from);
        EXPECT_TRUE(records.ok()) << records.status().reason();
        return records.ok() ? *records : std::vector<LogRecord>();
    }
    static base::Code AppendCode(LogChannel& channel, base::Epoch epoch) {
        return AppendNow(channel, epoch, "x").status().code();
    }

    std::unique_ptr<RestartableLog> log_;
    std::unique_ptr<LogStore> store_;
};

TEST_P(LogConformanceTest, StartsEmpty) {
    auto channel = OpenChannel();
    EXPECT_EQ(channel->LastPosition(), 0u);
    EXPECT_EQ(channel->FirstPosition(), 1u);
    EXPECT_EQ(channel->LastEpoch(), 0u);
    EXPECT_TRUE(Records(*channel).empty());
    EXPECT_TRUE(Records(*channel, 0).empty());
}

TEST_P(LogConformanceTest, PositionsAreDenseAndRecordsComeBackInOrder) {
    auto channel = OpenOwned(1);
    for (base::LogPosition i = 1; i <= 50; ++i) {
        EXPECT_EQ(AppendNow(*channel, 1, "record " + std::to_string(i)).value(), i);
        EXPECT_EQ(channel->LastPosition(), i);
    }
    const auto records = Records(*channel, 20);
    ASSERT_EQ(records.size(), 31u);
    EXPECT_EQ(records.front(), (LogRecord{20, "record 20"}));
    EXPECT_EQ(records.back(), (LogRecord{50, "record 50"}));
    EXPECT_TRUE(Records(*channel, 51).empty());
    EXPECT_TRUE(Records(*channel, 1000).empty());
}

TEST_P(LogConformanceTest, AFailureOfTheVisitorEndsTheRead) {
    auto channel = OpenOwned(1);
    ASSERT_TRUE(AppendNow(*channel, 1, "a").ok());
    ASSERT_TRUE(AppendNow(*channel, 1, "b").ok());
    int visits = 0;
    const base::Status status = channel->Read(1, [&](base::LogPosition, std::string_view) {
        ++visits;
        return base::InvalidParameter("enough");
    });
    EXPECT_EQ(status.reason(), base::InvalidParameter("enough").reason());
    EXPECT_EQ(visits, 1);
}

TEST_P(LogConformanceTest, OnlyTheOwnerMayAppend) {
    auto channel = OpenChannel();
    EXPECT_EQ(AppendCode(*channel, 1), base::Code::kChannelFenced) << "never acquired";
    EXPECT_EQ(channel->Acquire(0).code(), base::Code::kInvalidParameter);
    ASSERT_TRUE(channel->Acquire(5).ok());
    EXPECT_TRUE(channel->Acquire(5).ok()) << "repeated by the owner";
    EXPECT_EQ(channel->LastEpoch(), 5u);
    EXPECT_EQ(AppendCode(*channel, 4), base::Code::kChannelFenced);
    EXPECT_EQ(AppendCode(*channel, 6), base::Code::kChannelFenced);
    EXPECT_EQ(AppendCode(*channel, 5), base::Code::kOk);
    EXPECT_EQ(channel->Acquire(4).code(), base::Code::kChannelFenced);
    EXPECT_EQ(channel->LastPosition(), 1u);
}

TEST_P(LogConformanceTest, ALaterOwnerFencesTheEarlierOne) {
    auto early = OpenOwned(1);
    ASSERT_TRUE(AppendNow(*early, 1, "early").ok());
    auto late = OpenChannel();
    EXPECT_EQ(late->Acquire(1).code(), base::Code::kChannelFenced) << "same epoch, other owner";
    ASSERT_TRUE(late->Acquire(2).ok());
    EXPECT_EQ(AppendCode(*early, 1), base::Code::kChannelFenced);
    EXPECT_EQ(AppendCode(*early, 2), base::Code::kChannelFenced) << "a stolen epoch";
    EXPECT_EQ(AppendNow(*late, 2, "late").value(), 2u);
    EXPECT_EQ(Records(*late), (std::vector<LogRecord>{{1, "early"}, {2, "late"}}));
    EXPECT_EQ(early->Acquire(2).code(), base::Code::kChannelFenced);
    EXPECT_TRUE(early->Acquire(3).ok());
    EXPECT_EQ(AppendCode(*late, 2), base::Code::kChannelFenced);
}

TEST_P(LogConformanceTest, ARestartKeepsRecordsAndEpochs) {
    auto channel = OpenOwned(7);
    ASSERT_TRUE(AppendNow(*channel, 7, "one").ok());
    ASSERT_TRUE(AppendNow(*channel, 7, "two").ok());
    channel.reset();
    Restart();
    channel = OpenChannel();
    EXPECT_EQ(channel->LastPosition(), 2u);
    EXPECT_EQ(channel->LastEpoch(), 7u);
    EXPECT_EQ(AppendCode(*channel, 7), base::Code::kChannelFenced);
    EXPECT_EQ(channel->Acquire(7).code(), base::Code::kChannelFenced) << "of an earlier run";
    ASSERT_TRUE(channel->Acquire(8).ok());
    EXPECT_EQ(AppendNow(*channel, 8, "three").value(), 3u);
    EXPECT_EQ(Records(*channel), (std::vector<LogRecord>{{1, "one"}, {2, "two"}, {3, "three"}}));
}

TEST_P(LogConformanceTest, RecordsOfEverySizeAreOneRecord) {
    auto channel = OpenOwned(1);
    const size_t limit = kRecordPayloadBytesLimit;
    std::vector<std::string> payloads;
    for (const size_t bytes : {size_t{0}, size_t{1}, size_t{4096}, limit - 1, limit, limit + 1,
                               2 * limit, 2 * limit + 77}) {
        payloads.push_back(std::string(bytes, static_cast<char>('a' + payloads.size())));
        EXPECT_EQ(AppendNow(*channel, 1, payloads.back()).value(), payloads.size());
    }
    channel.reset();
    Restart();
    channel = OpenChannel();
    const auto records = Records(*channel);
    ASSERT_EQ(records.size(), payloads.size());
    for (size_t i = 0; i < payloads.size(); ++i) {
        EXPECT_EQ(records[i].position, i + 1);
        EXPECT_TRUE(records[i].payload == payloads[i]) << "record " << i + 1;
    }
}

TEST_P(LogConformanceTest, APayloadAboveTheLimitIsRefusedAndTheNextOneIsNot) {
    auto channel = OpenOwned(1);
    const auto refused = AppendNow(*channel, 1, std::string(kPayloadBytesLimit + 1, 'x'));
    EXPECT_EQ(refused.status().code(), base::Code::kParameterTooLarge);
    EXPECT_EQ(AppendNow(*channel, 1, "y").value(), 1u);
}

TEST_P(LogConformanceTest, ManyWritersGetDistinctPositionsInCallbackOrder) {
    constexpr int kWriters = 8;
    constexpr int kAppends = 100;
    auto channel = OpenOwned(1);
    std::vector<base::LogPosition> called;  // unguarded: callbacks run one at a time
    std::atomic<int> open{kWriters * kAppends};
    std::promise<void> all_done;
    std::vector<std::unique_ptr<sys::Thread>> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
        writers.push_back(std::make_unique<sys::Thread>("writer", [&, writer] {
            for (int i = 0; i < kAppends; ++i) {
                channel->Append(1, std::to_string(writer) + ":" + std::to_string(i),
                                [&](base::Result<base::LogPosition> position) {
                                    called.push_back(position.value());
                                    if (--open == 0) {
                                        all_done.set_value();
                                    }
                                });
            }
        }));
    }
    writers.clear();
    all_done.get_future().wait();
    const auto records = Records(*channel);
    ASSERT_EQ(called.size(), static_cast<size_t>(kWriters * kAppends));
    ASSERT_EQ(records.size(), called.size());
    std::vector<int> next(kWriters, 0);
    for (size_t i = 0; i < called.size(); ++i) {
        EXPECT_EQ(called[i], i + 1);
        EXPECT_EQ(records[i].position, i + 1);
        const int writer = records[i].payload[0] - '0';
        EXPECT_EQ(records[i].payload,
                  std::to_string(writer) + ":" + std::to_string(next[writer]++));
    }
}

TEST_P(LogConformanceTest, ReadersSeeAPrefixWhileOthersWrite) {
    auto channel = OpenOwned(1);
    std::atomic<bool> stop{false};
    sys::Thread reader("reader", [&] {
        while (!stop) {
            const base::LogPosition durable = channel->LastPosition();
            const auto records = Records(*channel);
            EXPECT_GE(records.size(), durable);
            for (size_t i = 0; i < records.size(); ++i) {
                ASSERT_EQ(records[i], (LogRecord{i + 1, std::to_string(i + 1)}));
            }
        }
    });
    for (int i = 1; i <= 300; ++i) {
        EXPECT_TRUE(AppendNow(*channel, 1, std::to_string(i)).ok());
    }
    stop = true;
}

TEST_P(LogConformanceTest, TruncationKeepsWhatIsNeeded) {
    auto channel = OpenOwned(1);
    for (int i = 1; i <= 200; ++i) {
        ASSERT_TRUE(AppendNow(*channel, 1, std::string(500, 'x') + std::to_string(i)).ok());
    }
    ASSERT_TRUE(channel->TruncateBefore(150).ok());
    for (int round = 0; round < 2; ++round) {
        const base::LogPosition first = channel->FirstPosition();
        EXPECT_LE(first, 150u);
        EXPECT_EQ(channel->LastPosition(), 200u);
        const auto records = Records(*channel, 150);
        ASSERT_EQ(records.size(), 51u);
        EXPECT_EQ(records.front().position, 150u);
        if (first > 1) {
            EXPECT_EQ(ReadRecords(*channel, first - 1).status().code(), base::Code::kCompacted);
        }
        channel.reset();
        Restart();
        channel = OpenChannel();
    }
    ASSERT_TRUE(channel->Acquire(2).ok());
    ASSERT_TRUE(channel->TruncateBefore(1'000'000).ok());
    EXPECT_EQ(AppendNow(*channel, 2, "next").value(), 201u);
    EXPECT_EQ(Records(*channel, 201), (std::vector<LogRecord>{{201, "next"}}));
}

TEST_P(LogConformanceTest, ChannelsAreListedAndApart) {
    EXPECT_TRUE(store_->ListChannels().value().empty());
    auto b = OpenOwned(1, "b.1");
    auto a = OpenOwned(1, "a-1_x");
    ASSERT_TRUE(AppendNow(*a, 1, "in a").ok());
    EXPECT_EQ(store_->ListChannels().value(), (std::vector<std::string>{"a-1_x", "b.1"}));
    EXPECT_TRUE(Records(*b).empty());
    for (const char* name : {"", ".", "..", "a/b", ".hidden", "a b"}) {
        EXPECT_EQ(store_->OpenChannel(name).status().code(), base::Code::kInvalidParameter) << name;
    }
    EXPECT_EQ(store_->OpenChannel(std::string(kChannelNameBytesLimit + 1, 'a')).status().code(),
              base::Code::kInvalidParameter);
}

TEST_P(LogConformanceTest, DestroyingAChannelFinishesItsAppends) {
    std::vector<std::future<base::Result<base::LogPosition>>> appends;
    auto channel = OpenOwned(1);
    for (int i = 0; i < 100; ++i) {
        appends.push_back(AppendSoon(*channel, 1, "x"));
    }
    channel.reset();
    EXPECT_EQ(OpenChannel()->LastPosition(), 100u);
    for (auto& append : appends) {
        EXPECT_TRUE(append.get().ok());
    }
}

}  // namespace elanus::wal
