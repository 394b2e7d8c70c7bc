// The three coordinators together over a real catalog on the simulated disk; channels, files and
// index builds are fakes that note what they were asked.

#include "catalog/sqlite_catalog.h"
#include "coord/data_coord.h"
#include "coord/query_coord.h"
#include "coord/root_coord.h"
#include "object/local_object_store.h"
#include "sys/executor.h"
#include "sys/sim_file_system.h"

#include <chrono>
#include <functional>
#include <limits>
#include <set>
#include <thread>

#include <gtest/gtest.h>

namespace elanus::coord {
namespace {

using base::CallContext;
using base::Code;
using base::Result;
using base::Status;
using roles::Empty;

class FakeStreamingNode : public roles::StreamingNode {
  public:
    void Append(const CallContext&, roles::AppendRequest, roles::AppendCallback done) override {
        done(Status::Error(Code::kUnimplemented));
    }
    Result<Empty> CreateChannels(const CallContext&, const roles::ChannelEvent& event) override {
        if (fail_next_create) {
            fail_next_create = false;
            return Status::Error(Code::kServiceUnavailable);
        }
        channels.insert(event.collection.vchannels.begin(), event.collection.vchannels.end());
        return Empty{};
    }
    Result<Empty> DropChannels(const CallContext&, const roles::ChannelEvent& event) override {
        if (fail_next_drop) {
            fail_next_drop = false;
            return Status::Error(Code::kServiceUnavailable);
        }
        for (const std::string& vchannel : event.collection.vchannels) {
            channels.erase(vchannel);
        }
        return Empty{};
    }
    Result<Empty> DropPartition(const CallContext&, const roles::ChannelEvent& event) override {
        dropped_partitions.insert(event.partition_id);
        return Empty{};
    }
    Result<Empty> AlterSchema(const CallContext&, const roles::ChannelEvent& event) override {
        if (fail_next_alter) {
            fail_next_alter = false;
            return Status::Error(Code::kServiceUnavailable);
        }
        altered.push_back(event.collection);
        return Empty{};
    }
    Result<Empty> Truncate(const CallContext&, const roles::ChannelEvent& event) override {
        truncated.push_back(event.request_id);
        return Empty{};
    }
    Result<roles::FlushResponse> Flush(const CallContext&, const roles::FlushRequest&) override {
        return roles::FlushResponse{};
    }
    Result<roles::FlushState> GetFlushState(const CallContext&,
                                            const roles::FlushStateRequest&) override {
        return roles::FlushState{true};
    }
    Result<Empty> Serve(const CallContext&, const roles::ServeRequest& request) override {
        served[request.collection.id] = request.partitions;
        return Empty{};
    }
    Result<Empty> Unserve(const CallContext&, const roles::ChannelsRequest& request) override {
        served.erase(request.collection_id);
        return Empty{};
    }
    Result<roles::ServeProgress> GetServeProgress(const CallContext&,
                                                  const roles::ChannelsRequest&) override {
        return progress;
    }
    Result<roles::ChannelSegments> GetSegments(const CallContext&,
                                               const roles::ChannelsRequest&) override {
        return roles::ChannelSegments{};
    }
    Result<Empty> OnSegmentIndex(const CallContext&,
                                 const roles::SegmentIndexReady& ready) override {
        indexed.insert(ready.segment_index.segment_id);
        if (while_attaching) {
            while_attaching();
        }
        return Empty{};
    }
    Result<Empty> OnIndexDropped(const CallContext&, const roles::IndexDropped&) override {
        return Empty{};
    }
    Result<roles::CompactionFacts> GetCompactionFacts(
        const CallContext&, const roles::CompactionFactsRequest& request) override {
        roles::CompactionFacts facts;
        facts.horizon_ts = request.wanted_ts;
        for (const base::SegmentId id : request.segment_ids) {
            roles::SegmentFacts& segment = facts.segments.emplace_back();
            segment.segment_id = id;
            segment.deleted_rows = segment.droppable_rows = deleted_rows[id];
        }
        return facts;
    }
    Result<Empty> SwitchSegments(const CallContext&,
                                 const roles::SwitchSegmentsRequest& request) override {
        roles::CompactionSwap swap;
        swap.vchannel = request.vchannel;
        swap.collection_id = request.collection_id;
        swap.epoch = 1;
        swap.inputs = request.inputs;
        swap.outputs = request.outputs;
        swap.compacted_ts = request.compacted_ts;
        swap.gathers_deletes = request.gathers_deletes;
        for (const roles::IndexToLoad& index : request.indexes) {
            swap.segment_indexes.push_back(index.segment_index);
        }
        if (fail_switches > 0) {
            --fail_switches;
            return Status::Error(Code::kServiceUnavailable);
        }
        return data_coord->CommitCompaction(CallContext(), swap);
    }
    Result<roles::SearchResponse> Search(const CallContext&, const roles::SearchRequest&) override {
        return roles::SearchResponse{};
    }
    Result<roles::RetrieveResponse> Retrieve(const CallContext&,
                                             const roles::RetrieveRequest&) override {
        return roles::RetrieveResponse{};
    }
    Result<roles::FetchResponse> Fetch(const CallContext&, const roles::FetchRequest&) override {
        return roles::FetchResponse{};
    }

