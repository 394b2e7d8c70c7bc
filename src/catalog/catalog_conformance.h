// The conformance suite of Catalog: what every implementation must do, as tests.
//
//     INSTANTIATE_TEST_SUITE_P(Sqlite, CatalogConformance, testing::Values(MakeSqliteBed));
//
// Only for test programs. A bed gives each test an empty catalog, can reopen it, and moves its
// time.
#pragma once

#include "base/mutex.h"
#include "catalog/catalog.h"
#include "catalog/large_change.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::catalog {

class CatalogBed {
  public:
    virtual ~CatalogBed() = default;
    virtual Catalog& catalog() = 0;
    // Closes and opens again; what was committed is there.
    virtual void Reopen() = 0;
    virtual void AdvanceMs(int64_t ms) = 0;
    // Waits until the updates of all commits so far have been delivered.
    virtual void SettleWatches() = 0;
};

using CatalogBedFactory = std::unique_ptr<CatalogBed> (*)();

// Collects the updates of one watch.
class WatchRecorder {
  public:
    WatchCallback Callback() {
        return [this](const WatchUpdate& update) {
            base::MutexLock lock(mutex_);
            updates_.push_back(update);
        };
    }
    std::vector<WatchUpdate> updates() {
        base::MutexLock lock(mutex_);
        return updates_;
    }
    // "3:+a=1,-b" for each update.
    std::vector<std::string> Lines() {
        std::vector<std::string> lines;
        for (const WatchUpdate& update : updates()) {
            std::string line = std::to_string(update.revision) + ":";
            for (const WatchEvent& event : update.events) {
                const bool put = event.kind == WatchEvent::Kind::kPut;
                line += (put ? "+" : "-") + event.item.key;
                line += put ? "=" + event.item.value + "," : ",";
            }
            line.pop_back();
            lines.push_back(update.status.ok() ? line : "ended");
        }
        return lines;
    }

  private:
    base::Mutex mutex_;
    std::vector<WatchUpdate> updates_ GUARDED_BY(mutex_);
};

class CatalogConformance : public testing::TestWithParam<CatalogBedFactory> {
  protected:
    CatalogConformance() : bed_(GetParam()()) {}

    Catalog& catalog() { return bed_->catalog(); }
    Revision Commit(const Txn& txn) {
        const base::Result<TxnResult> result = catalog().Commit(txn);
        EXPECT_TRUE(result.ok()) << result.status().reason();
        return result.ok() ? result->revision : -1;
    }
    base::Code CommitCode(const Txn& txn) { return catalog().Commit(txn).status().code(); }
    std::optional<KeyValue> Get(const std::string& key) {
        base::Result<std::optional<KeyValue>> result = catalog().Get(key);
        EXPECT_TRUE(result.ok()) << result.status().reason();
        return result.ok() ? *result : std::nullopt;
    }
    std::string ValueOf(const std::string& key) {
        const auto item = Get(key);
        return item.has_value() ? item->value : "(absent)";
    }
    // "a=1 b=2" of all keys with the prefix.
    std::string Show(std::string_view prefix = "") {
        const base::Result<RangeResult> result = catalog().Prefix(prefix);
        EXPECT_TRUE(result.ok()) << result.status().reason();
        std::string text;
        for (const KeyValue& item : result.ok() ? result->items : std::vector<KeyValue>()) {
            text += (text.empty() ? "" : " ") + item.key + "=" + item.value;
        }
        return text;
    }
    LeaseId Grant(int64_t ttl_ms) {
        const base::Result<LeaseId> lease = catalog().Grant(ttl_ms);
        EXPECT_TRUE(lease.ok()) << lease.status().reason();
        return lease.ok() ? *lease : 0;
    }
    std::unique_ptr<WatchHandle> Watch(const std::string& prefix, Revision from,
                                       WatchCallback callback) {
        auto handle = catalog().Watch(prefix, from, std::move(callback));
        EXPECT_TRUE(handle.ok()) << handle.status().reason();
        return handle.ok() ? std::move(handle).value() : nullptr;
    }

