#include "streaming/streaming_node.h"

#include "streaming/streaming_fixture_test.h"

#include <thread>

#include <gtest/gtest.h>

namespace elanus::streaming {
namespace {

using Rows = std::map<int64_t, int64_t>;

class StreamingNodeTest : public testing::Test {
  protected:
    void Open(StreamingOptions options = {}, int shards = 1) {
        machine_ = std::make_unique<Machine>(std::move(options));
        ASSERT_TRUE(machine_->Start().ok());
        collection_ = MakeCollection(1, shards);
        machine_->Create(collection_);
        machine_->Serve(collection_);
    }
    void Restart(uint64_t seed = 1) {
        const base::Status started = machine_->Restart(seed);
        ASSERT_TRUE(started.ok()) << started.reason();
        machine_->Serve(collection_);
    }
    Rows All(base::Timestamp snapshot = 0) {
        const auto all = machine_->ReadAll(collection_, snapshot);
        EXPECT_TRUE(all.ok()) << all.status().reason();
        return all.ok() ? *all : Rows();
    }

    std::unique_ptr<Machine> machine_;
    roles::CollectionInfo collection_;
};

TEST_F(StreamingNodeTest, AnAcknowledgedWriteIsReadAtOnce) {
    Open();
    const auto written = machine_->Write(collection_, {{1, 10}, {2, 20}});
    ASSERT_TRUE(written.ok()) << written.status().reason();
    EXPECT_EQ(All(), (Rows{{1, 10}, {2, 20}}));
    EXPECT_EQ(*machine_->Count(collection_), 2u);
    const auto hits = machine_->Search(collection_, 19, 1);
    ASSERT_TRUE(hits.ok()) << hits.status().reason();
    EXPECT_EQ(hits->keys.ints, std::vector<int64_t>{2});
}

TEST_F(StreamingNodeTest, TimestampsRiseAndReadsAtAnEarlierMomentDoNotSeeLaterWrites) {
    Open();
    const auto first = machine_->Write(collection_, {{1, 1}});
    const auto second = machine_->Write(collection_, {{2, 2}});
    ASSERT_LT(first->timestamp, second->timestamp);
    EXPECT_EQ(All(first->timestamp), (Rows{{1, 1}}));
    ASSERT_TRUE(machine_->Delete(collection_, {1}).ok());
    EXPECT_EQ(All(second->timestamp), (Rows{{1, 1}, {2, 2}}));
    EXPECT_EQ(All(), (Rows{{2, 2}}));
}

TEST_F(StreamingNodeTest, NothingIsWrittenAtOrBelowAMomentThatAReadHasSeen) {
    Open();
    for (int i = 0; i < 50; ++i) {
        roles::RetrieveRequest read;
        read.vchannel = collection_.vchannels[0];
        read.count_only = true;
        read.guarantee_ts = machine_->root_coord().Now();
        const auto seen = machine_->node().Retrieve(base::CallContext(), read);
        ASSERT_TRUE(seen.ok());
        const auto written = machine_->Write(collection_, {{i, i}});
        ASSERT_TRUE(written.ok());
        EXPECT_GT(written->timestamp, seen->snapshot_ts);
    }
}

TEST_F(StreamingNodeTest, DeleteOfAKeyInAnOldSealedSegment) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}, {2, 2}, {3, 3}}).ok());
    ASSERT_TRUE(machine_->Flush(collection_));
    ASSERT_TRUE(machine_->AwaitPlaced(1));
    ASSERT_TRUE(machine_->Delete(collection_, {2, 77}).ok());
    EXPECT_EQ(All(), (Rows{{1, 1}, {3, 3}}));
    Restart();
    EXPECT_EQ(All(), (Rows{{1, 1}, {3, 3}}));
    ASSERT_TRUE(machine_->Flush(collection_));
    Restart(0);
    EXPECT_EQ(All(), (Rows{{1, 1}, {3, 3}}));
}

TEST_F(StreamingNodeTest, UpsertAcrossFlushes) {
    Open();
    for (int64_t round = 1; round <= 4; ++round) {
        ASSERT_TRUE(machine_->Write(collection_, {{1, round}, {2, round * 10}}, {1, 2}).ok());
        EXPECT_EQ(All(), (Rows{{1, round}, {2, round * 10}}));
        if (round % 2 == 0) {
            ASSERT_TRUE(machine_->Flush(collection_));
        }
        EXPECT_EQ(*machine_->Count(collection_), 2u);
    }
    Restart();
    EXPECT_EQ(All(), (Rows{{1, 4}, {2, 40}}));
}