    bool fail_next_create = false;
    bool fail_next_drop = false;
    bool fail_next_alter = false;
    std::vector<roles::CollectionInfo> altered;
    std::vector<std::string> truncated;
    std::set<std::string> channels;
    std::set<base::PartitionId> dropped_partitions;
    std::map<base::CollectionId, std::vector<base::PartitionId>> served;
    roles::ServeProgress progress;
    std::set<base::SegmentId> indexed;
    std::function<void()> while_attaching;
    std::map<base::SegmentId, uint64_t> deleted_rows;
    int fail_switches = 0;
    roles::DataCoord* data_coord = nullptr;
};

class FakeDataNode : public roles::DataNode {
  public:
    Result<roles::BuildIndexResponse> BuildIndex(const CallContext& context,
                                                 const roles::BuildIndexRequest& request) override {
        ++builds;
        building = request.data_key;
        if (while_building) {
            while_building();
        }
        if (until_cancelled) {
            return WaitForCancel(context);
        }
        if (fail) {
            return Status::Error(Code::kServiceInternal, "no memory to build");
        }
        return roles::BuildIndexResponse{request.segment.rows, 1000};
    }
    Result<roles::CompactSegmentsResponse> CompactSegments(
        const CallContext&, const roles::CompactSegmentsRequest& request) override {
        roles::CompactSegmentsResponse response;
        roles::SegmentInfo& output = response.outputs.emplace_back(request.inputs[0]);
        output.id = request.output_ids[0];
        output.data_key = "segments/merged/" + std::to_string(output.id);
        output.compacted_from.clear();
        output.rows = 0;
        for (const roles::SegmentInfo& input : request.inputs) {
            output.rows += input.rows;
            output.bytes += input.bytes;
            output.compacted_from.push_back(input.id);
        }
        return response;
    }
    static Status WaitForCancel(const CallContext& context) {
        for (int waited_ms = 0; waited_ms < 10'000 && !context.cancelled(); ++waited_ms) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return context.cancelled() ? Status::Error(Code::kCanceled)
                                   : Status::Error(Code::kServiceInternal, "not cancelled");
    }
    Result<roles::BuildShares> GetBuildShares(const CallContext&,
                                              const roles::BuildSharesRequest& request) override {
        asked = request.data_keys;
        return shares;
    }
    int builds = 0;
    bool fail = false;
    std::function<void()> while_building;
    bool until_cancelled = false;
    std::string building;            // its data key
    std::vector<std::string> asked;  // for shares
    Result<roles::BuildShares> shares = roles::BuildShares{};
};

class FakeProxy : public roles::MetaCacheListener {
  public:
    Result<Empty> InvalidateCollection(const CallContext&,
                                       const roles::CollectionRef& ref) override {
        invalidated.insert(ref.collection_name);
        return Empty{};
    }
    std::set<std::string> invalidated;
};

class CoordTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(disk_.CreateDirectories("data").ok());
        Start();
    }

    void Start() {
        data_.reset();
        query_.reset();
        root_.reset();
        store_.reset();
        objects_.reset();
        catalog_.reset();
        auto catalog = catalog::OpenSqliteCatalog(disk_, "data/catalog.db", clock_);
        ASSERT_TRUE(catalog.ok()) << catalog.status().reason();
        catalog_ = std::move(*catalog);
        auto objects = object::LocalObjectStore::Open(disk_, "data/objects");
        ASSERT_TRUE(objects.ok()) << objects.status().reason();
        objects_ = std::move(*objects);
        auto store = CoordStore::Open(*catalog_);
        ASSERT_TRUE(store.ok());
        store_ = std::move(*store);
        root_ = std::make_unique<RootCoordImpl>(*store_, *objects_, clock_, RootCoordOptions{});
        data_ = std::make_unique<DataCoordImpl>(*store_, *objects_, executor_, DataCoordOptions{});
        query_ = std::make_unique<QueryCoordImpl>(*store_);
        ASSERT_TRUE(root_->Open().ok());
        ASSERT_TRUE(data_->Open().ok());
        ASSERT_TRUE(query_->Open().ok());
        root_->Connect({data_.get(), query_.get(), &streaming_, {&proxy_}});
        streaming_.data_coord = data_.get();
        data_->Connect({root_.get(), &streaming_, &data_node_, nullptr, nullptr});
        query_->Connect({root_.get(), data_.get(), &streaming_, {1}});
        ASSERT_TRUE(data_->RemoveLeftovers().ok());
        ASSERT_TRUE(root_->Recover(context_).ok());
        ASSERT_TRUE(query_->Recover(context_).ok());
        data_->Recover();
    }

    static roles::CreateCollectionRequest Definition(const std::string& name, int64_t dim = 4) {
        roles::CreateCollectionRequest request;
        request.schema.name = name;
        schema::FieldSchema id;
        id.name = "id";
        id.type = schema::DataType::kInt64;
        id.is_primary_key = true;
        schema::FieldSchema vector;
        vector.name = "v";
        vector.type = schema::DataType::kFloatVector;
        vector.type_params["dim"] = std::to_string(dim);
        request.schema.fields = {id, vector};
        return request;
    }
    roles::CollectionInfo Create(const std::string& name) {
        auto created = root_->CreateCollection(context_, Definition(name));
        EXPECT_TRUE(created.ok()) << created.status().reason();
        return *created;
    }
    Status IndexVector(const roles::CollectionInfo& collection, const std::string& type = "HNSW") {
        roles::CreateIndexRequest request;
        request.collection = collection;
        request.index.field_id = collection.schema.fields[1].id;
        request.index.field_name = "v";
        request.index.index_type = type;
        request.index.metric_type = "L2";
        return data_->CreateIndex(context_, request).status();
    }
    static roles::FlushSwap Swap(const roles::CollectionInfo& collection, base::SegmentId segment,
                                 uint64_t rows, base::LogPosition position) {
        roles::FlushSwap swap;
        swap.vchannel = collection.vchannels[0];
        swap.collection_id = collection.id;
        roles::SegmentInfo info;
        info.id = segment;
        info.collection_id = collection.id;
        info.partition_id = collection.partitions[0].id;
        info.vchannel = swap.vchannel;
        info.state = roles::SegmentState::kFlushed;
        info.rows = rows;
        info.data_key = "segments/" + std::to_string(collection.id) + "/" + std::to_string(segment);
        swap.sealed = {info};
        swap.checkpoint = {swap.vchannel, position, 100, 1};
        return swap;
    }

