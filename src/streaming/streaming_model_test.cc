// Random histories against a map, with restarts; and the power cut at every sync of a script.
#include "streaming/streaming_fixture_test.h"
#include "sys/random_source.h"

#include <gtest/gtest.h>

namespace elanus::streaming {
namespace {

using Rows = std::map<int64_t, int64_t>;

constexpr int64_t kKeys = 60;

// One random write against the model. Keys of the model are unique: rows replace their key.
struct Change {
    Rows rows;
    std::vector<int64_t> deletes;
    base::PartitionId partition = kPartition;

    static Change Random(sys::Random& random, int64_t number) {
        Change change;
        const uint64_t count = 1 + random.Below(6);
        const bool pure_delete = random.OneIn(4);
        for (uint64_t i = 0; i < count; ++i) {
            const auto key = static_cast<int64_t>(random.Below(kKeys));
            if (!pure_delete) {
                change.rows[key] = number;
            }
            change.deletes.push_back(key);
        }
        change.partition = random.OneIn(3) ? kOtherPartition : kPartition;
        return change;
    }
    void ApplyTo(Rows* model) const {
        for (const int64_t key : deletes) {
            model->erase(key);
        }
        for (const auto& [key, number] : rows) {
            (*model)[key] = number;
        }
    }
    // The deletes reach the key in whatever partition it was: a part of its own.
    roles::AppendRequest Request(const roles::CollectionInfo& collection) const {
        roles::AppendRequest request;
        request.pchannel = collection.pchannel;
        const auto shards = static_cast<int64_t>(collection.vchannels.size());
        for (int64_t shard = 0; shard < shards; ++shard) {
            roles::WritePart erase;
            erase.vchannel = collection.vchannels[static_cast<size_t>(shard)];
            erase.collection_id = collection.id;
            std::vector<int64_t> keys;
            Rows shard_rows;
            for (const int64_t key : deletes) {
                if (key % shards == shard) {
                    keys.push_back(key);
                }
            }
            for (const auto& row : rows) {
                if (row.first % shards == shard) {
                    shard_rows.insert(row);
                }
            }
            if (!keys.empty()) {
                erase.deletes = MakeKeys(keys);
                request.parts.push_back(erase);
            }
            if (!shard_rows.empty()) {
                roles::WritePart insert;
                insert.vchannel = erase.vchannel;
                insert.collection_id = collection.id;
                insert.partition_id = partition;
                insert.rows = MakeRows(shard_rows);
                request.parts.push_back(std::move(insert));
            }
        }
        return request;
    }
};

class ModelTest : public testing::TestWithParam<uint64_t> {};

TEST_P(ModelTest, RandomWritesFlushesCompactionsAndRestartsAgreeWithAMap) {
    sys::SeededRandom random(GetParam());
    StreamingOptions options;
    options.seal_rows = 20 + random.Below(200);
    Machine machine(options);
    ASSERT_TRUE(machine.Start().ok());
    const auto collection = MakeCollection(1, 1 + static_cast<int>(random.Below(3)));
    machine.Create(collection);
    machine.Serve(collection);
    Rows model;
    std::map<base::Timestamp, Rows> past;
    base::Timestamp horizon = 0;
    for (int64_t step = 0; step < 250; ++step) {
        const Change change = Change::Random(random, step);
        const auto written = machine.Send(change.Request(collection));
        ASSERT_TRUE(written.ok()) << written.status().reason();
        change.ApplyTo(&model);
        if (random.OneIn(10)) {
            past[written->timestamp] = model;
        }
        if (random.OneIn(20)) {
            ASSERT_TRUE(machine.Flush(collection));
        }
        if (random.OneIn(30)) {
            const base::Status started = machine.Restart(random.Next());
            ASSERT_TRUE(started.ok()) << started.reason();
            machine.Serve(collection);
        }
        if (random.OneIn(15)) {
            if (random.OneIn(2)) {
                horizon = std::max(horizon, written->timestamp - random.Below(100));
            }
            // A write between the files and the switch.
            const auto interfere = [&] {
                const Change between = Change::Random(random, 1000 + step);
                ASSERT_TRUE(machine.Send(between.Request(collection)).ok());
                between.ApplyTo(&model);
                ASSERT_TRUE(!random.OneIn(4) || machine.Flush(collection));
            };
            const base::Status done =
                machine.Compact(collection, horizon, 1 + random.Below(3), interfere);
            ASSERT_TRUE(done.ok()) << done.reason();
            if (random.OneIn(3)) {
                machine.FireTimers();
            }
        }
        if (random.OneIn(4)) {
            const auto all = machine.ReadAll(collection);
            ASSERT_TRUE(all.ok()) << all.status().reason();
            ASSERT_EQ(*all, model) << "step " << step;
            ASSERT_EQ(*machine.Count(collection), model.size());
        }
    }
    for (const auto& [timestamp, rows] : past) {
        const auto all = machine.ReadAll(collection, timestamp);
        if (timestamp < horizon && !all.ok()) {
            ASSERT_EQ(all.status().code(), base::Code::kInvalidParameter);
            continue;
        }
        ASSERT_TRUE(all.ok()) << all.status().reason();
        ASSERT_EQ(*all, rows) << "at " << timestamp;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModelTest, testing::Range<uint64_t>(1, 9));

// What a script did until the power went.
struct Outcome {
    Rows acknowledged;
    // The write whose answer never came, or was a failure: it may be there as a whole, or not at
    // all.
    std::optional<Change> uncertain;
    bool finished = false;
};

// Starts a flush and waits until it is done, or until it has failed and waits for another try.
bool TryFlush(Machine& machine, const roles::CollectionInfo& collection) {
    const auto flush =
        machine.node().Flush(base::CallContext(), {collection.id, collection.vchannels});
    for (int i = 0; flush.ok() && i < 2000; ++i) {
        const auto state = machine.node().GetFlushState(
            base::CallContext(), {collection.id, collection.vchannels, flush->flush_ts});
        if (!state.ok() || state->flushed || machine.timers() > 1) {
            break;
        }
        sys::RealClock().SleepMs(1);
    }
    return flush.ok();
}

Outcome RunScript(Machine& machine, const roles::CollectionInfo& collection, uint64_t seed) {
    sys::SeededRandom random(seed);
    Outcome outcome;
    machine.collections().push_back(collection);
    if (!machine.Start().ok() ||
        !machine.node().CreateChannels(base::CallContext(), {collection, 0, ""}).ok()) {
        return outcome;
    }
    for (int64_t step = 0; step < 24; ++step) {
        const Change change = Change::Random(random, step);
        const auto written = machine.Send(change.Request(collection));
        if (!written.ok()) {
            outcome.uncertain = change;
            return outcome;
        }
        change.ApplyTo(&outcome.acknowledged);
        if (step % 6 == 5 && !TryFlush(machine, collection)) {
            return outcome;
        }
        if (step == 13 || step == 20) {
            (void)machine.Compact(collection, written->timestamp - 5);
        }
    }
    outcome.finished = true;
    return outcome;
}

StreamingOptions Impatient() {
    StreamingOptions options;
    options.commit_attempts = 1;
    return options;
}

// `second_cut`: the power goes once more, at that sync of the recovery.
void CheckAfterCut(uint64_t script, uint64_t cut, uint64_t wake_seed, bool* finished,
                   bool honour_syncs = sys::kSyncsCompiledIn, bool* lost = nullptr,
                   uint64_t second_cut = 0) {
    const auto collection = MakeCollection(1, script % 2 == 0 ? 2 : 1);
    auto disk = std::make_unique<sys::SimFileSystem>(honour_syncs);
    disk->CrashAtSync(cut);
    Machine before(Impatient(), std::move(disk));
    const Outcome outcome = RunScript(before, collection, script);
    *finished = outcome.finished;
    before.Stop();
    std::unique_ptr<sys::SimFileSystem> woken = before.disk().CrashClone(wake_seed);
    if (second_cut > 0) {
        woken->CrashAtSync(second_cut);
        Machine between({}, std::move(woken));
        between.AdoptRootCoord(before.root_coord_pointer());
        between.collections().push_back(collection);
        if (between.Start().ok()) {
            TryFlush(between, collection);
        }
        between.Stop();
        woken = between.disk().CrashClone(wake_seed + 1);
    }
    Machine after({}, std::move(woken));
    after.AdoptRootCoord(before.root_coord_pointer());
    after.collections().push_back(collection);
    const base::Status started = after.Start();
    Rows with = outcome.acknowledged;
    if (outcome.uncertain.has_value()) {
        outcome.uncertain->ApplyTo(&with);
    }
    if (lost != nullptr) {
        *lost = *lost || !started.ok();
    } else {
        ASSERT_TRUE(started.ok()) << "script " << script << " cut " << cut << ": "
                                  << started.reason();
    }
    if (!started.ok()) {
        return;
    }
    after.Serve(collection);
    for (int round = 0; round < 2; ++round) {
        const auto all = after.ReadAll(collection);
        const bool right = all.ok() && (*all == outcome.acknowledged || *all == with);
        if (lost != nullptr) {
            *lost = *lost || !right;
            return;
        }
        ASSERT_TRUE(right) << "script " << script << " cut " << cut << " wake " << wake_seed;
        // And it goes on: flush everything and start once more.
        if (round == 0) {
            ASSERT_TRUE(after.Flush(collection));
            const base::Status again = after.Restart(0);
            ASSERT_TRUE(again.ok()) << again.reason();
            after.Serve(collection);
        }
    }
}

TEST(PowerCutTest, NoAcknowledgedWriteIsLostWhateverTheSyncAtWhichThePowerGoes) {
    for (uint64_t script = 1; script <= 6; ++script) {
        bool finished = false;
        uint64_t cut = 1;
        for (; !finished; ++cut) {
            for (const uint64_t wake : {uint64_t{0}, uint64_t{1}, cut * 7 + script}) {
                CheckAfterCut(script, cut, wake, &finished);
                if (HasFatalFailure()) {
                    return;
                }
            }
        }
        EXPECT_GT(cut, 40u);
    }
}

TEST(PowerCutTest, NorWhenThePowerGoesAgainWhileTheNodeRecovers) {
    for (uint64_t cut = 20; cut < 120; cut += 9) {
        for (uint64_t second = 1; second <= 16; second += 3) {
            bool finished = false;
            CheckAfterCut(3, cut, cut + second, &finished, true, nullptr, second);
            if (HasFatalFailure()) {
                return;
            }
        }
    }
}

TEST(PowerCutTest, ADiskThatIgnoresSyncsIsCaught) {
    bool lost = false;
    bool finished = false;
    CheckAfterCut(1, 1'000'000, 0, &finished, /*honour_syncs=*/false, &lost);
    EXPECT_TRUE(lost);
}

}  // namespace
}  // namespace elanus::streaming
