#include "querynode/query_node.h"

#include "object/local_object_store.h"
#include "segment/growing_segment.h"
#include "sys/sim_file_system.h"
#include "vindex/family.h"

#include <thread>

#include <gtest/gtest.h>

namespace elanus::querynode {
namespace {

constexpr base::FieldId kKeyField = 100;
constexpr base::FieldId kVectorField = 101;
constexpr uint32_t kDim = 4;
constexpr uint64_t kFirstBatch = uint64_t{1} << 32;

class ObjectSink : public codec::Sink {
  public:
    explicit ObjectSink(object::ObjectWriter& writer) : writer_(writer) {}
    base::Status Append(std::string_view bytes) override { return writer_.Append(bytes); }

  private:
    object::ObjectWriter& writer_;
};

class QueryNodeTest : public testing::Test {
  protected:
    QueryNodeTest() {
        schema_.fields.resize(2);
        schema_.fields[0].id = kKeyField;
        schema_.fields[0].name = "id";
        schema_.fields[0].type = schema::DataType::kInt64;
        schema_.fields[0].is_primary_key = true;
        schema_.fields[1].id = kVectorField;
        schema_.fields[1].name = "vector";
        schema_.fields[1].type = schema::DataType::kFloatVector;
        schema_.fields[1].type_params["dim"] = std::to_string(kDim);
        auto objects = object::LocalObjectStore::Open(disk_, "objects");
        EXPECT_TRUE(objects.ok());
        objects_ = std::move(*objects);
        node_ = std::make_unique<QueryNodeImpl>(
            7, QueryNodePartners{objects_.get(), &sys::RealClock(), &pool_});
    }

    // Keys [first, first + rows), inserted at timestamp 10; the vector starts with the key.
    roles::LoadSegmentRequest MakeSegment(base::SegmentId id, int64_t first, int64_t rows) {
        segment::GrowingSegment growing(id, 1,
                                        std::make_shared<const schema::CollectionSchema>(schema_));
        schema::ColumnBuilder keys(kKeyField, schema::DataType::kInt64);
        schema::ColumnBuilder vectors(kVectorField, schema::DataType::kFloatVector,
                                      schema::DataType::kNone, kDim);
        for (int64_t key = first; key < first + rows; ++key) {
            keys.AppendInt(key);
            const float vector[kDim] = {static_cast<float>(key), 0, 0, 1};
            vectors.AppendBytes({reinterpret_cast<const char*>(vector), sizeof vector});
        }
        schema::ColumnBatch batch;
        batch.rows = static_cast<uint64_t>(rows);
        batch.columns = {keys.Finish(), vectors.Finish()};
        growing.Append(batch, 10);
        growing.Seal();
        roles::LoadSegmentRequest request;
        request.segment.id = id;
        request.segment.partition_id = 1;
        request.segment.vchannel = "v0";
        request.segment.rows = batch.rows;
        request.segment.data_key = "segments/" + std::to_string(id) + "/data.1";
        request.schema = schema_;
        request.delete_batch = kFirstBatch;
        Publish(request.segment.data_key, [&](codec::Sink& sink) { return growing.WriteTo(sink); });
        return request;
    }
    void Publish(const std::string& key, const std::function<base::Status(codec::Sink&)>& write) {
        auto writer = objects_->Create(key);
        ObjectSink sink(**writer);
        EXPECT_TRUE(write(sink).ok());
        EXPECT_TRUE((*writer)->Commit().ok());
    }
    base::Result<uint64_t> Count(const std::vector<base::SegmentId>& ids, uint64_t batch,
                                 base::Timestamp at = 100) {
        roles::SegmentRetrieveRequest request;
        request.retrieve.count_only = true;
        request.retrieve.snapshot_ts = at;
        request.segment_ids = ids;
        request.delete_batch = batch;
        ASSIGN_OR_RETURN(const auto answer, node_->Retrieve(base::CallContext(), request));
        return answer.count;
    }
    base::Status SendDeletes(uint64_t batch, base::SegmentId id, base::RowOffset row,
                             base::Timestamp timestamp = 50) {
        roles::ApplyDeletesRequest request{"v0", batch, {{id, {{row}, {timestamp}}}}};
        return node_->ApplyDeletes(base::CallContext(), request).status();
    }
    std::vector<int64_t> Nearest(const std::vector<base::SegmentId>& ids, float near, uint32_t k) {
        roles::SegmentSearchRequest request;
        request.search.vector_field = kVectorField;
        request.search.queries.type = schema::DataType::kFloatVector;
        request.search.queries.dim = kDim;
        request.search.queries.rows = 1;
        request.search.queries.values = base::Buffer::FromVector(std::vector<float>{near, 0, 0, 1});
        request.search.k = k;
        request.search.snapshot_ts = 100;
        request.segment_ids = ids;
        const auto answer = node_->Search(base::CallContext(), request);
        EXPECT_TRUE(answer.ok()) << answer.status().reason();
        return answer.ok() ? answer->keys.ints : std::vector<int64_t>();
    }