    const CallContext context_;
    sys::SimFileSystem disk_;
    sys::SimClock clock_;
    sys::InlineExecutor executor_;
    FakeStreamingNode streaming_;
    FakeDataNode data_node_;
    FakeProxy proxy_;
    std::unique_ptr<catalog::Catalog> catalog_;
    std::unique_ptr<object::ObjectStore> objects_;
    std::unique_ptr<CoordStore> store_;
    std::unique_ptr<RootCoordImpl> root_;
    std::unique_ptr<DataCoordImpl> data_;
    std::unique_ptr<QueryCoordImpl> query_;
};

TEST_F(CoordTest, AFileResourceIsACopyThatLivesAsLongAsItsRecord) {
    ASSERT_TRUE(objects_->Put("words/stop.txt", "the\n").ok());
    ASSERT_TRUE(root_->AddFileResource(context_, {0, "stops", "words/stop.txt"}).ok());
    const auto list = root_->ListFileResources(context_, {});
    ASSERT_EQ(list->resources.size(), 1U);
    const std::string copy = "resources/" + std::to_string(list->resources[0].id);
    ASSERT_TRUE(objects_->Delete("words/stop.txt").ok());
    // A crash between the copy and its record.
    ASSERT_TRUE(objects_->Put("resources/7", "lost").ok());
    Start();
    EXPECT_EQ(root_->ListFileResources(context_, {})->resources.size(), 1U);
    EXPECT_TRUE(objects_->Stat(copy).ok());
    EXPECT_FALSE(objects_->Stat("resources/7").ok());

    roles::CreateCollectionRequest request = Definition("stories");
    request.schema.fields[1].type_params["analyzer_params"] =
        R"({"filter": [{"type": "stop", "stop_words_file":
            {"type": "remote", "resource_name": "gone"}}]})";
    const auto refused = root_->CreateCollection(context_, request);
    EXPECT_NE(refused.status().reason().find("file resource: gone not found"), std::string::npos);
    ASSERT_TRUE(root_->RemoveFileResource(context_, {0, "stops", ""}).ok());
    EXPECT_FALSE(objects_->Stat(copy).ok());
    EXPECT_TRUE(root_->ListFileResources(context_, {})->resources.empty());
}

TEST_F(CoordTest, ACollectionSurvivesARestartAndKeepsItsIds) {
    const roles::CollectionInfo made = Create("books");
    EXPECT_EQ(made.schema.fields[0].id, 100);
    EXPECT_EQ(made.schema.fields[1].id, 101);
    EXPECT_EQ(made.partitions.size(), 1u);
    EXPECT_EQ(made.partitions[0].name, "_default");
    EXPECT_TRUE(streaming_.channels.contains(made.vchannels[0]));
    Start();
    const auto found = root_->DescribeCollection(context_, {"default", "books", 0});
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->id, made.id);
    EXPECT_EQ(base::Encode(found->schema), base::Encode(made.schema));
}

roles::AlterSchemaRequest AddField(const roles::CollectionInfo& collection, const std::string& name,
                                   const std::string& request_id) {
    roles::AlterSchemaRequest request;
    request.collection = {"default", collection.schema.name, 0};
    request.base_version = collection.schema.version;
    request.schema = collection.schema;
    schema::FieldSchema field;
    field.name = name;
    field.type = schema::DataType::kInt64;
    field.nullable = true;
    request.schema.fields.push_back(field);
    request.request_id = request_id;
    return request;
}

TEST_F(CoordTest, ASchemaChangeReachesChannelsProxiesAndTheCatalogOnce) {
    const roles::CollectionInfo made = Create("books");
    ASSERT_TRUE(root_->AlterSchema(context_, AddField(made, "year", "r1")).ok());
    ASSERT_TRUE(root_->AlterSchema(context_, AddField(made, "year", "r1")).ok());
    EXPECT_EQ(root_->AlterSchema(context_, AddField(made, "month", "r2")).status().code(),
              Code::kSchemaMismatch);
    ASSERT_EQ(streaming_.altered.size(), 1u);
    EXPECT_EQ(streaming_.altered[0].schema.version, 1);
    EXPECT_TRUE(proxy_.invalidated.contains("books"));
    Start();
    auto found = root_->DescribeCollection(context_, {"default", "books", 0});
    ASSERT_TRUE(found.ok());
    ASSERT_EQ(found->schema.fields.size(), 3u);
    EXPECT_EQ(found->schema.fields[2].id, 102);
    EXPECT_GT(found->updated_ts, made.updated_ts);
    // A dropped field's id is not given again.
    roles::AlterSchemaRequest drop = AddField(*found, "other", "r3");
    drop.schema.fields.erase(drop.schema.fields.begin() + 2);
    ASSERT_TRUE(root_->AlterSchema(context_, drop).ok());
    found = root_->DescribeCollection(context_, {"default", "books", 0});
    EXPECT_EQ(found->schema.fields[2].name, "other");
    EXPECT_EQ(found->schema.fields[2].id, 103);
}