TEST_F(StreamingNodeTest, ARepeatedRequestIsAppliedOnceAndGetsTheFirstAnswer) {
    Open();
    const auto first = machine_->Write(collection_, {{1, 1}}, {}, kPartition, "request-1");
    const auto again = machine_->Write(collection_, {{1, 1}}, {}, kPartition, "request-1");
    ASSERT_TRUE(first.ok() && again.ok());
    EXPECT_EQ(first->timestamp, again->timestamp);
    EXPECT_EQ(*machine_->Count(collection_), 1u);
    // From the log, and, after a flush has cut the log, from the record that keeps the ids.
    Restart();
    const auto replayed = machine_->Write(collection_, {{1, 1}}, {}, kPartition, "request-1");
    EXPECT_EQ(replayed->timestamp, first->timestamp);
    for (int64_t round = 0; round < 4; ++round) {
        Rows rows;
        for (int64_t key = 0; key < 1000; ++key) {
            rows[1000 + round * 1000 + key] = key;
        }
        ASSERT_TRUE(machine_->Write(collection_, rows).ok());
        ASSERT_TRUE(machine_->Flush(collection_));
    }
    Restart();
    const auto kept = machine_->Write(collection_, {{1, 1}}, {}, kPartition, "request-1");
    EXPECT_EQ(kept->timestamp, first->timestamp);
    EXPECT_EQ(*machine_->Count(collection_), 4001u);
}

TEST_F(StreamingNodeTest, RepeatsThatArriveTogetherAreAppliedOnce) {
    Open();
    std::vector<std::thread> threads;
    std::atomic<int> succeeded{0};
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int request = 0; request < 20; ++request) {
                const auto written = machine_->Write(collection_, {{request, request}}, {},
                                                     kPartition, "r" + std::to_string(request));
                succeeded += written.ok() ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(succeeded, 160);
    EXPECT_EQ(*machine_->Count(collection_), 20u);
}

TEST_F(StreamingNodeTest, RefusesWhatItCannotServe) {
    Open();
    auto unknown = MakeCollection(2);
    EXPECT_EQ(machine_->Write(unknown, {{1, 1}}).status().code(), base::Code::kChannelNotFound);
    machine_->Create(unknown);
    EXPECT_EQ(machine_->ReadAll(unknown).status().code(), base::Code::kCollectionNotLoaded);
    machine_->Serve(unknown, {kPartition});
    EXPECT_TRUE(machine_->ReadAll(unknown).ok());
    roles::RetrieveRequest read;
    read.vchannel = unknown.vchannels[0];
    read.partitions = {kOtherPartition};
    EXPECT_EQ(machine_->node().Retrieve(base::CallContext(), read).status().code(),
              base::Code::kPartitionNotLoaded);
    roles::AppendRequest later;
    later.pchannel = collection_.pchannel;
    later.schema_version = 5;
    later.parts.push_back({collection_.vchannels[0], 1, kPartition, MakeRows({{1, 1}}), {}});
    EXPECT_EQ(machine_->Send(later).status().code(), base::Code::kSchemaMismatch);
    later.schema_version = 0;
    later.parts[0].rows.columns[1].dim = 3;
    EXPECT_FALSE(machine_->Send(later).ok());
    EXPECT_EQ(*machine_->Count(collection_), 0u);
}

TEST_F(StreamingNodeTest, DeletesWithAScopeHitOnlyRowsOfItsValue) {
    constexpr base::FieldId kTenantField = 110;
    Open();
    roles::CollectionInfo shared = MakeCollection(2);
    schema::FieldSchema tenant_field;
    tenant_field.id = kTenantField;
    tenant_field.name = "tenant";
    tenant_field.type = schema::DataType::kVarChar;
    shared.schema.fields.push_back(tenant_field);
    machine_->Create(shared);
    machine_->Serve(shared);
    const auto send = [&](const Rows& rows, const std::string& tenant,
                          const std::vector<int64_t>& deletes, roles::DeleteScope scope) {
        roles::WritePart part;
        part.vchannel = shared.vchannels[0];
        part.collection_id = shared.id;
        part.partition_id = kPartition;
        part.rows = MakeRows(rows);
        if (!rows.empty()) {
            schema::ColumnBuilder tenants(kTenantField, schema::DataType::kVarChar);
            for (size_t i = 0; i < rows.size(); ++i) {
                tenants.AppendBytes(tenant);
            }
            part.rows.columns.push_back(tenants.Finish());
        }
        part.deletes = MakeKeys(deletes);
        part.delete_scope = std::move(scope);
        roles::AppendRequest request;
        request.pchannel = shared.pchannel;
        request.parts.push_back(std::move(part));
        return machine_->Send(std::move(request)).status();
    };
    const Rows rows = {{1, 1}, {2, 2}, {3, 3}};
    for (const std::string tenant : {"red", "green"}) {
        ASSERT_TRUE(send(rows, tenant, {}, {}).ok());
    }
    ASSERT_TRUE(send({}, "", {1}, {kTenantField, "red"}).ok());  // growing
    ASSERT_TRUE(send({}, "", {1}, {kTenantField, "blue"}).ok());
    EXPECT_EQ(*machine_->Count(shared), 5u);
    ASSERT_TRUE(machine_->Flush(shared));
    ASSERT_TRUE(machine_->AwaitPlaced(1));
    ASSERT_TRUE(send({}, "", {2, 7}, {kTenantField, "red"}).ok());  // sealed
    ASSERT_TRUE(send({{3, 30}}, "green", {3}, {kTenantField, "green"}).ok());
    EXPECT_EQ(*machine_->Count(shared), 4u);
    Restart();
    machine_->Serve(shared);
    ASSERT_TRUE(machine_->AwaitServed(shared.id));
    EXPECT_EQ(*machine_->Count(shared), 4u);
    ASSERT_TRUE(send({}, "", {1, 2, 3}, {kTenantField, "green"}).ok());  // sealed, after recovery
    EXPECT_EQ(*machine_->Count(shared), 1u);
    EXPECT_FALSE(send({}, "", {3}, {kNumberField, "red"}).ok());
    EXPECT_FALSE(send({}, "", {3}, {999, "red"}).ok());
    ASSERT_TRUE(send({}, "", {3}, {}).ok());
    EXPECT_EQ(*machine_->Count(shared), 0u);
}

