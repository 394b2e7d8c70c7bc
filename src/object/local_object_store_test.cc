// The folder against the conformance suite, on the real disk and on the simulated one; power cuts
// at every sync and failures of every call.
#include "object/local_object_store.h"

#include "base/log.h"
#include "object/object_conformance.h"
#include "sys/sim_file_system.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>

#include <gtest/gtest.h>
#include <unistd.h>

namespace elanus::object {
namespace {

using base::Code;
using base::Result;
using base::Status;

std::unique_ptr<LocalObjectStore> MustOpen(sys::FileSystem& file_system, const std::string& root) {
    auto store = LocalObjectStore::Open(file_system, root);
    EXPECT_TRUE(store.ok()) << store.status().reason();
    return store.ok() ? std::move(store).value() : nullptr;
}

class SimBed : public ObjectBed {
  public:
    SimBed() : store_(MustOpen(disk_, "data/objects")) {}
    ObjectStore& store() override { return *store_; }
    void Reopen() override { store_ = MustOpen(disk_, "data/objects"); }

  private:
    sys::SimFileSystem disk_;
    std::unique_ptr<LocalObjectStore> store_;
};

class DiskBed : public ObjectBed {
  public:
    DiskBed() {
        static std::atomic<int> count{0};
        root_ = testing::TempDir() + "object_test_" + std::to_string(::getpid()) + "_" +
                std::to_string(count++);
        std::filesystem::remove_all(root_);
        store_ = MustOpen(sys::PosixFileSystem(), root_);
    }
    ~DiskBed() override {
        store_.reset();
        std::filesystem::remove_all(root_);
    }
    ObjectStore& store() override { return *store_; }
    void Reopen() override { store_ = MustOpen(sys::PosixFileSystem(), root_); }

