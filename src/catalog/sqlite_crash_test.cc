// Power cuts and failing calls under the embedded catalog, on the simulated disk.
//
// A script of steps runs until the power goes at its n-th sync; the disk wakes up in several
// states; in each the catalog must open, hold exactly the acknowledged steps (and perhaps the one
// in flight, whole), and work on. Every n is tried. On a disk that ignores syncs the same checker
// must complain.
#include "catalog/catalog.h"
#include "catalog/large_change.h"
#include "catalog/sqlite_catalog.h"
#include "sys/sim_file_system.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::catalog {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr char kPath[] = "data/catalog.db";
constexpr uint64_t kWakeUps = 6;  // states tried after each cut; seeds 0 and 1 are the extremes

using State = std::map<std::string, std::string>;
using Step = std::function<Status(Catalog&)>;

Step Do(Txn txn) {
    return [txn = std::move(txn)](Catalog& catalog) { return catalog.Commit(txn).status(); };
}

Result<State> Read(Catalog& catalog) {
    ASSIGN_OR_RETURN(const RangeResult all, catalog.Prefix(""));
    State state;
    for (const KeyValue& item : all.items) {
        state[item.key] = item.value;
    }
    return state;
}

struct Script {
    std::string name;
    std::vector<Step> steps;
};

Script SmallCommits() {
    Script script{"small commits", {}};
    for (int i = 0; i < 6; ++i) {
        const std::string n = std::to_string(i);
        script.steps.push_back(
            Do(Txn().Set("a", n).Set("k/" + n, n).Remove("k/" + std::to_string(i - 2))));
    }
    return script;
}

Script WideTransactions() {
    Script script{"wide transactions", {}};
    for (int i = 0; i < 3; ++i) {
        Txn txn;
        for (int k = 0; k < 60; ++k) {
            txn.Set("k/" + std::to_string(k), std::string(500, static_cast<char>('a' + i)));
        }
        script.steps.push_back(Do(txn));
    }
    script.steps.push_back(Do(Txn().RemoveRange(PrefixRange("k/")).Set("end", "1")));
    return script;
}