TEST_F(CoordTest, ASchemaChangeThatChannelsDidNotHearIsFinishedByTheNextStart) {
    const roles::CollectionInfo made = Create("books");
    streaming_.fail_next_alter = true;
    EXPECT_FALSE(root_->AlterSchema(context_, AddField(made, "year", "r1")).ok());
    EXPECT_TRUE(streaming_.altered.empty());
    Start();
    ASSERT_EQ(streaming_.altered.size(), 1u);
    const auto found = root_->DescribeCollection(context_, {"default", "books", 0});
    EXPECT_EQ(found->schema.fields.size(), 3u);
    EXPECT_FALSE(found->schema_event_due);
}

TEST_F(CoordTest, ATruncatingFlushRemovesWhatCameBefore) {
    const roles::CollectionInfo made = Create("books");
    roles::FlushSwap old_flush = Swap(made, 7, 10, 5);
    old_flush.sealed[0].max_ts = 50;
    ASSERT_TRUE(data_->CommitFlush(context_, old_flush).ok());
    roles::FlushSwap truncating = Swap(made, 8, 10, 9);
    truncating.sealed[0].max_ts = 90;
    truncating.truncated_ts = 60;
    ASSERT_TRUE(data_->CommitFlush(context_, truncating).ok());
    for (int round = 0; round < 2; ++round) {
        const auto list = data_->ListSegments(context_, {made.id});
        ASSERT_EQ(list->segments.size(), 1u);
        EXPECT_EQ(list->segments[0].id, 8);
        Start();
    }
}

// ---- compactions

roles::CompactRequest Asked(const roles::CollectionInfo& collection, const std::string& id) {
    roles::CompactRequest request;
    request.collection = collection;
    request.request_id = id;
    return request;
}

TEST_F(CoordTest, ACompactionReplacesSegmentsInOneChangeAndBuildsTheIndexBefore) {
    const roles::CollectionInfo made = Create("books");
    ASSERT_TRUE(IndexVector(made).ok());
    ASSERT_TRUE(data_->CommitFlush(context_, Swap(made, 7, 800, 5)).ok());
    roles::FlushSwap second = Swap(made, 8, 900, 9);
    second.delete_files = {{70, made.id, made.vchannels[0], 3, 90, "deletes/x/70", {7}},
                           {71, made.id, made.vchannels[0], 3, 90, "deletes/x/71", {7, 9}}};
    ASSERT_TRUE(data_->CommitFlush(context_, second).ok());
    EXPECT_EQ(data_node_.builds, 0);
    const auto started = data_->Compact(context_, Asked(made, "r1"));
    ASSERT_TRUE(started.ok()) << started.status().reason();
    EXPECT_EQ(started->plans, 1);
    const auto again = data_->Compact(context_, Asked(made, "r1"));
    EXPECT_EQ(again->compaction_id, started->compaction_id);
    EXPECT_EQ(data_->Compact(context_, Asked(made, "r2"))->compaction_id, -1);
    const auto status = data_->GetCompaction(context_, {started->compaction_id, 0});
    EXPECT_FALSE(status->executing);
    ASSERT_EQ(status->plans.size(), 1u);
    EXPECT_EQ(status->plans[0].state, roles::PlanState::kCompleted);
    EXPECT_EQ(status->plans[0].sources, (std::vector<base::SegmentId>{7, 8}));
    for (int round = 0; round < 2; ++round) {
        const auto list = data_->ListSegments(context_, {made.id});
        ASSERT_EQ(list->segments.size(), 1u);
        EXPECT_EQ(list->segments[0].rows, 1700u);
        const auto recovery = data_->RecoverChannel(context_, {made.vchannels[0]});
        ASSERT_EQ(recovery->segment_indexes.size(), 1u);
        EXPECT_EQ(recovery->segment_indexes[0].segment_id, list->segments[0].id);
        EXPECT_GT(recovery->checkpoint.compacted_ts, 0u);
        EXPECT_EQ(recovery->checkpoint.position, 9u);
        // No segment of either delete file is left.
        EXPECT_TRUE(recovery->delete_files.empty());
        Start();
    }
    EXPECT_EQ(data_node_.builds, 1);
}

TEST_F(CoordTest, ACompactionThatFailsChangesNothingAndSaysSo) {
    const roles::CollectionInfo made = Create("books");
    ASSERT_TRUE(data_->CommitFlush(context_, Swap(made, 7, 10, 5)).ok());
    ASSERT_TRUE(data_->CommitFlush(context_, Swap(made, 8, 10, 9)).ok());
    streaming_.fail_switches = 100;
    const auto started = data_->Compact(context_, Asked(made, "r1"));
    const auto status = data_->GetCompaction(context_, {started->compaction_id, 0});
    ASSERT_EQ(status->plans.size(), 1u);
    EXPECT_EQ(status->plans[0].state, roles::PlanState::kFailed);
    EXPECT_FALSE(status->plans[0].fail_reason.empty());
    EXPECT_EQ(data_->ListSegments(context_, {made.id})->segments.size(), 2u);
    streaming_.fail_switches = 1;  // one failure is tried again
    const auto next = data_->Compact(context_, Asked(made, "r2"));
    EXPECT_EQ(data_->GetCompaction(context_, {next->compaction_id, 0})->plans[0].state,
              roles::PlanState::kCompleted);
}