  private:
    std::string root_;
    std::unique_ptr<LocalObjectStore> store_;
};

template <typename Bed>
std::unique_ptr<ObjectBed> MakeBed() {
    return std::make_unique<Bed>();
}

INSTANTIATE_TEST_SUITE_P(LocalOnSim, ObjectConformance, testing::Values(&MakeBed<SimBed>));
INSTANTIATE_TEST_SUITE_P(LocalOnDisk, ObjectConformance, testing::Values(&MakeBed<DiskBed>));

constexpr char kRoot[] = "data/objects";
constexpr uint64_t kWakeUps = 8;  // states tried after each cut; seeds 0 and 1 are the extremes

using State = std::map<std::string, std::string>;
using Step = std::function<Status(ObjectStore&)>;

Step PutStep(std::string key, std::string bytes, CommitMode mode = CommitMode::kIfAbsent) {
    return [=](ObjectStore& store) { return store.Put(key, bytes, mode); };
}

std::vector<Step> Script() {
    return {
        PutStep("segments/1/2/3/data.0", std::string(5000, 'a')),
        PutStep("segments/1/2/3/data.1", std::string(2'500'000, 'b')),
        PutStep("deletes/ch/1", "d1"),
        PutStep("deletes/ch/1", "d1 again", CommitMode::kReplace),
        [](ObjectStore& store) { return store.Delete("segments/1/2/3/data.0"); },
        PutStep("segments/1/2/3/data.0", std::string(700, 'c')),
        [](ObjectStore& store) { return store.DeletePrefix("segments/1/"); },
        PutStep("segments/1/2/3/data.0", std::string(600, 'd')),
        PutStep("empty", ""),
        [](ObjectStore& store) { return store.DeletePrefix("deletes/"); },
        PutStep("index/1/3/100.1", std::string(9000, 'e'), CommitMode::kReplace),
    };
}

Result<State> Read(ObjectStore& store) {
    ASSIGN_OR_RETURN(const std::vector<ObjectInfo> objects, store.List(""));
    State state;
    for (const ObjectInfo& object : objects) {
        ASSIGN_OR_RETURN(const base::Buffer bytes, store.Map(object.key));
        state[object.key] = std::string(bytes.view());
        if (bytes.size() != object.size_bytes) {
            return base::Corruption(object.key);
        }
    }
    return state;
}

// Returns how many steps were acknowledged.
size_t RunScript(sys::FileSystem& disk, const std::vector<Step>& script, Status& failure,
                 std::vector<State>* states) {
    base::SetLogLevel(base::LogLevel::kError);  // each cut leaves a file, each would be a warning
    auto store = LocalObjectStore::Open(disk, kRoot);
    failure = store.status();
    size_t acknowledged = 0;
    while (failure.ok() && acknowledged < script.size()) {
        failure = script[acknowledged](**store);
        acknowledged += failure.ok() ? 1 : 0;
        if (failure.ok() && states != nullptr) {
            states->push_back(*Read(**store));
        }
    }
    return acknowledged;
}

std::string ValueIn(const State& state, const std::string& key) {
    const auto found = state.find(key);
    return found == state.end() ? "(absent)" : found->second;
}

// Empty when each key holds what the acknowledged steps left, or what the step in flight was to
// leave.
std::string Problem(sys::FileSystem& disk, const std::vector<State>& states, size_t acknowledged) {
    auto store = LocalObjectStore::Open(disk, kRoot);
    if (!store.ok()) {
        return "first open: " + store.status().reason();
    }
    const Result<State> found = Read(**store);
    if (!found.ok()) {
        return "read: " + found.status().reason();
    }
    const State& before = states[acknowledged];
    const State& after = states[std::min(acknowledged + 1, states.size() - 1)];
    State all = *found;
    all.insert(before.begin(), before.end());
    all.insert(after.begin(), after.end());
    for (const auto& [key, unused] : all) {
        const std::string value = ValueIn(*found, key);
        if (value != ValueIn(before, key) && value != ValueIn(after, key)) {
            return key + " is wrong after " + std::to_string(acknowledged) + " steps";
        }
    }
    const auto leftovers = disk.List(sys::JoinPath(kRoot, "tmp"));
    if (!leftovers.ok() || !leftovers->empty()) {
        return "leftovers in tmp";
    }
    return (*store)->Put("alive/again", "1", CommitMode::kReplace).reason();
}

uint64_t CutEverywhere(bool honour_syncs, std::string& first_problem, uint64_t& wake_ups) {
    const std::vector<Step> script = Script();
    std::vector<State> states{State()};
    Status failure;
    sys::SimFileSystem rehearsal(honour_syncs);
    EXPECT_EQ(RunScript(rehearsal, script, failure, &states), script.size()) << failure.reason();
    uint64_t problems = 0;
    for (uint64_t n = 1; n <= rehearsal.sync_count(); ++n) {
        sys::SimFileSystem disk(honour_syncs);
        disk.CrashAtSync(n);
        const size_t acknowledged = RunScript(disk, script, failure, nullptr);
        for (uint64_t seed = 0; seed < kWakeUps; ++seed) {
            const auto after = disk.CrashClone(seed < 2 ? seed : n * 1000 + seed);
            const std::string problem = Problem(*after, states, acknowledged);
            ++wake_ups;
            if (!problem.empty() && problems++ == 0) {
                first_problem = "sync " + std::to_string(n) + ", wake-up " + std::to_string(seed) +
                                ": " + problem;
            }
        }
    }
    return problems;
}

TEST(ObjectPowerCut, EveryObjectIsWholeOrAbsent) {
    std::string first;
    uint64_t wake_ups = 0;
    EXPECT_EQ(CutEverywhere(sys::kSyncsCompiledIn, first, wake_ups), 0u) << first;
    std::printf("%lu wake-ups\n", static_cast<unsigned long>(wake_ups));
    EXPECT_GT(wake_ups, 20 * kWakeUps);
}

TEST(ObjectPowerCut, ADiskThatIgnoresSyncsIsNoticed) {
    std::string first;
    uint64_t wake_ups = 0;
    EXPECT_GT(CutEverywhere(false, first, wake_ups), 0u);
}

// A process killed (nothing lost), its successor cut off from power: what the successor
// acknowledged must be there although the folders were made by the first.
TEST(ObjectPowerCut, FoldersOfAKilledProcessAreMadeDurable) {
    std::vector<State> states{State()};
    Status failure;
    sys::SimFileSystem rehearsal;
    RunScript(rehearsal, Script(), failure, nullptr);
    for (uint64_t n = 1; n <= rehearsal.sync_count(); ++n) {
        sys::SimFileSystem disk;
        {
            auto store = LocalObjectStore::Open(disk, kRoot);
            ASSERT_TRUE(store.ok());
            disk.FailCall(disk.call_count() + n, Status::Error(Code::kIoFailed, "made to fail"));
            (void)(*store)->Put("a/b/c/d", "first", CommitMode::kReplace);
        }
        auto store = LocalObjectStore::Open(disk, kRoot);
        if (store.ok() && (*store)->Put("a/b/c/d", "second", CommitMode::kReplace).ok()) {
            const auto after = disk.CrashClone(0);
            const auto reopened = MustOpen(*after, kRoot);
            EXPECT_EQ(reopened->Map("a/b/c/d")->view(), "second") << n;
        }
    }
}

TEST(ObjectFailingCalls, EveryFailureIsReportedAndSurvived) {
    const std::vector<Step> script = Script();
    std::vector<State> states{State()};
    Status failure;
    sys::SimFileSystem rehearsal;
    ASSERT_EQ(RunScript(rehearsal, script, failure, &states), script.size());
    sys::SimFileSystem counted;
    RunScript(counted, script, failure, nullptr);
    for (uint64_t n = 1; n <= counted.call_count(); ++n) {
        sys::SimFileSystem disk;
        const Code code = n % 2 == 0 ? Code::kIoFailed : Code::kDiskLimitExceeded;
        disk.FailCall(n, Status::Error(code, "made to fail"));
        const size_t acknowledged = RunScript(disk, script, failure, nullptr);
        if (acknowledged < script.size()) {
            EXPECT_EQ(failure.code(), code) << "call " << n << ": " << failure.reason();
        }
        for (const uint64_t seed : {1, 0, 5}) {
            const auto after = disk.CrashClone(seed);
            EXPECT_EQ(Problem(*after, states, acknowledged), "") << "call " << n << ", " << seed;
        }
    }
}

// The store that saw the failure goes on: a repeat of the failed step, as a caller would do it,
// works.
TEST(ObjectFailingCalls, AStepCanBeRepeatedOnTheSameStore) {
    for (uint64_t n = 1; n <= 60; ++n) {
        sys::SimFileSystem disk;
        const auto store = MustOpen(disk, kRoot);
        disk.FailCall(disk.call_count() + n, Status::Error(Code::kIoFailed, "made to fail"));
        State expected;
        for (const char* key : {"a/b/1", "a/b/2", "a/c/3"}) {
            if (!store->Put(key, key, CommitMode::kReplace).ok()) {
                ASSERT_TRUE(store->Put(key, key, CommitMode::kReplace).ok()) << n;
            }
            expected[key] = key;
        }
        if (!store->DeletePrefix("a/b/").ok()) {
            ASSERT_TRUE(store->DeletePrefix("a/b/").ok()) << n;
        }
        expected.erase("a/b/1");
        expected.erase("a/b/2");
        const auto after = disk.CrashClone(0);
        const auto reopened = MustOpen(*after, kRoot);
        EXPECT_EQ(*Read(*reopened), expected) << n;
    }
}

}  // namespace
}  // namespace elanus::object