    std::unique_ptr<CatalogBed> bed_;
};

TEST_P(CatalogConformance, StartsEmpty) {
    EXPECT_EQ(Show(), "");
    EXPECT_FALSE(Get("a").has_value());
}

TEST_P(CatalogConformance, KeepsRevisionsOfCreationAndLastChange) {
    const Revision first = Commit(Txn().Set("a", "1"));
    const Revision second = Commit(Txn().Set("a", "2").Set("b", ""));
    EXPECT_GT(second, first);
    const auto a = Get("a");
    ASSERT_TRUE(a.has_value());
    EXPECT_EQ(*a, (KeyValue{"a", "2", first, second, 0}));
    EXPECT_EQ(Get("b")->create_revision, second);
    Commit(Txn().Remove("a"));
    const Revision again = Commit(Txn().Set("a", "3"));
    EXPECT_EQ(Get("a")->create_revision, again);
}

TEST_P(CatalogConformance, TakesAnyBytes) {
    const std::string key("k\0\xff\x01", 4);
    const std::string value("\0v\xfe", 3);
    Commit(Txn().Set(key, value));
    EXPECT_EQ(Get(key)->value, value);
    EXPECT_EQ(catalog().Prefix(std::string("k\0\xff", 3))->items.size(), 1u);
    Commit(Txn().Set("\xff\xff", "top"));
    EXPECT_EQ(catalog().Prefix("\xff")->items.size(), 1u);
}

TEST_P(CatalogConformance, AllComparesMustHold) {
    const Revision revision = Commit(Txn().Set("a", "1"));
    EXPECT_EQ(CommitCode(Txn().IfAbsent("a").Set("x", "1")), base::Code::kConflict);
    EXPECT_EQ(CommitCode(Txn().IfExists("b").Set("x", "1")), base::Code::kConflict);
    EXPECT_EQ(CommitCode(Txn().IfValue("a", "2").Set("x", "1")), base::Code::kConflict);
    EXPECT_EQ(CommitCode(Txn().IfValue("b", "").Set("x", "1")), base::Code::kConflict);
    EXPECT_EQ(CommitCode(Txn().IfModRevision("a", revision + 1).Set("x", "1")),
              base::Code::kConflict);
    EXPECT_EQ(CommitCode(Txn().IfExists("a").IfExists("b").Set("x", "1").Remove("a")),
              base::Code::kConflict);
    EXPECT_EQ(Show(), "a=1");
    Commit(Txn()
               .IfExists("a")
               .IfAbsent("b")
               .IfValue("a", "1")
               .IfModRevision("a", revision)
               .IfModRevision("b", 0)
               .Set("x", "1"));
    EXPECT_EQ(Show(), "a=1 x=1");
}

TEST_P(CatalogConformance, ATransactionWithoutChangeKeepsTheRevision) {
    const Revision revision = Commit(Txn().Set("a", "1"));
    EXPECT_EQ(Commit(Txn().IfExists("a")), revision);
    EXPECT_EQ(Commit(Txn().Remove("nothing").RemoveRange(PrefixRange("no/"))), revision);
    EXPECT_EQ(Commit(Txn().Set("a", "1")), revision + 1);
}

TEST_P(CatalogConformance, DeletesKeysAndRanges) {
    Commit(Txn().Set("a", "0").Set("p/1", "1").Set("p/2", "2").Set("p0", "3").Set("q", "4"));
    Commit(Txn().RemoveRange(PrefixRange("p/")).Remove("a").Remove("a"));
    EXPECT_EQ(Show(), "p0=3 q=4");
    Commit(Txn().RemoveRange({"q", ""}));
    EXPECT_EQ(Show(), "p0=3");
}