TEST_F(CoordTest, ASwapOfSegmentsThatAreGoneIsRefused) {
    const roles::CollectionInfo made = Create("books");
    ASSERT_TRUE(data_->CommitFlush(context_, Swap(made, 7, 10, 5)).ok());
    roles::CompactionSwap swap;
    swap.vchannel = made.vchannels[0];
    swap.collection_id = made.id;
    swap.epoch = 1;
    swap.inputs = {7, 6};
    swap.outputs = Swap(made, 20, 10, 5).sealed;
    EXPECT_EQ(data_->CommitCompaction(context_, swap).status().code(), Code::kSegmentNotFound);
    swap.inputs = {7};
    swap.epoch = 0;
    EXPECT_EQ(data_->CommitCompaction(context_, swap).status().code(), Code::kChannelFenced);
    swap.epoch = 1;
    EXPECT_TRUE(data_->CommitCompaction(context_, swap).ok());
    EXPECT_TRUE(data_->CommitCompaction(context_, swap).ok());
    EXPECT_EQ(data_->ListSegments(context_, {made.id})->segments[0].id, 20);
}

TEST_F(CoordTest, ClusteringNeedsAKey) {
    const roles::CollectionInfo made = Create("books");
    roles::CompactRequest request = Asked(made, "r1");
    request.kind = roles::CompactionKind::kClustering;
    EXPECT_EQ(static_cast<int>(data_->Compact(context_, request).status().code()), 2304);
}

TEST_F(CoordTest, DatabasePropertiesLimitAndDeny) {
    ASSERT_TRUE(
        root_->CreateDatabase(context_, {"d", {{"database.max.collections", "1"}}, "r1"}).ok());
    roles::CreateCollectionRequest request = Definition("one");
    request.database_name = "d";
    ASSERT_TRUE(root_->CreateCollection(context_, request).ok());
    request.schema.name = "two";
    EXPECT_EQ(root_->CreateCollection(context_, request).status().code(),
              Code::kCollectionNumLimit);
    ASSERT_TRUE(
        root_->AlterDatabase(context_, {"d", {{"database.force.deny.ddl", "true"}}, {}}).ok());
    EXPECT_EQ(root_->DropCollection(context_, {"d", "one", 0}).status().code(),
              Code::kQuotaExceeded);
    const auto seen = root_->DescribeCollection(context_, {"d", "one", 0});
    EXPECT_EQ(seen->database_properties.at("database.force.deny.ddl"), "true");
    ASSERT_TRUE(root_->AlterDatabase(context_, {"d", {}, {"database.force.deny.ddl"}}).ok());
    EXPECT_TRUE(root_->DropCollection(context_, {"d", "one", 0}).ok());
}

TEST_F(CoordTest, TheSameDefinitionAgainSucceedsAnotherOneFails) {
    const roles::CollectionInfo made = Create("books");
    EXPECT_EQ(Create("books").id, made.id);
    const auto other = root_->CreateCollection(context_, Definition("books", 8));
    EXPECT_EQ(other.status().code(), Code::kInvalidParameter);
    EXPECT_NE(other.status().reason().find("create duplicate collection with different parameters"),
              std::string::npos);
}

TEST_F(CoordTest, AHalfMadeCollectionIsFinishedAtTheNextStart) {
    streaming_.fail_next_create = true;
    EXPECT_FALSE(root_->CreateCollection(context_, Definition("books")).ok());
    EXPECT_EQ(root_->DescribeCollection(context_, {"", "books", 0}).status().code(),
              Code::kCollectionNotFound);
    Start();
    EXPECT_TRUE(root_->DescribeCollection(context_, {"", "books", 0}).ok());
}

TEST_F(CoordTest, AHalfDroppedCollectionIsGoneAtOnceAndForGoodAtTheNextStart) {
    const roles::CollectionInfo made = Create("books");
    streaming_.fail_next_drop = true;
    EXPECT_FALSE(root_->DropCollection(context_, {"", "books", 0}).ok());
    EXPECT_FALSE(root_->DescribeCollection(context_, {"", "books", 0}).ok());
    Start();
    EXPECT_TRUE(streaming_.channels.empty());
    EXPECT_TRUE(root_->AllCollections().empty());
    EXPECT_NE(Create("books").id, made.id);
}

TEST_F(CoordTest, AMissingCollectionIsReportedInTheWordsClientsMatch) {
    const auto missing = root_->DescribeCollection(context_, {"", "nothing", 0});
    EXPECT_EQ(missing.status().code(), Code::kCollectionNotFound);
    EXPECT_NE(missing.status().reason().find(
                  "can't find collection[database=default][collection=nothing]"),
              std::string::npos);
    EXPECT_NE(missing.status().reason().find(
                  "collection not found[database=default][collection=nothing]"),
              std::string::npos);
    EXPECT_TRUE(root_->DropCollection(context_, {"", "nothing", 0}).ok());
}

TEST_F(CoordTest, AliasesResolveAndProtectTheirCollection) {
    Create("books");
    Create("films");
    ASSERT_TRUE(root_->CreateAlias(context_, {"", "current", "books"}).ok());
    EXPECT_EQ(root_->DescribeCollection(context_, {"", "current", 0})->schema.name, "books");
    EXPECT_EQ(root_->CreateAlias(context_, {"", "current", "films"}).status().code(),
              Code::kAliasExists);
    EXPECT_EQ(root_->CreateAlias(context_, {"", "films", "books"}).status().code(),
              Code::kAliasCollectionNameConflict);
    EXPECT_NE(root_->DropCollection(context_, {"", "books", 0})
                  .status()
                  .reason()
                  .find("because it has associated aliases [current]"),
              std::string::npos);
    EXPECT_NE(root_->DropCollection(context_, {"", "current", 0})
                  .status()
                  .reason()
                  .find("cannot drop the collection via alias = current"),
              std::string::npos);
    ASSERT_TRUE(root_->AlterAlias(context_, {"", "current", "films"}).ok());
    EXPECT_EQ(root_->AlterAlias(context_, {"", "other", "films"}).status().code(),
              Code::kAliasNotFound);
    Start();
    EXPECT_EQ(root_->DescribeAlias(context_, {"", "current", ""})->collection_name, "films");
    EXPECT_TRUE(root_->DropAlias(context_, {"", "current", ""}).ok());
    EXPECT_EQ(root_->DescribeAlias(context_, {"", "current", ""}).status().code(),
              Code::kAliasNotFound);
}