TEST_F(StreamingNodeTest, ReadsOfAPartitionSeeOnlyIt) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}}).ok());
    ASSERT_TRUE(machine_->Write(collection_, {{2, 2}}, {}, kOtherPartition).ok());
    ASSERT_TRUE(machine_->Flush(collection_));
    ASSERT_TRUE(machine_->AwaitPlaced(1));
    ASSERT_TRUE(machine_->Write(collection_, {{3, 3}}, {}, kOtherPartition).ok());
    roles::RetrieveRequest read;
    read.vchannel = collection_.vchannels[0];
    read.partitions = {kOtherPartition};
    read.guarantee_ts = machine_->root_coord().Now();
    const auto rows = machine_->node().Retrieve(base::CallContext(), read);
    ASSERT_TRUE(rows.ok()) << rows.status().reason();
    EXPECT_EQ(rows->keys.ints, (std::vector<int64_t>{2, 3}));
    read.ignore_growing = true;
    EXPECT_EQ(machine_->node().Retrieve(base::CallContext(), read)->keys.ints,
              (std::vector<int64_t>{2}));
}

TEST_F(StreamingNodeTest, ADroppedPartitionIsGoneAndStaysGone) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}}).ok());
    ASSERT_TRUE(machine_->Write(collection_, {{2, 2}}, {}, kOtherPartition).ok());
    ASSERT_TRUE(machine_->Flush(collection_));
    ASSERT_TRUE(machine_->Write(collection_, {{3, 3}}, {}, kOtherPartition).ok());
    ASSERT_TRUE(machine_->node()
                    .DropPartition(base::CallContext(), {collection_, kOtherPartition, ""})
                    .ok());
    EXPECT_EQ(All(), (Rows{{1, 1}}));
    EXPECT_EQ(machine_->Write(collection_, {{4, 4}}, {}, kOtherPartition).status().code(),
              base::Code::kPartitionNotFound);
    // RootCoord still names the partition: the log alone must keep it gone.
    Restart();
    EXPECT_EQ(*machine_->Count(collection_), 1u);
    ASSERT_TRUE(
        machine_->data_coord().DropPartitionData(base::CallContext(), {1, kOtherPartition}).ok());
    machine_->collections()[0].partitions.pop_back();
    ASSERT_TRUE(machine_->Flush(collection_));
    Restart();
    EXPECT_EQ(All(), (Rows{{1, 1}}));
}

TEST_F(StreamingNodeTest, DroppedChannelsAreUnknownAndReplayIsUntouchedByThem) {
    Open();
    auto other = MakeCollection(2);
    machine_->Create(other);
    machine_->Serve(other);
    ASSERT_TRUE(machine_->Write(other, {{1, 1}}).ok());
    ASSERT_TRUE(machine_->Write(collection_, {{5, 5}}).ok());
    ASSERT_TRUE(machine_->node().DropChannels(base::CallContext(), {other, 0, ""}).ok());
    ASSERT_TRUE(machine_->node().DropChannels(base::CallContext(), {other, 0, ""}).ok());
    EXPECT_EQ(machine_->Write(other, {{2, 2}}).status().code(), base::Code::kChannelNotFound);
    // The crash came before RootCoord knew: the drop is replayed.
    Restart();
    EXPECT_EQ(machine_->ReadAll(other).status().code(), base::Code::kChannelNotFound);
    EXPECT_EQ(All(), (Rows{{5, 5}}));
    machine_->collections().pop_back();
    Restart();
    EXPECT_EQ(All(), (Rows{{5, 5}}));
}

