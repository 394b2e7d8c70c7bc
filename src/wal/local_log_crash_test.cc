// Power cuts and failing calls under the local log, on the simulated disk.
//
// A script is a random but repeatable series of appends, bursts, ownership changes, truncations and
// restarts. A ledger notes what was acknowledged and what was only tried. After the cut the log
// must open at the first try and hold every acknowledged record; of the others each is there whole,
// once, or not.
#include "base/log.h"
#include "sys/random_source.h"
#include "sys/sim_file_system.h"
#include "wal/blocking_calls.h"
#include "wal/limits.h"
#include "wal/local_log.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <gtest/gtest.h>

namespace elanus::wal {
namespace {

using base::Code;
using base::Epoch;
using base::LogPosition;
using base::Status;

#ifdef __SANITIZE_THREAD__
constexpr int kScripts =
    3;  // a hundred times slower there, and the threads are the same in all scripts
#else
constexpr int kScripts = 20;
#endif
constexpr const char* kRoot = "/data/wal";

LocalLogOptions TinyFiles(sys::Random& random) {
    LocalLogOptions options;
    options.segment_bytes = 12 << 10;
    options.preallocate_bytes = 6 << 10;
    options.zero_ahead_bytes = 2 << 10;
    options.random = &random;
    return options;
}

// What the writer knows. A record's payload begins with its own number, so no two are alike.
struct Ledger {
    std::map<LogPosition, std::string> acknowledged;
    std::set<std::string> tried;
    Epoch epoch = 0;  // the latest acquired
    LogPosition truncated_before = 0;
};

class Script {
  public:
    Script(sys::SimFileSystem& disk, uint64_t seed, bool with_batches)
        : disk_(disk), random_(seed), with_batches_(with_batches) {}

    // Runs until its end or until the disk fails for good.
    void Run() {
        const int steps = with_batches_ ? 4 : 30;
        for (int step = 0; step < steps; ++step) {
            if (!EnsureOpen()) {
                return;
            }
            Step();
        }
    }

    const Ledger& ledger() const { return ledger_; }
    // Ends the log's thread, so that the disk is still.
    void Stop() {
        channel_.reset();
        store_.reset();
    }

  private:
    // A failed call is forgiven once: the next try must do.
    bool EnsureOpen() {
        for (int attempt = 0; attempt < 3 && channel_ == nullptr; ++attempt) {
            auto store = OpenLocalLogStore(disk_, kRoot, TinyFiles(random_));
            if (!store.ok()) {
                continue;
            }
            store_ = std::move(store).value();
            auto channel = store_->OpenChannel("c");
            if (channel.ok()) {
                channel_ = std::move(channel).value();
                Acquire();
            }
        }
        return channel_ != nullptr;
    }

    void Acquire() {
        const Epoch epoch = ++next_epoch_;
        const Status status = channel_->Acquire(epoch);
        if (status.ok()) {
            ledger_.epoch = epoch;
        } else if (status.code() != Code::kDiskLimitExceeded) {
            channel_.reset();
        }
    }

    void Step() {
        switch (random_.Below(10)) {
            case 0:
                return Acquire();
            case 1:
                return Stop();
            case 2:
                return Truncate();
            case 3:
            case 4:
            case 5:
                return Burst(1 + random_.Below(with_batches_ ? 4 : 12));
            default:
                return Burst(1);
        }
    }

    void Truncate() {
        const LogPosition last = channel_->LastPosition();
        const LogPosition before = last - std::min<LogPosition>(last, random_.Below(12));
        ledger_.truncated_before = std::max(ledger_.truncated_before, before);
        if (!channel_->TruncateBefore(before).ok()) {
            channel_.reset();
        }
    }

    void Burst(uint64_t count) {
        std::vector<std::pair<std::string, std::future<base::Result<LogPosition>>>> appends;
        for (uint64_t i = 0; i < count; ++i) {
            std::string payload = NextPayload();
            ledger_.tried.insert(payload);
            auto done = AppendSoon(*channel_, ledger_.epoch, payload);
            appends.emplace_back(std::move(payload), std::move(done));
        }
        bool dead = false;
        for (auto& [payload, done] : appends) {
            const auto position = done.get();
            if (position.ok()) {
                ledger_.acknowledged[*position] = payload;
            } else {
                dead = dead || position.status().code() == Code::kIoFailed;
            }
        }
        if (dead) {
            channel_.reset();
        }
    }