TEST_F(CoordTest, RenamingIsAppliedOnceWhenItIsDeliveredTwice) {
    Create("books");
    EXPECT_TRUE(root_->RenameCollection(context_, {"", "books", "tomes", "", "r1"}).ok());
    EXPECT_TRUE(root_->RenameCollection(context_, {"", "books", "tomes", "", "r1"}).ok());
    EXPECT_FALSE(root_->RenameCollection(context_, {"", "books", "tomes", "", "r2"}).ok());
    EXPECT_TRUE(root_->DescribeCollection(context_, {"", "tomes", 0}).ok());
    EXPECT_FALSE(root_->DescribeCollection(context_, {"", "books", 0}).ok());
    EXPECT_TRUE(proxy_.invalidated.contains("books"));
    EXPECT_TRUE(proxy_.invalidated.contains("tomes"));
}

TEST_F(CoordTest, DatabasesKeepNamesApart) {
    ASSERT_TRUE(root_->CreateDatabase(context_, {"library", {}, ""}).ok());
    EXPECT_EQ(root_->CreateDatabase(context_, {"library", {}, ""}).status().code(),
              Code::kInvalidParameter);
    roles::CreateCollectionRequest request = Definition("books");
    request.database_name = "library";
    ASSERT_TRUE(root_->CreateCollection(context_, request).ok());
    EXPECT_FALSE(root_->DescribeCollection(context_, {"default", "books", 0}).ok());
    EXPECT_NE(root_->DropDatabase(context_, {"library"}).status().reason().find("not empty"),
              std::string::npos);
    EXPECT_TRUE(root_->DropCollection(context_, {"library", "books", 0}).ok());
    EXPECT_TRUE(root_->DropDatabase(context_, {"library"}).ok());
    EXPECT_EQ(root_->DescribeDatabase(context_, {"library"}).status().code(),
              Code::kDatabaseNotFound);
    EXPECT_FALSE(root_->DropDatabase(context_, {"default"}).ok());
}

TEST_F(CoordTest, NumbersNeverRepeatOverRestarts) {
    uint64_t last = 0;
    for (int restart = 0; restart < 3; ++restart) {
        for (int i = 0; i < 100; ++i) {
            const auto first = root_->AllocTimestamps(context_, {5});
            ASSERT_TRUE(first.ok());
            EXPECT_GT(first->first, last);
            last = first->first + 4;
        }
        Start();
    }
}

TEST_F(CoordTest, AfterACleanStopTimestampsAreNotAheadOfTheClock) {
    for (int restart = 0; restart < 3; ++restart) {
        const auto before = root_->AllocTimestamps(context_, {5});
        ASSERT_TRUE(before.ok());
        root_->Stop();
        clock_.AdvanceMs(10);
        Start();
        const auto after = root_->AllocTimestamps(context_, {1});
        ASSERT_TRUE(after.ok());
        EXPECT_GT(after->first, before->first + 4);
        EXPECT_LE(base::PhysicalMs(after->first), clock_.WallMs());
    }
}

TEST_F(CoordTest, AnOlderCoordinatorCannotWrite) {
    auto newer = CoordStore::Open(*catalog_);
    ASSERT_TRUE(newer.ok());
    const auto refused = root_->CreateCollection(context_, Definition("books"));
    EXPECT_EQ(refused.status().code(), Code::kServiceUnavailable);
}

TEST_F(CoordTest, AFlushIsCommittedOnceAndAnOlderOwnerIsRefused) {
    const roles::CollectionInfo made = Create("books");
    roles::FlushSwap swap = Swap(made, 7, 10, 5);
    swap.checkpoint.epoch = 2;
    ASSERT_TRUE(data_->CommitFlush(context_, swap).ok());
    ASSERT_TRUE(data_->CommitFlush(context_, swap).ok());
    roles::FlushSwap stale = Swap(made, 8, 10, 9);
    stale.checkpoint.epoch = 1;
    EXPECT_EQ(data_->CommitFlush(context_, stale).status().code(), Code::kChannelFenced);
    Start();
    const auto recovery = data_->RecoverChannel(context_, {made.vchannels[0]});
    ASSERT_TRUE(recovery.ok());
    EXPECT_EQ(recovery->checkpoint.position, 5u);
    ASSERT_EQ(recovery->segments.size(), 1u);
    EXPECT_EQ(recovery->segments[0].id, 7);
}

TEST_F(CoordTest, AFlushOfManySegmentsIsOneChange) {
    const roles::CollectionInfo made = Create("books");
    roles::FlushSwap swap = Swap(made, 1, 10, 5);
    for (base::SegmentId id = 2; id <= 300; ++id) {
        swap.sealed.push_back(swap.sealed[0]);
        swap.sealed.back().id = id;
    }
    ASSERT_TRUE(data_->CommitFlush(context_, swap).ok());
    Start();
    EXPECT_EQ(data_->ListSegments(context_, {made.id})->segments.size(), 300u);
}