// Writes enough for SQLite to copy its log back into the file several times.
Script BigValues() {
    Script script{"big values", {}};
    for (int i = 0; i < 10; ++i) {
        script.steps.push_back(Do(Txn()
                                      .Set("big/" + std::to_string(i % 3),
                                           std::string(900'000, static_cast<char>('a' + i)))
                                      .Set("last", std::to_string(i))));
    }
    return script;
}

Script Leases() {
    Script script{"leases", {}};
    script.steps.push_back(
        [](Catalog& catalog) -> Status { return catalog.Grant(60'000).status(); });
    script.steps.push_back(Do(Txn().Set("leader", "me", 1).Set("other", "1")));
    script.steps.push_back([](Catalog& catalog) { return catalog.Revoke(1); });
    script.steps.push_back(Do(Txn().IfAbsent("leader").Set("leader", "you")));
    return script;
}

Script Reopening() {
    Script script = SmallCommits();
    script.name = "reopening";
    return script;
}

// One run: opens, does the steps, keeps what was acknowledged and what was in flight.
struct Attempt {
    std::vector<State> states{State()};  // after 0, 1, ... steps; of the run without a cut
    size_t acknowledged = 0;
    Status first_failure;
};

Status OpenAndRun(sys::FileSystem& disk, sys::Clock& clock, const Script& script, bool reopen_each,
                  Attempt& run, bool record) {
    RETURN_IF_ERROR(disk.CreateDirectories("data"));
    ASSIGN_OR_RETURN(std::unique_ptr<Catalog> catalog, OpenSqliteCatalog(disk, kPath, clock));
    for (const Step& step : script.steps) {
        RETURN_IF_ERROR(step(*catalog));
        ++run.acknowledged;
        if (record) {
            ASSIGN_OR_RETURN(State state, Read(*catalog));
            run.states.push_back(std::move(state));
        }
        if (reopen_each) {
            catalog.reset();
            ASSIGN_OR_RETURN(catalog, OpenSqliteCatalog(disk, kPath, clock));
        }
    }
    return Status();
}

// Empty when the disk holds what it must.
std::string Problem(sys::FileSystem& disk, const std::vector<State>& states, size_t acknowledged) {
    sys::SimClock clock;
    const Status made = disk.CreateDirectories("data");
    auto catalog = OpenSqliteCatalog(disk, kPath, clock);
    if (!made.ok() || !catalog.ok()) {
        return "first open: " + catalog.status().reason();
    }
    const Result<State> found = Read(**catalog);
    if (!found.ok()) {
        return "read: " + found.status().reason();
    }
    const bool as_acknowledged = *found == states[acknowledged];
    const bool with_step_in_flight =
        acknowledged + 1 < states.size() && *found == states[acknowledged + 1];
    if (!as_acknowledged && !with_step_in_flight) {
        return "wrong state after " + std::to_string(acknowledged) + " acknowledged steps";
    }
    if (!(*catalog)->Commit(Txn().Set("alive", "1")).ok()) {
        return "no commit after recovery";
    }
    catalog->reset();
    const Status check = CheckSqliteCatalog(disk, kPath);
    return check.ok() ? "" : "check: " + check.reason();
}

struct CrashReport {
    uint64_t cuts = 0;
    uint64_t problems = 0;
    std::string first;
};

CrashReport CutEverywhere(const Script& script, bool honour_syncs, bool reopen_each = false) {
    sys::SimClock clock;
    Attempt whole;
    sys::SimFileSystem rehearsal(honour_syncs);
    const Status status = OpenAndRun(rehearsal, clock, script, reopen_each, whole, true);
    EXPECT_TRUE(status.ok()) << status.reason();
    CrashReport report;
    for (uint64_t n = 1; n <= rehearsal.sync_count(); ++n) {
        sys::SimFileSystem disk(honour_syncs);
        disk.CrashAtSync(n);
        Attempt run;
        (void)OpenAndRun(disk, clock, script, reopen_each, run, false);
        for (uint64_t seed = 0; seed < kWakeUps; ++seed) {
            const auto after = disk.CrashClone(seed < 2 ? seed : n * 1000 + seed);
            const std::string problem = Problem(*after, whole.states, run.acknowledged);
            ++report.cuts;
            if (!problem.empty() && report.problems++ == 0) {
                report.first = script.name + ", sync " + std::to_string(n) + ", wake-up " +
                               std::to_string(seed) + ": " + problem;
            }
        }
    }
    return report;
}

class CatalogScripts : public testing::TestWithParam<Script (*)()> {};

TEST_P(CatalogScripts, EveryTransactionIsWholeOrAbsent) {
    const CrashReport report = CutEverywhere(GetParam()(), sys::kSyncsCompiledIn);
    std::printf("%lu wake-ups\n", static_cast<unsigned long>(report.cuts));
    EXPECT_EQ(report.problems, 0u) << report.first;
    EXPECT_GT(report.cuts, 5 * kWakeUps);
}

TEST_P(CatalogScripts, ADiskThatIgnoresSyncsIsNoticed) {
    EXPECT_GT(CutEverywhere(GetParam()(), false).problems, 0u);
}

INSTANTIATE_TEST_SUITE_P(PowerCut, CatalogScripts,
                         testing::Values(&SmallCommits, &WideTransactions, &BigValues, &Leases));

TEST(CatalogPowerCut, ReopeningLosesNothing) {
    const CrashReport report =
        CutEverywhere(Reopening(), sys::kSyncsCompiledIn, /*reopen_each=*/true);
    EXPECT_EQ(report.problems, 0u) << report.first;
}

// A cut, then a second one during the recovery from the first.
TEST(CatalogPowerCut, RecoveryItselfMayBeCut) {
    const Script script = WideTransactions();
    sys::SimClock clock;
    Attempt whole;
    sys::SimFileSystem rehearsal;
    ASSERT_TRUE(OpenAndRun(rehearsal, clock, script, false, whole, true).ok());
    for (uint64_t n = 1; n <= rehearsal.sync_count(); ++n) {
        sys::SimFileSystem disk;
        disk.CrashAtSync(n);
        Attempt run;
        (void)OpenAndRun(disk, clock, script, false, run, false);
        for (uint64_t m = 1; m <= 4; ++m) {
            const auto first = disk.CrashClone(n);
            first->CrashAtSync(m);
            {
                const auto reopened = OpenSqliteCatalog(*first, kPath, clock);
            }
            const auto second = first->CrashClone(n + m);
            EXPECT_EQ(Problem(*second, whole.states, run.acknowledged), "")
                << "sync " << n << ", then " << m;
        }
    }
}

// After a failed call: the right code, no crash; the catalog goes on or refuses everything; opened
// again it holds the acknowledged steps.
void FailEveryCall(const Script& script, Code code) {
    sys::SimClock clock;
    Attempt whole;
    sys::SimFileSystem rehearsal;
    ASSERT_TRUE(OpenAndRun(rehearsal, clock, script, false, whole, true).ok());
    sys::SimFileSystem counted;
    Attempt counting;
    ASSERT_TRUE(OpenAndRun(counted, clock, script, false, counting, false).ok());
    for (uint64_t n = 1; n <= counted.call_count(); ++n) {
        sys::SimFileSystem disk;
        disk.FailCall(n, Status::Error(code, "made to fail"));
        Attempt run;
        const Status status = OpenAndRun(disk, clock, script, false, run, false);
        if (!status.ok()) {
            EXPECT_EQ(status.code(), code) << "call " << n << ": " << status.reason();
        }
        // Seed 1 keeps what was written, as when only the process went; seed 0 is a power cut.
        for (const uint64_t seed : {1, 0, 7}) {
            const auto after = disk.CrashClone(seed);
            EXPECT_EQ(Problem(*after, whole.states, run.acknowledged), "")
                << script.name << ", call " << n << ", wake-up " << seed;
        }
    }
}

TEST(CatalogFailingCalls, EveryFailureIsReportedAndSurvived) {
    FailEveryCall(SmallCommits(), Code::kIoFailed);
    FailEveryCall(WideTransactions(), Code::kIoFailed);
    FailEveryCall(Leases(), Code::kIoFailed);
}

TEST(CatalogFailingCalls, AFullDiskIsReportedAsSuch) {
    FailEveryCall(SmallCommits(), Code::kDiskLimitExceeded);
}

// The same catalog, not reopened, after a call failed: every later step either works or says no,
// and what it shows stays consistent.
TEST(CatalogFailingCalls, TheOpenCatalogGoesOnOrStops) {
    sys::SimClock clock;
    sys::SimFileSystem counted;
    Attempt counting;
    ASSERT_TRUE(OpenAndRun(counted, clock, SmallCommits(), false, counting, false).ok());
    for (uint64_t n = 1; n <= counted.call_count(); ++n) {
        sys::SimFileSystem disk;
        ASSERT_TRUE(disk.CreateDirectories("data").ok());
        auto catalog = OpenSqliteCatalog(disk, kPath, clock);
        ASSERT_TRUE(catalog.ok());
        disk.FailCall(disk.call_count() + n, Status::Error(Code::kIoFailed, "made to fail"));
        bool stopped = false;
        for (int i = 0; i < 8; ++i) {
            const std::string value = std::to_string(i);
            const Status status =
                (*catalog)->Commit(Txn().Set("a", value).Set("b", value)).status();
            const auto read = (*catalog)->Prefix("");
            EXPECT_TRUE(!stopped || !status.ok()) << "call " << n;
            stopped = !read.ok() || stopped;
            if (read.ok() && !read->items.empty()) {
                ASSERT_EQ(read->items.size(), 2u);
                EXPECT_EQ(read->items[0].value, read->items[1].value);
                EXPECT_TRUE(!status.ok() || read->items[0].value == value);
            }
        }
    }
}

TEST(CatalogFailingCalls, AfterAFailedSyncEverythingIsRefused) {
    sys::SimClock clock;
    sys::SimFileSystem disk;
    auto catalog = OpenSqliteCatalog(disk, "catalog.db", clock);
    ASSERT_TRUE((*catalog)->Commit(Txn().Set("a", "1")).ok());
    disk.CrashAtSync(disk.sync_count() + 1);
    EXPECT_EQ((*catalog)->Commit(Txn().Set("a", "2")).status().code(), Code::kIoFailed);
    EXPECT_EQ((*catalog)->Get("a").status().code(), Code::kIoFailed);
    EXPECT_EQ((*catalog)->Commit(Txn().Set("a", "3")).status().code(), Code::kIoFailed);
}

// The large change in a script: after recovery it is whole or absent.
Txn LargeChange() {
    Txn change;
    change.IfAbsent("large").Set("large", "1");
    for (int i = 0; i < 230; ++i) {
        change.Set("item/" + std::to_string(1000 + i), "1");
    }
    return change;
}

TEST(LargeChangePowerCut, TheChangeIsWholeOrAbsentAfterRecovery) {
    sys::SimClock clock;
    sys::SimFileSystem rehearsal;
    {
        auto catalog = OpenSqliteCatalog(rehearsal, "catalog.db", clock);
        ASSERT_TRUE(CommitLarge(**catalog, "c1", LargeChange()).ok());
    }
    size_t whole = 0;
    size_t absent = 0;
    for (uint64_t n = 1; n <= rehearsal.sync_count(); ++n) {
        sys::SimFileSystem disk;
        disk.CrashAtSync(n);
        bool acknowledged = false;
        {
            auto catalog = OpenSqliteCatalog(disk, "catalog.db", clock);
            acknowledged = catalog.ok() && CommitLarge(**catalog, "c1", LargeChange()).ok();
        }
        for (uint64_t seed = 0; seed < kWakeUps; ++seed) {
            const auto after = disk.CrashClone(seed < 2 ? seed : n * 100 + seed);
            auto catalog = OpenSqliteCatalog(*after, "catalog.db", clock);
            ASSERT_TRUE(catalog.ok()) << catalog.status().reason();
            ASSERT_TRUE(RecoverLargeChanges(**catalog).ok());
            const size_t items = (*catalog)->Prefix("")->items.size();
            EXPECT_TRUE(items == 231 || (items == 0 && !acknowledged)) << n << " " << items;
            ++(items == 0 ? absent : whole);
            ASSERT_TRUE(RecoverLargeChanges(**catalog).ok());
        }
    }
    EXPECT_GT(whole, kWakeUps);
    EXPECT_GT(absent, kWakeUps);
}

TEST(LargeChange, ARemovedChangeFailsAtItsSwitch) {
    sys::SimClock clock;
    sys::SimFileSystem disk;
    auto catalog = OpenSqliteCatalog(disk, "catalog.db", clock);
    // A new leader recovers while the old one is still staging: the watch stands in for it.
    bool once = false;
    const auto handle = (*catalog)->Watch("staging/c1/part/", 0, [&](const WatchUpdate&) {
        if (!std::exchange(once, true)) {
            EXPECT_TRUE(RecoverLargeChanges(**catalog).ok());
        }
    });
    EXPECT_EQ(CommitLarge(**catalog, "c1", LargeChange()).code(), Code::kConflict);
    EXPECT_TRUE((*catalog)->Prefix("")->items.empty());
}

TEST(LargeChange, RefusesWhatItCannotDo) {
    sys::SimClock clock;
    sys::SimFileSystem disk;
    auto catalog = OpenSqliteCatalog(disk, "catalog.db", clock);
    Txn change = LargeChange();
    EXPECT_EQ(CommitLarge(**catalog, "a/b", change).code(), Code::kInvalidParameter);
    change.RemoveRange({"s", ""});
    EXPECT_EQ(CommitLarge(**catalog, "c", change).code(), Code::kInvalidParameter);
    change = LargeChange();
    change.Set("item/1000", "2");
    EXPECT_EQ(CommitLarge(**catalog, "c", change).code(), Code::kInvalidParameter);
    change = LargeChange();
    change.Set("z", std::string(kMaxTxnBytes, 'z'));
    EXPECT_EQ(CommitLarge(**catalog, "c", change).code(), Code::kParameterTooLarge);
    EXPECT_TRUE((*catalog)->Prefix("")->items.empty());
}

}  // namespace
}  // namespace elanus::catalog