TEST_P(CatalogConformance, RefusesAKeyChangedTwice) {
    EXPECT_EQ(CommitCode(Txn().Set("a", "1").Set("a", "2")), base::Code::kInvalidParameter);
    EXPECT_EQ(CommitCode(Txn().Set("a", "1").Remove("a")), base::Code::kInvalidParameter);
    EXPECT_EQ(CommitCode(Txn().Set("a/b", "1").RemoveRange(PrefixRange("a/"))),
              base::Code::kInvalidParameter);
    EXPECT_EQ(CommitCode(Txn().Set("", "1")), base::Code::kInvalidParameter);
    EXPECT_EQ(catalog().Get("").status().code(), base::Code::kInvalidParameter);
    EXPECT_EQ(Show(), "");
}

TEST_P(CatalogConformance, HoldsTheLimitsOfATransaction) {
    Txn most;
    for (size_t i = 0; i < kMaxTxnOperations - 1; ++i) {
        most.Set("k" + std::to_string(i), "v");
    }
    Txn over = most;
    Commit(most.IfAbsent("x"));
    EXPECT_EQ(CommitCode(over.Remove("x").Remove("y")), base::Code::kParameterTooLarge);

    Commit(Txn().Set("big", std::string(kMaxTxnBytes - 3, 'v')));
    EXPECT_EQ(Get("big")->value.size(), kMaxTxnBytes - 3);
    EXPECT_EQ(CommitCode(Txn().Set("big", std::string(kMaxTxnBytes - 2, 'v'))),
              base::Code::kParameterTooLarge);
    Commit(Txn().Set("big", std::string(kMaxTxnBytes - 3, 'w')));
    EXPECT_EQ(Get("big")->value[0], 'w');
    Commit(Txn().Set(std::string(kMaxKeyBytes, 'k'), "1"));
    EXPECT_EQ(CommitCode(Txn().Set(std::string(kMaxKeyBytes + 1, 'k'), "1")),
              base::Code::kParameterTooLarge);
}

TEST_P(CatalogConformance, RangesAreOrderedAndPaged) {
    for (const char* key : {"p/3", "p/1", "o", "p/2", "q"}) {
        Commit(Txn().Set(key, "v"));
    }
    EXPECT_EQ(Show("p/"), "p/1=v p/2=v p/3=v");
    EXPECT_EQ(catalog().Range({.range = {"p/2", "q"}})->items.size(), 2u);
    EXPECT_EQ(catalog().Range({.range = {"p/2", ""}})->items.size(), 3u);
    EXPECT_EQ(catalog().Range({.range = {"q", "p"}})->items.size(), 0u);

    RangeRequest request{.range = PrefixRange("p/"), .limit = 2};
    const auto page = catalog().Range(request);
    ASSERT_EQ(page->items.size(), 2u);
    EXPECT_EQ(page->next_begin, "p/3");
    request.range.begin = page->next_begin;
    request.at_revision = page->revision;
    const auto last = catalog().Range(request);
    ASSERT_EQ(last->items.size(), 1u);
    EXPECT_EQ(last->next_begin, "");
    EXPECT_EQ(catalog().Prefix("p/", 3)->next_begin, "");
}

TEST_P(CatalogConformance, PagesShowOneRevisionOrSayThatTheyCannot) {
    Commit(Txn().Set("p/1", "1").Set("p/2", "1").Set("p/3", "1"));
    RangeRequest request{.range = PrefixRange("p/"), .limit = 2};
    const auto page = catalog().Range(request);
    request.range.begin = page->next_begin;
    request.at_revision = page->revision;
    Commit(Txn().Set("elsewhere", "1"));
    ASSERT_TRUE(catalog().Range(request).ok());
    EXPECT_EQ(catalog().Range(request)->revision, page->revision);
    Commit(Txn().Set("p/3", "2"));
    const auto stale = catalog().Range(request);
    if (stale.ok()) {
        EXPECT_EQ(stale->items.at(0).value, "1");
    } else {
        EXPECT_EQ(stale.status().code(), base::Code::kCompacted);
    }
    request.at_revision += 1000;
    EXPECT_FALSE(catalog().Range(request).ok());
}