TEST_F(CoordTest, IndexesAreBuiltForSegmentsThatAreLargeEnough) {
    const roles::CollectionInfo made = Create("books");
    ASSERT_TRUE(data_->CommitFlush(context_, Swap(made, 1, 5000, 5)).ok());
    ASSERT_TRUE(IndexVector(made).ok());
    ASSERT_TRUE(data_->CommitFlush(context_, Swap(made, 2, 100, 6)).ok());
    ASSERT_TRUE(data_->CommitFlush(context_, Swap(made, 3, 2000, 7)).ok());
    EXPECT_EQ(streaming_.indexed, (std::set<base::SegmentId>{1, 3}));
    const auto list = data_->ListIndexes(context_, {made.id});
    ASSERT_EQ(list->indexes.size(), 1u);
    EXPECT_EQ(list->indexes[0].state, roles::IndexState::kFinished);
    EXPECT_EQ(list->indexes[0].total_rows, 7100u);
    EXPECT_EQ(list->indexes[0].indexed_rows, 7100u);
    EXPECT_EQ(list->indexes[0].index.name, "v");
    Start();
    EXPECT_EQ(data_node_.builds, 2) << "finished indexes are not built again";
    EXPECT_TRUE(IndexVector(made).ok());
    EXPECT_NE(
        IndexVector(made, "FLAT").reason().find("at most one distinct index is allowed per field"),
        std::string::npos);
}

TEST_F(CoordTest, AnIndexIsFinishedWhenItIsAttached) {
    const roles::CollectionInfo made = Create("books");
    ASSERT_TRUE(IndexVector(made).ok());
    uint64_t pending = 0;
    streaming_.while_attaching = [&] {
        pending = data_->ListIndexes(context_, {made.id})->indexes[0].pending_rows;
    };
    ASSERT_TRUE(data_->CommitFlush(context_, Swap(made, 1, 5000, 5)).ok());
    EXPECT_EQ(pending, 1u) << "built, and not yet used";
    const auto list = data_->ListIndexes(context_, {made.id});
    EXPECT_EQ(list->indexes[0].state, roles::IndexState::kFinished);
    EXPECT_EQ(list->indexes[0].indexed_rows, 5000u);
}

// What a client is told while a node is at the only segment, of 5,000 rows.
class IndexProgressTest : public CoordTest {
  protected:
    // In `while_building` of a build.
    roles::IndexProgress Told(Result<roles::BuildShares> shares) {
        data_node_.shares = std::move(shares);
        return data_->ListIndexes(context_, {collection_.id})->indexes[0];
    }
    void ExpectDone(uint64_t rows, const roles::IndexProgress& told) {
        EXPECT_EQ(told.indexed_rows, rows);
        EXPECT_EQ(told.pending_rows, kRows - rows);
        EXPECT_EQ(told.total_rows, kRows);
        EXPECT_EQ(told.state, roles::IndexState::kInProgress);
    }
    void Build(std::function<void()> while_building) {
        collection_ = Create("books");
        ASSERT_TRUE(IndexVector(collection_).ok());
        data_node_.while_building = std::move(while_building);
        ASSERT_TRUE(data_->CommitFlush(context_, Swap(collection_, 1, kRows, 5)).ok());
    }

    static constexpr uint64_t kRows = 5000;
    roles::CollectionInfo collection_;
};

TEST_F(IndexProgressTest, RowsCountByTheShareOfTheBuildAndNeverAllOfThem) {
    streaming_.while_attaching = [&] { ExpectDone(kRows - 1, Told(roles::BuildShares{{0}})); };
    Build([&] {
        ExpectDone(0, Told(roles::BuildShares{{0}}));
        ExpectDone(1234, Told(roles::BuildShares{{0.24699}}));
        ASSERT_EQ(data_node_.asked.size(), 1u);
        EXPECT_EQ(data_node_.asked[0], data_node_.building);
        ExpectDone(kRows - 1, Told(roles::BuildShares{{1}}));
    });
    EXPECT_EQ(data_node_.builds, 1);
    data_node_.asked.clear();
    const roles::IndexProgress told = Told(roles::BuildShares{});
    EXPECT_EQ(told.indexed_rows, kRows);
    EXPECT_EQ(told.pending_rows, 0u);
    EXPECT_EQ(told.state, roles::IndexState::kFinished);
    EXPECT_TRUE(data_node_.asked.empty()) << "nothing runs";
}

TEST_F(IndexProgressTest, TheyNeverBecomeFewer) {
    Build([&] {
        ExpectDone(2500, Told(roles::BuildShares{{0.5}}));
        ExpectDone(2500, Told(roles::BuildShares{{0.25}}));
        ExpectDone(2500, Told(roles::BuildShares{{0}}));
        ExpectDone(3000, Told(roles::BuildShares{{0.6}}));
    });
}

TEST_F(IndexProgressTest, BadAnswersOfANodeChangeNothing) {
    Build([&] {
        ExpectDone(500, Told(roles::BuildShares{{0.1}}));
        ExpectDone(500, Told(Status::Error(Code::kServiceUnavailable)));
        ExpectDone(500, Told(roles::BuildShares{}));
        ExpectDone(500, Told(roles::BuildShares{{0.7, 0.7}}));
        ExpectDone(500, Told(roles::BuildShares{{std::numeric_limits<double>::quiet_NaN()}}));
        ExpectDone(500, Told(roles::BuildShares{{-1}}));
        ExpectDone(kRows - 1, Told(roles::BuildShares{{1e300}}));
    });
}