    std::string NextPayload() {
        size_t bytes = random_.OneIn(4) ? random_.Below(6'000) : random_.Below(400);
        if (with_batches_ && payloads_ % 4 == 1) {
            bytes = kRecordPayloadBytesLimit + random_.Below(1'000);
        }
        std::string payload = "#" + std::to_string(++payloads_) + " ";
        const char fill = static_cast<char>('a' + random_.Below(26));
        payload.append(bytes, fill);
        return payload;
    }

    sys::SimFileSystem& disk_;
    sys::SeededRandom random_;
    const bool with_batches_;
    std::unique_ptr<LogStore> store_;
    std::unique_ptr<LogChannel> channel_;
    Epoch next_epoch_ = 0;
    uint64_t payloads_ = 0;
    Ledger ledger_;
};

std::string Shorten(const std::string& payload) {
    return payload.substr(0, payload.find(' '));
}

// Empty when what was read agrees with the ledger.
std::string CompareRecords(const std::vector<LogRecord>& records, LogPosition first,
                           const Ledger& ledger) {
    if (first > std::max<LogPosition>(ledger.truncated_before, 1)) {
        return "begins at " + std::to_string(first) + ", past what was truncated";
    }
    std::map<LogPosition, std::string> missing = ledger.acknowledged;
    missing.erase(missing.begin(), missing.lower_bound(first));
    std::set<std::string> seen;
    LogPosition expected = first;
    for (const LogRecord& record : records) {
        if (record.position != expected++) {
            return "position " + std::to_string(record.position) + " out of order";
        }
        if (!ledger.tried.contains(record.payload)) {
            return "a record nobody wrote at " + std::to_string(record.position);
        }
        if (!seen.insert(record.payload).second) {
            return Shorten(record.payload) + " twice";
        }
        const auto known = missing.find(record.position);
        if (known != missing.end()) {
            if (known->second != record.payload) {
                return Shorten(known->second) + " replaced by " + Shorten(record.payload);
            }
            missing.erase(known);
        }
    }
    return missing.empty() ? ""
                           : Shorten(missing.begin()->second) + " was acknowledged and is lost";
}

struct OpenedLog {
    std::unique_ptr<LogStore> store;
    std::unique_ptr<LogChannel> channel;
    std::vector<LogRecord> records;
    std::string problem;
};

OpenedLog OpenAndRead(sys::SimFileSystem& disk, sys::Random& random) {
    OpenedLog log;
    auto store = OpenLocalLogStore(disk, kRoot, TinyFiles(random));
    if (!store.ok()) {
        log.problem = store.status().reason();
        return log;
    }
    log.store = std::move(store).value();
    auto channel = log.store->OpenChannel("c");
    if (!channel.ok()) {
        log.problem = channel.status().reason();
        return log;
    }
    log.channel = std::move(channel).value();
    auto records = ReadRecords(*log.channel, log.channel->FirstPosition());
    if (!records.ok()) {
        log.problem = records.status().reason();
        return log;
    }
    log.records = std::move(records).value();
    return log;
}

// Starts the log on what a power cut left and goes on writing. Empty when all is well.
std::string CheckAfterCut(sys::SimFileSystem& disk, const Ledger& before, uint64_t seed) {
    sys::SeededRandom random(seed);
    OpenedLog log = OpenAndRead(disk, random);
    if (!log.problem.empty()) {
        return "first start: " + log.problem;
    }
    std::string problem = CompareRecords(log.records, log.channel->FirstPosition(), before);
    if (problem.empty() && log.channel->LastEpoch() < before.epoch) {
        problem = "epoch " + std::to_string(before.epoch) + " is forgotten";
    }
    if (!problem.empty()) {
        return problem;
    }
    // What was shown once must stay, even if the power goes again at once.
    Ledger ledger = before;
    for (const LogRecord& record : log.records) {
        ledger.acknowledged[record.position] = record.payload;
    }
    auto at_once = disk.CrashClone(0);
    OpenedLog again = OpenAndRead(*at_once, random);
    problem = again.problem.empty()
                  ? CompareRecords(again.records, again.channel->FirstPosition(), ledger)
                  : again.problem;
    if (!problem.empty()) {
        return "second cut: " + problem;
    }
    const Epoch epoch = log.channel->LastEpoch() + 1;
    if (!log.channel->Acquire(epoch).ok()) {
        return "cannot be acquired";
    }
    for (const char* payload : {"after the cut 1", "after the cut 2"}) {
        ledger.tried.insert(payload);
        const auto position = AppendNow(*log.channel, epoch, payload);
        if (!position.ok()) {
            return "cannot be appended to: " + position.status().reason();
        }
        ledger.acknowledged[*position] = payload;
    }
    auto later = disk.CrashClone(seed + 2);
    OpenedLog last = OpenAndRead(*later, random);
    problem = last.problem.empty()
                  ? CompareRecords(last.records, last.channel->FirstPosition(), ledger)
                  : last.problem;
    return problem.empty() ? "" : "third start: " + problem;
}

struct CutResult {
    int cuts = 0;
    int states = 0;
    std::vector<std::string> problems;
};

// Cuts the power at every sync of the script; looks at several states each cut may leave.
CutResult CutAtEverySync(uint64_t script_seed, bool honour_syncs, int states_per_cut,
                         bool with_batches = false) {
    CutResult result;
    bool finished = false;
    for (uint64_t n = 1; !finished && n < 10'000; ++n) {
        sys::SimFileSystem disk(honour_syncs);
        disk.CrashAtSync(n);
        Script script(disk, script_seed, with_batches);
        script.Run();
        script.Stop();
        finished = disk.sync_count() < n;
        ++result.cuts;
        for (int state = 0; state < states_per_cut; ++state) {
            const uint64_t seed = state < 2 ? static_cast<uint64_t>(state) : n * 100 + state;
            auto after = disk.CrashClone(seed);
            const std::string problem = CheckAfterCut(*after, script.ledger(), seed);
            ++result.states;
            if (!problem.empty()) {
                result.problems.push_back("script " + std::to_string(script_seed) + ", sync " +
                                          std::to_string(n) + ", state " + std::to_string(seed) +
                                          ": " + problem);
            }
        }
    }
    return result;
}

class LocalLogCrashTest : public ::testing::Test {
  protected:
    // Dying channels are what these tests are about; thousands of lines about them help nobody.
    LocalLogCrashTest() { base::SetLogLevel(static_cast<base::LogLevel>(100)); }
    ~LocalLogCrashTest() override { base::SetLogLevel(base::LogLevel::kInfo); }
};

TEST_F(LocalLogCrashTest, NothingAcknowledgedIsLostAtAnySyncOfAnyScript) {
    int cuts = 0;
    int states = 0;
    for (int script = 0; script < kScripts; ++script) {
        const CutResult result = CutAtEverySync(script, /*honour_syncs=*/sys::kSyncsCompiledIn, 6);
        cuts += result.cuts;
        states += result.states;
        for (const std::string& problem : result.problems) {
            ADD_FAILURE() << problem;
        }
    }
    std::printf("%d scripts, %d cuts, %d states\n", kScripts, cuts, states);
    EXPECT_GT(cuts, 20 * kScripts);
}

TEST_F(LocalLogCrashTest, LargeBatchesAreWholeOrAbsent) {
    const CutResult result =
        CutAtEverySync(77, /*honour_syncs=*/sys::kSyncsCompiledIn, 3, /*with_batches=*/true);
    for (const std::string& problem : result.problems) {
        ADD_FAILURE() << problem;
    }
}

TEST_F(LocalLogCrashTest, TheCheckNoticesADiskThatDoesNotSync) {
    for (int script = 0; script < kScripts; ++script) {
        const CutResult result = CutAtEverySync(script, /*honour_syncs=*/false, 4);
        EXPECT_FALSE(result.problems.empty()) << "script " << script;
    }
}

TEST_F(LocalLogCrashTest, EveryFailingCallLosesNothing) {
    for (const Code code : {Code::kIoFailed, Code::kDiskLimitExceeded}) {
        for (int seed = 0; seed < 4; ++seed) {
            bool finished = false;
            for (uint64_t n = 1; !finished && n < 10'000; ++n) {
                sys::SimFileSystem disk;
                disk.FailCall(n, Status::Error(code, "injected"));
                Script script(disk, seed, /*with_batches=*/false);
                script.Run();
                script.Stop();
                finished = disk.call_count() < n;
                for (const uint64_t state : {uint64_t{0}, uint64_t{1}, n + 2}) {
                    auto after = disk.CrashClone(state);
                    const std::string problem = CheckAfterCut(*after, script.ledger(), state);
                    EXPECT_EQ(problem, "") << "script " << seed << ", call " << n << ", state "
                                           << state << ", code " << static_cast<int>(code);
                }
            }
        }
    }
}

}  // namespace
}  // namespace elanus::wal