TEST_P(CatalogConformance, StateSurvivesReopening) {
    const Revision first = Commit(Txn().Set("a", "1").Set("b", "2"));
    const Revision second = Commit(Txn().Remove("b").Set("c", "3"));
    bed_->Reopen();
    EXPECT_EQ(Show(), "a=1 c=3");
    EXPECT_EQ(Get("a")->mod_revision, first);
    EXPECT_EQ(catalog().Prefix("")->revision, second);
    EXPECT_GT(Commit(Txn().Set("d", "4")), second);
}

TEST_P(CatalogConformance, WatchSeesMatchingEventsInOrder) {
    WatchRecorder recorder;
    const Revision before = Commit(Txn().Set("p/0", "0"));
    const auto handle = Watch("p/", 0, recorder.Callback());
    const Revision r1 = Commit(Txn().Set("p/1", "1").Set("q", "1"));
    Commit(Txn().Set("q", "2"));
    const Revision r3 = Commit(Txn().Set("p/1", "2").Remove("p/0"));
    bed_->SettleWatches();
    EXPECT_EQ(before + 1, r1);
    EXPECT_EQ(recorder.Lines(), (std::vector<std::string>{std::to_string(r1) + ":+p/1=1",
                                                          std::to_string(r3) + ":+p/1=2,-p/0"}));
    const auto updates = recorder.updates();
    EXPECT_EQ(updates[1].events[1].item.mod_revision, r3);
    EXPECT_EQ(updates[1].events[0].item.create_revision, r1);
}

TEST_P(CatalogConformance, WatchStartsInThePastAndGoesOn) {
    Commit(Txn().Set("a", "1"));
    const auto read = catalog().Prefix("");
    Commit(Txn().Set("a", "2"));
    WatchRecorder recorder;
    const auto handle = Watch("", read->revision + 1, recorder.Callback());
    Commit(Txn().Set("a", "3"));
    bed_->SettleWatches();
    const Revision r = read->revision;
    EXPECT_EQ(recorder.Lines(), (std::vector<std::string>{std::to_string(r + 1) + ":+a=2",
                                                          std::to_string(r + 2) + ":+a=3"}));
}

TEST_P(CatalogConformance, AnEndedWatchIsQuiet) {
    WatchRecorder recorder;
    auto handle = Watch("", 0, recorder.Callback());
    Commit(Txn().Set("a", "1"));
    bed_->SettleWatches();
    handle.reset();
    Commit(Txn().Set("a", "2"));
    bed_->SettleWatches();
    EXPECT_EQ(recorder.updates().size(), 1u);
}

TEST_P(CatalogConformance, AWatcherMayCallTheCatalogAndEndItself) {
    std::unique_ptr<WatchHandle> handle;
    std::vector<std::string> seen;
    handle = Watch("in/", 0, [&](const WatchUpdate& update) {
        const std::string key = update.events.at(0).item.key;
        seen.push_back(key + "=" + ValueOf(key));
        Commit(Txn().Set("out/" + std::to_string(seen.size()), "done"));
        if (seen.size() == 2) {
            handle.reset();
        } else {
            Commit(Txn().Set("in/second", "2"));
        }
    });
    Commit(Txn().Set("in/first", "1"));
    bed_->SettleWatches();
    Commit(Txn().Set("in/third", "3"));
    bed_->SettleWatches();
    EXPECT_EQ(seen, (std::vector<std::string>{"in/first=1", "in/second=2"}));
    EXPECT_EQ(Show("out/"), "out/1=done out/2=done");
}