// A drop may come while a worker writes the files of the same channel: the worker must find nothing
// more to do, not a segment that is gone.
TEST_F(StreamingNodeTest, ChannelsAreDroppedWhileTheyAreFlushed) {
    Open();
    for (int64_t id = 2; id < 60; ++id) {
        auto other = MakeCollection(id);
        machine_->Create(other);
        machine_->Serve(other);
        ASSERT_TRUE(machine_->Write(other, {{1, 1}, {2, 2}}).ok());
        ASSERT_TRUE(machine_->node().Flush(base::CallContext(), {other.id, other.vchannels}).ok());
        ASSERT_TRUE(machine_->node().DropChannels(base::CallContext(), {other, 0, ""}).ok());
    }
    ASSERT_TRUE(machine_->Write(collection_, {{5, 5}}).ok());
    EXPECT_EQ(All(), (Rows{{5, 5}}));
}

TEST_F(StreamingNodeTest, SealsBySizeByAgeAndByLogLength) {
    StreamingOptions options;
    options.seal_rows = 100;
    options.seal_age_ms = 0;
    options.log_bytes_limit = 32 << 10;
    Open(options);
    EXPECT_EQ(machine_->timers(), 0u);
    Rows rows;
    for (int64_t key = 0; key < 100; ++key) {
        rows[key] = key;
    }
    ASSERT_TRUE(machine_->Write(collection_, rows).ok());
    for (int i = 0; i < 5000 && machine_->data_coord().commits() == 0; ++i) {
        sys::RealClock().SleepMs(1);
    }
    EXPECT_EQ(machine_->data_coord().commits(), 1);
    // Age: the timer that the write has set.
    ASSERT_TRUE(machine_->Write(collection_, {{200, 1}}).ok());
    EXPECT_GE(machine_->timers(), 1u);
    machine_->FireTimers();
    for (int i = 0; i < 5000 && machine_->data_coord().commits() == 1; ++i) {
        sys::RealClock().SleepMs(1);
    }
    EXPECT_EQ(machine_->data_coord().commits(), 2);
    while (machine_->timers() > 0) {  // nothing waits any more: the timers end
        machine_->FireTimers();
        sys::RealClock().SleepMs(1);
    }
    // Log length: one idle collection holds the log back while another writes.
    auto idle = MakeCollection(2);
    machine_->Create(idle);
    ASSERT_TRUE(machine_->Write(idle, {{1, 1}}).ok());
    const int before = machine_->data_coord().commits();
    for (int64_t key = 0; key < 600; ++key) {
        ASSERT_TRUE(machine_->Write(collection_, {{1000 + key, key}}).ok());
    }
    ASSERT_TRUE(machine_->Flush(collection_));
    EXPECT_GT(machine_->data_coord().commits(), before + 5);
    EXPECT_EQ(All().size(), 701u);
}

TEST_F(StreamingNodeTest, AFailedFlushIsTriedAgain) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}}).ok());
    machine_->data_coord().FailCommits(2, /*lost_reply=*/false);
    EXPECT_TRUE(machine_->Flush(collection_));
    ASSERT_TRUE(machine_->Write(collection_, {{2, 2}}, {1}).ok());
    machine_->data_coord().FailCommits(2, /*lost_reply=*/true);
    EXPECT_TRUE(machine_->Flush(collection_));
    EXPECT_EQ(All(), (Rows{{2, 2}}));
    Restart(0);
    EXPECT_EQ(All(), (Rows{{2, 2}}));
    EXPECT_EQ(*machine_->Count(collection_), 1u);
}

TEST_F(StreamingNodeTest, APollOfAFlushSealsNoRowsThatCameAfterIt) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}}).ok());
    machine_->data_coord().FailCommits(1000, /*lost_reply=*/false);
    const base::CallContext context;
    const auto flush = machine_->node().Flush(context, {collection_.id, collection_.vchannels});
    ASSERT_TRUE(flush.ok());
    ASSERT_TRUE(machine_->Write(collection_, {{2, 2}}).ok());
    const auto is_flushed = [&] {
        return machine_->node()
            .GetFlushState(context, {collection_.id, collection_.vchannels, flush->flush_ts})
            ->flushed;
    };
    const auto states = [&] {
        std::map<roles::SegmentState, uint64_t> rows;
        const auto current = machine_->node().GetSegments(context, {1, {}});
        for (const roles::SegmentInfo& segment : current->segments) {
            rows[segment.state] += segment.rows;
        }
        return rows;
    };
    using State = roles::SegmentState;
    using RowsByState = std::map<State, uint64_t>;
    EXPECT_FALSE(is_flushed());
    EXPECT_FALSE(is_flushed());
    EXPECT_EQ(states(), (RowsByState{{State::kFlushing, 1}, {State::kGrowing, 1}}));
    // After a restart all is growing again: the rows of the flush and those that came after it.
    Restart(1);
    machine_->data_coord().FailCommits(0, false);
    EXPECT_EQ(states(), (RowsByState{{State::kGrowing, 2}}));
    for (int i = 0; i < 5000 && !is_flushed(); ++i) {
        sys::RealClock().SleepMs(1);
    }
    EXPECT_EQ(states(), (RowsByState{{State::kFlushed, 2}}));
    ASSERT_TRUE(machine_->Write(collection_, {{3, 3}}).ok());
    EXPECT_TRUE(is_flushed());
    EXPECT_EQ(states(), (RowsByState{{State::kFlushed, 2}, {State::kGrowing, 1}}));
}