TEST_F(IndexProgressTest, AnAttemptBeginsAgainWhenOneHasFailed) {
    Build([&] {
        data_node_.fail = data_node_.builds == 1;
        ExpectDone(0, Told(roles::BuildShares{{0}}));
        ExpectDone(4000, Told(roles::BuildShares{{0.8}}));
    });
    EXPECT_EQ(data_node_.builds, 2);
    EXPECT_EQ(Told(roles::BuildShares{}).state, roles::IndexState::kFinished);
}

TEST_F(CoordTest, StopDoesNotWaitForABuildToEnd) {
    const roles::CollectionInfo made = Create("books");
    ASSERT_TRUE(IndexVector(made).ok());
    std::thread stopper;
    data_node_.until_cancelled = true;
    data_node_.while_building = [&] { stopper = std::thread([&] { data_->Stop(); }); };
    ASSERT_TRUE(data_->CommitFlush(context_, Swap(made, 1, 5000, 5)).ok());
    stopper.join();
    EXPECT_EQ(data_node_.builds, 1) << "not tried again";
    const auto list = data_->ListIndexes(context_, {made.id});
    EXPECT_NE(list->indexes[0].state, roles::IndexState::kFailed);
}

TEST_F(CoordTest, AFailedBuildIsReportedNotHidden) {
    const roles::CollectionInfo made = Create("books");
    data_node_.fail = true;
    ASSERT_TRUE(IndexVector(made).ok());
    ASSERT_TRUE(data_->CommitFlush(context_, Swap(made, 1, 5000, 5)).ok());
    const auto list = data_->ListIndexes(context_, {made.id});
    EXPECT_EQ(list->indexes[0].state, roles::IndexState::kFailed);
    EXPECT_NE(list->indexes[0].fail_reason.find("no memory"), std::string::npos);
}

TEST_F(CoordTest, LoadingNeedsAnIndexAndIsServedAgainAfterARestart) {
    const roles::CollectionInfo made = Create("books");
    roles::LoadRequest load;
    load.collection = made;
    const auto refused = query_->Load(context_, load);
    EXPECT_EQ(refused.status().code(), Code::kIndexNotFound);
    EXPECT_NE(refused.status().reason().find(
                  "there is no vector index on field: [v], please create index firstly"),
              std::string::npos);
    ASSERT_TRUE(IndexVector(made).ok());
    ASSERT_TRUE(query_->Load(context_, load).ok());
    EXPECT_EQ(query_->GetLoadStatus(context_, {made.id})->state, roles::LoadState::kLoaded);
    streaming_.progress = {1, 4, ""};
    EXPECT_EQ(query_->GetLoadStatus(context_, {made.id})->progress, 25);
    streaming_.served.clear();
    Start();
    EXPECT_TRUE(streaming_.served.contains(made.id));
    ASSERT_TRUE(query_->Release(context_, {made, {}}).ok());
    EXPECT_FALSE(streaming_.served.contains(made.id));
    EXPECT_EQ(query_->GetLoadStatus(context_, {made.id})->state, roles::LoadState::kNotLoad);
}

TEST_F(CoordTest, APartitionIsDroppedWithItsFilesOnceItIsReleased) {
    const roles::CollectionInfo made = Create("books");
    ASSERT_TRUE(root_->CreatePartition(context_, {{"", "books", 0}, "p"}).ok());
    ASSERT_TRUE(root_->CreatePartition(context_, {{"", "books", 0}, "p"}).ok());
    const auto described = root_->DescribeCollection(context_, {"", "books", 0});
    ASSERT_EQ(described->partitions.size(), 2u);
    const base::PartitionId partition = described->partitions[1].id;
    roles::FlushSwap swap = Swap(made, 1, 10, 5);
    swap.sealed[0].partition_id = partition;
    ASSERT_TRUE(data_->CommitFlush(context_, swap).ok());
    ASSERT_TRUE(IndexVector(made).ok());
    ASSERT_TRUE(query_->Load(context_, {*described, {partition}, {}, 1, false}).ok());
    EXPECT_NE(root_->DropPartition(context_, {{"", "books", 0}, "p"})
                  .status()
                  .reason()
                  .find("please release it first"),
              std::string::npos);
    ASSERT_TRUE(query_->Release(context_, {*described, {partition}}).ok());
    ASSERT_TRUE(root_->DropPartition(context_, {{"", "books", 0}, "p"}).ok());
    EXPECT_TRUE(streaming_.dropped_partitions.contains(partition));
    EXPECT_TRUE(data_->ListSegments(context_, {made.id})->segments.empty());
    EXPECT_FALSE(root_->DropPartition(context_, {{"", "books", 0}, "_default"}).ok());
}

TEST_F(CoordTest, FilesThatNoRecordNamesGoAtTheNextStart) {
    const roles::CollectionInfo made = Create("books");
    const roles::FlushSwap swap = Swap(made, 1, 10, 5);
    ASSERT_TRUE(objects_->Put(swap.sealed[0].data_key, "rows").ok());
    ASSERT_TRUE(objects_->Put("segments/9/9/9", "left by a crash").ok());
    ASSERT_TRUE(data_->CommitFlush(context_, swap).ok());
    Start();
    EXPECT_TRUE(objects_->Stat(swap.sealed[0].data_key).ok());
    EXPECT_FALSE(objects_->Stat("segments/9/9/9").ok());
}

}  // namespace
}  // namespace elanus::coord