TEST_P(CatalogConformance, KeysOfALeaseVanishWithIt) {
    const LeaseId lease = Grant(10'000);
    Commit(Txn().Set("leased/1", "1", lease).Set("leased/2", "2", lease).Set("kept", "3"));
    EXPECT_EQ(Get("leased/1")->lease, lease);
    WatchRecorder recorder;
    const auto handle = Watch("", 0, recorder.Callback());
    bed_->AdvanceMs(9'000);
    EXPECT_EQ(Show(), "kept=3 leased/1=1 leased/2=2");
    EXPECT_TRUE(catalog().KeepAlive(lease).ok());
    bed_->AdvanceMs(9'000);
    EXPECT_EQ(ValueOf("leased/1"), "1");
    bed_->AdvanceMs(2'000);
    EXPECT_EQ(ValueOf("leased/1"), "(absent)");
    EXPECT_EQ(Show(), "kept=3");
    bed_->SettleWatches();
    ASSERT_EQ(recorder.updates().size(), 1u);
    EXPECT_EQ(recorder.updates()[0].events.size(), 2u);
    EXPECT_EQ(catalog().KeepAlive(lease).code(), base::Code::kKeyNotFound);
    EXPECT_EQ(CommitCode(Txn().Set("x", "1", lease)), base::Code::kKeyNotFound);
}

TEST_P(CatalogConformance, ACompareSeesThatALeaseEnded) {
    const LeaseId lease = Grant(10'000);
    Commit(Txn().IfAbsent("leader").Set("leader", "one", lease));
    EXPECT_EQ(CommitCode(Txn().IfAbsent("leader").Set("leader", "two")), base::Code::kConflict);
    bed_->AdvanceMs(11'000);
    Commit(Txn().IfAbsent("leader").Set("leader", "two"));
    EXPECT_EQ(ValueOf("leader"), "two");
}

TEST_P(CatalogConformance, RevokeIsRepeatableAndAPutReplacesTheLease) {
    const LeaseId lease = Grant(10'000);
    const LeaseId other = Grant(60'000);
    EXPECT_NE(lease, other);
    Commit(Txn().Set("a", "1", lease).Set("b", "1", lease).Set("c", "1", other));
    Commit(Txn().Set("b", "2"));
    EXPECT_TRUE(catalog().Revoke(lease).ok());
    EXPECT_TRUE(catalog().Revoke(lease).ok());
    EXPECT_EQ(Show(), "b=2 c=1");
    EXPECT_FALSE(catalog().Grant(0).ok());
}

TEST_P(CatalogConformance, TickEndsLeasesForWatchers) {
    EXPECT_FALSE(catalog().Tick()->has_value());
    const LeaseId lease = Grant(10'000);
    Commit(Txn().Set("a", "1", lease));
    WatchRecorder recorder;
    const auto handle = Watch("a", 0, recorder.Callback());
    bed_->AdvanceMs(11'000);
    ASSERT_TRUE(catalog().Tick().ok());
    bed_->SettleWatches();
    EXPECT_EQ(recorder.updates().size(), 1u);
    EXPECT_FALSE(catalog().Tick()->has_value());
}

TEST_P(CatalogConformance, LeasesSurviveReopening) {
    const LeaseId lease = Grant(10'000);
    Commit(Txn().Set("a", "1", lease));
    bed_->Reopen();
    EXPECT_EQ(ValueOf("a"), "1");
    EXPECT_TRUE(catalog().KeepAlive(lease).ok());
    EXPECT_NE(Grant(10'000), lease);
    bed_->AdvanceMs(11'000);
    EXPECT_EQ(ValueOf("a"), "(absent)");
}

TEST_P(CatalogConformance, ALargeChangeHappensAsAWhole) {
    Txn change;
    change.IfAbsent("guard").Set("guard", "1").RemoveRange(PrefixRange("old/"));
    for (int i = 0; i < 250; ++i) {
        Commit(Txn().Set("old/" + std::to_string(i), "1"));
        change.Set("item/" + std::to_string(1000 + i), std::string(10'000, 'x'));
    }
    ASSERT_TRUE(CommitLarge(catalog(), "change-1", change).ok());
    EXPECT_EQ(catalog().Prefix("item/")->items.size(), 250u);
    EXPECT_EQ(Show("old/"), "");
    EXPECT_EQ(Show(kStagingPrefix), "");
    change.Set("item/2000", "1");
    EXPECT_EQ(CommitLarge(catalog(), "change-2", change).code(), base::Code::kConflict);
    EXPECT_EQ(Show(kStagingPrefix), "");
    EXPECT_FALSE(Get("item/2000").has_value());
    EXPECT_TRUE(RecoverLargeChanges(catalog()).ok());
}

}  // namespace elanus::catalog