TEST_F(StreamingNodeTest, AQueryNodeThatLostABatchIsBroughtUpToDate) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}, {2, 2}, {3, 3}}).ok());
    ASSERT_TRUE(machine_->Flush(collection_));
    ASSERT_TRUE(machine_->AwaitPlaced(1));
    ASSERT_EQ(machine_->query_node().segments(), 1u);
    machine_->query_node().LoseBatches(1);
    ASSERT_TRUE(machine_->Delete(collection_, {1}).ok());
    ASSERT_TRUE(machine_->Delete(collection_, {2}).ok());
    EXPECT_EQ(All(), (Rows{{3, 3}}));
    machine_->query_node().Forget();
    EXPECT_EQ(All(), (Rows{{3, 3}}));
    ASSERT_TRUE(machine_->Delete(collection_, {3}).ok());
    EXPECT_EQ(All(), Rows());
}

TEST_F(StreamingNodeTest, RowsStayReadableWhileTheirSegmentCannotBeLoaded) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}, {2, 2}}).ok());
    machine_->query_node().FailLoads(1000);
    ASSERT_TRUE(machine_->Flush(collection_));
    ASSERT_TRUE(machine_->Delete(collection_, {1}).ok());
    EXPECT_EQ(All(), (Rows{{2, 2}}));
    const auto segments = machine_->node().GetSegments(base::CallContext(), {1, {}});
    EXPECT_EQ(segments->live_rows.at(kPartition), 1u);
    machine_->query_node().FailLoads(0);
    while (machine_->query_node().segments() == 0) {
        machine_->FireTimers();
        sys::RealClock().SleepMs(1);
    }
    EXPECT_EQ(All(), (Rows{{2, 2}}));
}

TEST_F(StreamingNodeTest, AddressesOfASearchOutliveTheFlush) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 10}, {2, 20}, {3, 30}}).ok());
    ASSERT_TRUE(machine_->Flush(collection_));
    ASSERT_TRUE(machine_->AwaitPlaced(1));
    ASSERT_TRUE(machine_->Write(collection_, {{4, 40}}).ok());
    const auto hits = machine_->Search(collection_, 31, 3);
    ASSERT_TRUE(hits.ok());
    EXPECT_EQ(hits->keys.ints, (std::vector<int64_t>{3, 4, 2}));
    ASSERT_TRUE(machine_->Flush(collection_));
    ASSERT_TRUE(machine_->AwaitPlaced(1));
    roles::FetchRequest fetch;
    fetch.vchannel = collection_.vchannels[0];
    fetch.addresses = hits->addresses;
    fetch.fields = {collection_.schema.fields[2]};
    const auto rows = machine_->node().Fetch(base::CallContext(), fetch);
    ASSERT_TRUE(rows.ok()) << rows.status().reason();
    const auto* numbers = rows->rows.columns[0].View().As<int64_t>();
    EXPECT_EQ(std::vector<int64_t>(numbers, numbers + 3), (std::vector<int64_t>{30, 40, 20}));
}

TEST_F(StreamingNodeTest, AKeyInsertedTwiceIsReturnedOnceAndSearchesStillFindK) {
    Open();
    for (int64_t i = 0; i < 20; ++i) {
        ASSERT_TRUE(machine_->Write(collection_, {{1, 100}}).ok());
        if (i == 10) {
            ASSERT_TRUE(machine_->Flush(collection_));
        }
    }
    ASSERT_TRUE(machine_->Write(collection_, {{2, 150}, {3, 160}}).ok());
    const auto hits = machine_->Search(collection_, 100, 3);
    ASSERT_TRUE(hits.ok());
    EXPECT_EQ(hits->keys.ints, (std::vector<int64_t>{1, 2, 3}));
    EXPECT_EQ(All().size(), 3u);
}

TEST_F(StreamingNodeTest, UnservedCollectionsKeepTakingWritesAndServeAfterwards) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}}).ok());
    ASSERT_TRUE(machine_->Flush(collection_));
    ASSERT_TRUE(machine_->AwaitPlaced(1));
    ASSERT_TRUE(machine_->node().Unserve(base::CallContext(), {1, {}}).ok());
    EXPECT_EQ(machine_->query_node().segments(), 0u);
    EXPECT_EQ(machine_->ReadAll(collection_).status().code(), base::Code::kCollectionNotLoaded);
    ASSERT_TRUE(machine_->Write(collection_, {{2, 2}}, {1}).ok());
    ASSERT_TRUE(machine_->Flush(collection_));
    machine_->Serve(collection_);
    EXPECT_EQ(All(), (Rows{{2, 2}}));
    EXPECT_EQ(machine_->query_node().segments(), 2u);
}