    schema::CollectionSchema schema_;
    sys::SimFileSystem disk_;
    sys::ThreadPool pool_{"qn", 2};
    std::unique_ptr<object::LocalObjectStore> objects_;
    std::unique_ptr<QueryNodeImpl> node_;
};

TEST_F(QueryNodeTest, LoadsSearchesFetchesAndReleases) {
    const auto one = MakeSegment(1, 0, 100);
    const auto two = MakeSegment(2, 100, 100);
    ASSERT_TRUE(node_->LoadSegment(base::CallContext(), one).ok());
    ASSERT_TRUE(node_->LoadSegment(base::CallContext(), two).ok());
    ASSERT_TRUE(node_->LoadSegment(base::CallContext(), two).ok());
    EXPECT_GT(node_->loaded_bytes(), 0);
    EXPECT_EQ(*Count({1, 2}, 0), 200u);
    EXPECT_EQ(Nearest({1, 2}, 99.4f, 3), (std::vector<int64_t>{99, 100, 98}));
    roles::FetchRequest fetch;
    fetch.addresses = {{2, 5}, {1, 7}, {2, 0}};
    fetch.fields = {schema_.fields[0]};
    const auto rows = node_->Fetch(base::CallContext(), fetch);
    ASSERT_TRUE(rows.ok()) << rows.status().reason();
    const auto* keys = rows->rows.columns[0].View().As<int64_t>();
    EXPECT_EQ(std::vector<int64_t>(keys, keys + 3), (std::vector<int64_t>{105, 7, 100}));
    fetch.addresses = {{1, 100}};
    EXPECT_FALSE(node_->Fetch(base::CallContext(), fetch).ok());
    ASSERT_TRUE(node_->ReleaseSegments(base::CallContext(), {{1, 2, 3}}).ok());
    EXPECT_EQ(node_->loaded_bytes(), 0);
    EXPECT_EQ(Count({1}, 0).status().code(), base::Code::kSegmentNotLoaded);
}

TEST_F(QueryNodeTest, RefusesAReadUntilItHasTheBatchWithoutAGap) {
    auto request = MakeSegment(1, 0, 10);
    ASSERT_TRUE(node_->LoadSegment(base::CallContext(), request).ok());
    ASSERT_TRUE(SendDeletes(kFirstBatch + 1, 1, 0).ok());
    ASSERT_TRUE(SendDeletes(kFirstBatch + 1, 1, 0).ok());
    EXPECT_EQ(*Count({1}, kFirstBatch + 1), 9u);
    EXPECT_EQ(*Count({1}, kFirstBatch + 1, 49), 10u);
    ASSERT_TRUE(SendDeletes(kFirstBatch + 3, 1, 2).ok());  // batch 2 was lost
    EXPECT_EQ(Count({1}, kFirstBatch + 3).status().code(), base::Code::kSegmentNotLoaded);
    request.delete_batch = kFirstBatch + 3;
    request.deletes = {{0, 1, 2}, {50, 50, 50}};
    ASSERT_TRUE(node_->LoadSegment(base::CallContext(), request).ok());
    EXPECT_EQ(*Count({1}, kFirstBatch + 3), 7u);
    EXPECT_FALSE(SendDeletes(kFirstBatch + 4, 1, 10).ok());  // no such row
}

TEST_F(QueryNodeTest, ADamagedFileIsNotLoadedAndADamagedIndexIsLeftOut) {
    auto request = MakeSegment(1, 0, 10);
    auto broken = request;
    broken.segment.data_key = "segments/none/data.1";
    EXPECT_EQ(node_->LoadSegment(base::CallContext(), broken).status().code(),
              base::Code::kKeyNotFound);
    ASSERT_TRUE(objects_->Put("segments/bad/data.1", "no segment file").ok());
    broken.segment.data_key = "segments/bad/data.1";
    EXPECT_EQ(node_->LoadSegment(base::CallContext(), broken).status().code(),
              base::Code::kDataCorruption);
    ASSERT_TRUE(objects_->Put("indexes/bad", "no index file").ok());
    roles::IndexToLoad index;
    index.index.id = 3;
    index.index.field_id = kVectorField;
    index.index.metric_type = "L2";
    index.segment_index.data_key = "indexes/bad";
    request.indexes = {index};
    ASSERT_TRUE(node_->LoadSegment(base::CallContext(), request).ok());
    EXPECT_EQ(Nearest({1}, 4, 1), std::vector<int64_t>{4});
    EXPECT_FALSE(node_->AttachIndex(base::CallContext(), {1, index}).ok());
}

TEST_F(QueryNodeTest, SearchesThroughAnAttachedIndex) {
    const auto request = MakeSegment(1, 0, 500);
    ASSERT_TRUE(node_->LoadSegment(base::CallContext(), request).ok());
    std::vector<float> vectors;
    for (int i = 0; i < 500; ++i) {
        vectors.insert(vectors.end(), {static_cast<float>(i), 0, 0, 1});
    }
    vindex::BuildParams params;
    params.index_type = "HNSW";
    params.metric = vindex::Metric::kL2;
    params.dim = kDim;
    params.params = {{"M", "8"}, {"efConstruction", "64"}};
    vindex::BuildInput input;
    input.vectors = vectors.data();
    input.rows = 500;
    const auto built = vindex::BuildIndex(params, input);
    ASSERT_TRUE(built.ok()) << built.status().reason();
    Publish("indexes/1", [&](codec::Sink& sink) { return (*built)->Save(sink); });
    roles::IndexToLoad index;
    index.index.id = 3;
    index.index.field_id = kVectorField;
    index.index.metric_type = "L2";
    index.segment_index.data_key = "indexes/1";
    ASSERT_TRUE(node_->AttachIndex(base::CallContext(), {1, index}).ok());
    ASSERT_TRUE(SendDeletes(kFirstBatch + 1, 1, 250).ok());
    EXPECT_EQ(Nearest({1}, 250.4f, 3), (std::vector<int64_t>{251, 249, 252}));
    ASSERT_TRUE(node_->DetachIndex(base::CallContext(), {{1}, 3}).ok());
    EXPECT_EQ(Nearest({1}, 250.4f, 3), (std::vector<int64_t>{251, 249, 252}));
}

TEST_F(QueryNodeTest, ReadsRaceWithLoadsReleasesAndDeletes) {
    const auto one = MakeSegment(1, 0, 200);
    const auto two = MakeSegment(2, 200, 200);
    ASSERT_TRUE(node_->LoadSegment(base::CallContext(), one).ok());
    std::atomic<bool> stop{false};
    std::thread churn([&] {
        while (!stop) {
            ASSERT_TRUE(node_->LoadSegment(base::CallContext(), two).ok());
            ASSERT_TRUE(node_->ReleaseSegments(base::CallContext(), {{2}}).ok());
        }
    });
    std::thread reader([&] {
        while (!stop) {
            ASSERT_EQ(Nearest({1}, 150, 1), std::vector<int64_t>{150});
            const auto both = Count({1, 2}, 0);
            ASSERT_TRUE(both.ok() || both.status().code() == base::Code::kSegmentNotLoaded);
        }
    });
    for (base::RowOffset row = 0; row < 100; ++row) {
        ASSERT_TRUE(SendDeletes(kFirstBatch + 1 + row, 1, row).ok());
        ASSERT_EQ(*Count({1}, kFirstBatch + 1 + row), 199u - row);
    }
    stop = true;
    churn.join();
    reader.join();
}

}  // namespace
}  // namespace elanus::querynode