TEST_F(StreamingNodeTest, IndexesReachTheSegmentWhereverItIs) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}}).ok());
    ASSERT_TRUE(machine_->Flush(collection_));
    ASSERT_TRUE(machine_->AwaitPlaced(1));
    const auto segments = machine_->data_coord().ListSegments(base::CallContext(), {1});
    roles::SegmentIndexReady ready;
    ready.vchannel = collection_.vchannels[0];
    ready.index.id = 9;
    ready.segment_index.index_id = 9;
    ready.segment_index.segment_id = segments->segments[0].id;
    ASSERT_TRUE(machine_->node().OnSegmentIndex(base::CallContext(), ready).ok());
    EXPECT_EQ(machine_->query_node().attached(), 1);
    ASSERT_TRUE(machine_->node().OnIndexDropped(base::CallContext(), {ready.vchannel, 9}).ok());
    ASSERT_TRUE(machine_->node().OnSegmentIndex(base::CallContext(), ready).ok());
    EXPECT_EQ(machine_->query_node().attached(), 1);
}

TEST_F(StreamingNodeTest, AlteredSchemaStartsNewSegments) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}}).ok());
    roles::CollectionInfo altered = collection_;
    altered.schema.version = 1;
    schema::FieldSchema extra = altered.schema.fields[2];
    extra.id = 103;
    extra.name = "extra";
    extra.is_primary_key = false;
    extra.nullable = true;
    altered.schema.fields.push_back(extra);
    ASSERT_TRUE(machine_->node().AlterSchema(base::CallContext(), {altered, 0, ""}).ok());
    roles::AppendRequest request;
    request.pchannel = collection_.pchannel;
    request.schema_version = 1;
    request.parts.push_back({collection_.vchannels[0], 1, kPartition, MakeRows({{2, 2}}), {}});
    request.parts[0].rows.columns.push_back(request.parts[0].rows.columns[2]);
    request.parts[0].rows.columns[3].field_id = 103;
    ASSERT_TRUE(machine_->Send(request).ok());
    EXPECT_EQ(All(), (Rows{{1, 1}, {2, 2}}));
    machine_->collections()[0] = altered;
    Restart();
    EXPECT_EQ(All(), (Rows{{1, 1}, {2, 2}}));
}

roles::CollectionInfo UniqueCollection(base::CollectionId id, int shards = 1) {
    roles::CollectionInfo collection = MakeCollection(id, shards);
    collection.properties[std::string(roles::kUniqueKeysProperty)] = "true";
    return collection;
}

TEST_F(StreamingNodeTest, UniqueKeysAreRefusedInMemoryInFilesAndAfterARestart) {
    Open();
    const roles::CollectionInfo unique = UniqueCollection(77);
    machine_->Create(unique);
    ASSERT_TRUE(machine_->Write(unique, {{1, 1}, {2, 2}}).ok());
    const auto again = machine_->Write(unique, {{2, 3}, {3, 3}});
    EXPECT_EQ(again.status().code(), base::Code::kInvalidParameter);
    EXPECT_NE(again.status().reason().find("primary key 2 already exists"), std::string::npos);
    ASSERT_TRUE(machine_->Flush(unique));
    EXPECT_FALSE(machine_->Write(unique, {{1, 3}}).ok());
    Restart();
    EXPECT_FALSE(machine_->Write(unique, {{1, 3}}).ok());
    // An upsert replaces; a deleted key is free again; the refused request left nothing.
    EXPECT_TRUE(machine_->Write(unique, {{1, 4}}, {1}).ok());
    EXPECT_TRUE(machine_->Delete(unique, {2}).ok());
    EXPECT_TRUE(machine_->Write(unique, {{2, 5}, {3, 5}}).ok());
    machine_->Serve(unique);
    ASSERT_TRUE(machine_->AwaitServed(unique.id));
    EXPECT_EQ(*machine_->Count(unique), 3u);
}

TEST_F(StreamingNodeTest, OfConcurrentInsertsOfOneKeyOneSucceeds) {
    Open();
    const roles::CollectionInfo unique = UniqueCollection(77);
    machine_->Create(unique);
    constexpr int kThreads = 8;
    constexpr int64_t kKeys = 200;
    std::atomic<int> successes{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&] {
            for (int64_t key = 0; key < kKeys; ++key) {
                successes += machine_->Write(unique, {{key, key}}).ok() ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(successes, kKeys);
    machine_->Serve(unique);
    ASSERT_TRUE(machine_->AwaitServed(unique.id));
    EXPECT_EQ(*machine_->Count(unique), static_cast<uint64_t>(kKeys));
}

TEST_F(StreamingNodeTest, AWriteMadeFromAnOldReadIsRefused) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}, {2, 2}}).ok());
    const auto update = [&](int64_t key, base::Timestamp read_ts) {
        roles::AppendRequest request;
        request.pchannel = collection_.pchannel;
        request.read_ts = read_ts;
        request.parts.push_back(
            {collection_.vchannels[0], 1, kPartition, MakeRows({{key, 9}}), MakeKeys({key})});
        return machine_->Send(request);
    };
    const base::Timestamp before = machine_->root_coord().Now();
    ASSERT_TRUE(machine_->ReadAll(collection_, before).ok());
    const auto first = update(1, before);
    ASSERT_TRUE(first.ok()) << first.status().reason();
    EXPECT_EQ(update(1, before).status().code(), base::Code::kConflict);
    EXPECT_TRUE(update(2, before).ok());
    ASSERT_TRUE(machine_->Flush(collection_));
    EXPECT_EQ(update(1, before).status().code(), base::Code::kConflict);
    EXPECT_TRUE(update(1, machine_->root_coord().Now()).ok());
    const base::Timestamp moment = machine_->root_coord().Now();
    ASSERT_TRUE(machine_->ReadAll(collection_, moment).ok());
    ASSERT_TRUE(machine_->Delete(collection_, {2}).ok());
    EXPECT_EQ(update(2, moment).status().code(), base::Code::kConflict);
}

TEST_F(StreamingNodeTest, ConcurrentReadModifyWritesLoseNothing) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 0}}).ok());
    constexpr int kThreads = 4;
    constexpr int kRounds = 50;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&] {
            for (int done = 0; done < kRounds;) {
                const base::Timestamp moment = machine_->root_coord().Now();
                const auto rows = machine_->ReadAll(collection_, moment);
                ASSERT_TRUE(rows.ok()) << rows.status().reason();
                roles::AppendRequest request;
                request.pchannel = collection_.pchannel;
                request.read_ts = moment;
                request.parts.push_back({collection_.vchannels[0], 1, kPartition,
                                         MakeRows({{1, rows->at(1) + 1}}), MakeKeys({1})});
                const auto written = machine_->Send(request);
                ASSERT_TRUE(written.ok() || written.status().code() == base::Code::kConflict);
                done += written.ok() ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(All(), (Rows{{1, kThreads * kRounds}}));
}

TEST_F(StreamingNodeTest, TruncateRemovesWhatWasThereAndRepeatsRemoveNothingMore) {
    Open();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}}).ok());
    ASSERT_TRUE(machine_->Flush(collection_));
    ASSERT_TRUE(machine_->Write(collection_, {{2, 2}}).ok());
    ASSERT_TRUE(machine_->node().Truncate(base::CallContext(), {collection_, 0, "t1"}).ok());
    EXPECT_EQ(All(), Rows());
    ASSERT_TRUE(machine_->Write(collection_, {{3, 3}}).ok());
    ASSERT_TRUE(machine_->node().Truncate(base::CallContext(), {collection_, 0, "t1"}).ok());
    EXPECT_EQ(All(), (Rows{{3, 3}}));
    Restart(0);  // from the log
    ASSERT_TRUE(machine_->node().Truncate(base::CallContext(), {collection_, 0, "t1"}).ok());
    EXPECT_EQ(All(), (Rows{{3, 3}}));
    ASSERT_TRUE(machine_->Flush(collection_));
    Restart(0);  // from files: those of before are named no more
    EXPECT_EQ(All(), (Rows{{3, 3}}));
}

TEST_F(StreamingNodeTest, StopFinishesWhatIsInFlightAndRefusesTheRest) {
    Open();
    std::atomic<int> answers{0};
    std::atomic<int> successes{0};
    constexpr int kRequests = 200;
    for (int i = 0; i < kRequests; ++i) {
        roles::AppendRequest request;
        request.pchannel = collection_.pchannel;
        request.parts.push_back({collection_.vchannels[0], 1, kPartition, MakeRows({{i, i}}), {}});
        machine_->node().Append(base::CallContext(), request,
                                [&](const base::Result<roles::AppendResponse>& result) {
                                    ++answers;
                                    successes += result.ok() ? 1 : 0;
                                });
    }
    machine_->node().Stop();
    EXPECT_EQ(answers, kRequests);
    EXPECT_EQ(successes, kRequests);
    EXPECT_EQ(machine_->Write(collection_, {{1000, 1}}).status().code(),
              base::Code::kServiceNotReady);
    Restart();
    EXPECT_EQ(All().size(), static_cast<size_t>(kRequests));
}

TEST_F(StreamingNodeTest, BackPressureIsRetriable) {
    StreamingOptions options;
    options.unflushed_bytes_limit = 10'000;
    Open(options);
    machine_->data_coord().FailCommits(1'000'000, false);
    base::Status refused;
    for (int64_t i = 0; i < 1000 && refused.ok(); ++i) {
        refused = machine_->Write(collection_, {{i, i}}).status();
    }
    EXPECT_EQ(refused.code(), base::Code::kRateLimit);
    EXPECT_TRUE(refused.retriable());
    machine_->data_coord().FailCommits(0, false);
    ASSERT_TRUE(machine_->Flush(collection_));
    ASSERT_TRUE(machine_->AwaitPlaced(1));
    for (int i = 0; i < 5000; ++i) {
        if (machine_->Write(collection_, {{5000, 1}}).ok()) {
            return;
        }
        sys::RealClock().SleepMs(1);
    }
    FAIL() << "writes stay refused after the flush";
}

TEST_F(StreamingNodeTest, ReadsAndDeletesRaceWithFlushes) {
    StreamingOptions options;
    options.seal_rows = 64;
    Open(options, 2);
    constexpr int64_t kKeys = 64;
    Rows first;
    for (int64_t key = 0; key < kKeys; ++key) {
        first[key] = 0;
    }
    ASSERT_TRUE(machine_->Write(collection_, first).ok());
    std::atomic<bool> stop{false};
    std::atomic<int> reads{0};
    std::thread reader([&] {
        while (!stop) {
            // Every key is there exactly once at every moment: upserts are atomic.
            const auto all = machine_->ReadAll(collection_);
            ASSERT_TRUE(all.ok()) << all.status().reason();
            ASSERT_EQ(all->size(), static_cast<size_t>(kKeys));
            ++reads;
        }
    });
    std::thread searcher([&] {
        while (!stop) {
            const auto hits = machine_->Search(collection_, 5, 10);
            ASSERT_TRUE(hits.ok()) << hits.status().reason();
            ASSERT_EQ(hits->keys.size(), 10u);
        }
    });
    std::vector<std::thread> writers;
    for (int64_t writer = 0; writer < 2; ++writer) {
        writers.emplace_back([&, writer] {
            for (int64_t round = 1; round <= 60; ++round) {
                Rows rows;
                std::vector<int64_t> keys;
                for (int64_t key = writer; key < kKeys; key += 2) {
                    if ((key + round) % 3 == 0) {
                        rows[key] = round;
                        keys.push_back(key);
                    }
                }
                ASSERT_TRUE(machine_->Write(collection_, rows, keys).ok());
            }
        });
    }
    for (std::thread& writer : writers) {
        writer.join();
    }
    while (reads < 5) {
        sys::RealClock().SleepMs(1);
    }
    stop = true;
    reader.join();
    searcher.join();
    Rows expected;
    for (int64_t key = 0; key < kKeys; ++key) {
        for (int64_t round = 60; round > 0; --round) {
            if ((key + round) % 3 == 0) {
                expected[key] = round;
                break;
            }
        }
    }
    EXPECT_EQ(All(), expected);
    EXPECT_GT(machine_->data_coord().commits(), 3);
    Restart();
    EXPECT_EQ(All(), expected);
}

TEST_F(StreamingNodeTest, AMomentOnceReadNeverChanges) {
    StreamingOptions options;
    options.seal_rows = 50;
    Open(options);
    std::atomic<bool> stop{false};
    std::vector<std::thread> writers;
    for (int64_t writer = 0; writer < 3; ++writer) {
        writers.emplace_back([&, writer] {
            for (int64_t i = 0; !stop && i < 2'000; ++i) {
                const int64_t key = writer * 10'000 + i;
                const std::vector<int64_t> deletes =
                    i % 3 == 2 ? std::vector<int64_t>{key - 1} : std::vector<int64_t>{};
                ASSERT_TRUE(machine_->Write(collection_, {{key, i}}, deletes).ok());
            }
        });
    }
    for (int i = 0; i < 60; ++i) {
        roles::RetrieveRequest read;
        read.vchannel = collection_.vchannels[0];
        read.guarantee_ts = machine_->root_coord().Now();
        const auto first = machine_->node().Retrieve(base::CallContext(), read);
        ASSERT_TRUE(first.ok()) << first.status().reason();
        ASSERT_GE(first->snapshot_ts, read.guarantee_ts);
        sys::RealClock().SleepMs(2);
        read.guarantee_ts = 0;
        read.snapshot_ts = first->snapshot_ts;
        const auto second = machine_->node().Retrieve(base::CallContext(), read);
        ASSERT_TRUE(second.ok()) << second.status().reason();
        ASSERT_EQ(first->keys.ints, second->keys.ints);
    }
    stop = true;
    for (std::thread& writer : writers) {
        writer.join();
    }
}

TEST_F(StreamingNodeTest, AReadRespectsItsDeadline) {
    Open();
    base::CallContext context;
    context.Cancel();
    roles::RetrieveRequest read;
    read.vchannel = collection_.vchannels[0];
    read.guarantee_ts = machine_->root_coord().Now();
    ASSERT_TRUE(machine_->Write(collection_, {{1, 1}}).ok());
    EXPECT_EQ(machine_->node().Retrieve(context, read).status().code(), base::Code::kCanceled);
}

}  // namespace
}  // namespace elanus::streaming
