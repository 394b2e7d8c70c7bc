#include "datanode/data_node.h"

#include "object/local_object_store.h"
#include "scalar_index/index.h"
#include "segment/growing_segment.h"
#include "sys/sim_file_system.h"
#include "vindex/family.h"

#include <algorithm>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::datanode {
namespace {

constexpr base::FieldId kVectorField = 101;
constexpr uint32_t kDim = 4;
constexpr int64_t kRows = 400;

class DataNodeTest : public testing::Test {
  protected:
    DataNodeTest() {
        schema::CollectionSchema& schema = request_.schema;
        schema.fields.resize(2);
        schema.fields[0].id = 100;
        schema.fields[0].name = "id";
        schema.fields[0].type = schema::DataType::kInt64;
        schema.fields[0].is_primary_key = true;
        schema.fields[1].id = kVectorField;
        schema.fields[1].name = "vector";
        schema.fields[1].type = schema::DataType::kFloatVector;
        schema.fields[1].nullable = true;
        schema.fields[1].type_params["dim"] = std::to_string(kDim);
        auto objects = object::LocalObjectStore::Open(disk_, "objects");
        EXPECT_TRUE(objects.ok());
        objects_ = std::move(*objects);
        node_ = std::make_unique<DataNodeImpl>(
            DataNodePartners{objects_.get(), &sys::RealClock(), &pool_});
        WriteSegment();
        request_.index.id = 5;
        request_.index.field_id = kVectorField;
        request_.index.metric_type = "L2";
        request_.data_key = "indexes/1/5";
    }

    void WriteSegment() {
        segment::GrowingSegment growing(
            1, 1, std::make_shared<const schema::CollectionSchema>(request_.schema));
        schema::ColumnBuilder keys(100, schema::DataType::kInt64);
        schema::ColumnBuilder vectors(kVectorField, schema::DataType::kFloatVector,
                                      schema::DataType::kNone, kDim);
        for (int64_t row = 0; row < kRows; ++row) {
            keys.AppendInt(row);
            if (row % 10 == 9) {
                vectors.AppendNull();
                continue;
            }
            const float vector[kDim] = {static_cast<float>(row), 0, 0, 1};
            vectors.AppendBytes({reinterpret_cast<const char*>(vector), sizeof vector});
        }
        schema::ColumnBatch batch;
        batch.rows = kRows;
        batch.columns = {keys.Finish(), vectors.Finish()};
        growing.Append(batch, 10);
        growing.Seal();
        request_.segment.id = 1;
        request_.segment.partition_id = 1;
        request_.segment.rows = kRows;
        request_.segment.data_key = "segments/1/data.1";
        codec::StringSink sink;
        EXPECT_TRUE(growing.WriteTo(sink).ok());
        EXPECT_TRUE(objects_->Put(request_.segment.data_key, sink.bytes()).ok());
    }

    sys::SimFileSystem disk_;
    sys::ThreadPool pool_{"dn", 2};
    std::unique_ptr<object::LocalObjectStore> objects_;
    std::unique_ptr<DataNodeImpl> node_;
    roles::BuildIndexRequest request_;
};

TEST_F(DataNodeTest, BuildsEveryFamilyOverAllRowsOfTheSegment) {
    for (const char* type : {"", "AUTOINDEX", "FLAT", "HNSW"}) {
        request_.index.index_type = type;
        request_.index.params.clear();
        if (std::string(type) == "HNSW") {
            request_.index.params = {{"M", "8"}, {"efConstruction", "64"}};
        }
        request_.data_key = std::string("indexes/1/") + (*type == 0 ? "default" : type);
        const auto built = node_->BuildIndex(base::CallContext(), request_);
        ASSERT_TRUE(built.ok()) << type << ": " << built.status().reason();
        EXPECT_EQ(built->rows, static_cast<uint64_t>(kRows));
        const auto file = objects_->Map(request_.data_key);
        ASSERT_TRUE(file.ok());
        EXPECT_EQ(file->size(), built->bytes);
        const auto index = vindex::OpenIndex(*file);
        ASSERT_TRUE(index.ok()) << index.status().reason();
        EXPECT_TRUE((*index)->Verify().ok());
        const float query[kDim] = {77, 0, 0, 1};
        vindex::SearchParams params;
        params.k = 1;
        vindex::Neighbors found;
        ASSERT_TRUE((*index)->Search(query, params, &found).ok());
        EXPECT_EQ(found.rows, std::vector<uint32_t>{77});
    }
}

TEST_F(DataNodeTest, BuildsScalarIndexesOverAllRowsOfTheSegment) {
    request_.index.field_id = 100;
    request_.index.metric_type.clear();
    for (const char* type : {"INVERTED", "STL_SORT", "AUTOINDEX"}) {
        request_.index.index_type = type;
        request_.data_key = std::string("indexes/1/") + type;
        const auto built = node_->BuildIndex(base::CallContext(), request_);
        ASSERT_TRUE(built.ok()) << type << ": " << built.status().reason();
        EXPECT_EQ(built->rows, static_cast<uint64_t>(kRows));
        const auto file = objects_->Map(request_.data_key);
        ASSERT_TRUE(file.ok());
        EXPECT_EQ(file->size(), built->bytes);
        const auto index = scalar_index::Index::Open(*file);
        ASSERT_TRUE(index.ok()) << index.status().reason();
        EXPECT_TRUE((*index)->Verify().ok());
        const expr::ColumnRef key{100, schema::DataType::kInt64, {}, {}, -1};
        const auto bits = (*index)->Answer({expr::Compare{key, expr::CompareOp::kLt, 7}});
        ASSERT_TRUE(bits.ok()) << bits.status().reason();
        EXPECT_EQ(bits->rows.Count(), 7u);
        const auto again = node_->BuildIndex(base::CallContext(), request_);
        ASSERT_TRUE(again.ok());
        EXPECT_EQ(again->bytes, built->bytes);
    }
}

TEST_F(DataNodeTest, ARepeatFindsTheFile) {
    const auto first = node_->BuildIndex(base::CallContext(), request_);
    ASSERT_TRUE(first.ok()) << first.status().reason();
    ASSERT_TRUE(objects_->Delete(request_.segment.data_key).ok());
    const auto again = node_->BuildIndex(base::CallContext(), request_);
    ASSERT_TRUE(again.ok()) << again.status().reason();
    EXPECT_EQ(again->bytes, first->bytes);
    EXPECT_EQ(again->rows, first->rows);
}

// A build asks now and then what time it is; then somebody asks how far it is.
class AskingClock : public sys::Clock {
  public:
    int64_t WallMs() override { return sys::RealClock().WallMs(); }
    int64_t MonotonicNs() override {
        ask();
        return sys::RealClock().MonotonicNs();
    }
    void SleepMs(int64_t) override {}
    std::function<void()> ask = [] {};
};

TEST_F(DataNodeTest, ABuildTellsHowFarItIs) {
    AskingClock clock;
    DataNodeImpl node({objects_.get(), &clock, nullptr});
    std::vector<double> told;
    const auto ask = [&] {
        const auto answer = node.GetBuildShares(base::CallContext(), {{"other", "indexes/1/5"}});
        ASSERT_EQ(answer->shares.size(), 2u);
        EXPECT_EQ(answer->shares[0], 0) << "another build";
        told.push_back(answer->shares[1]);
    };
    clock.ask = ask;
    request_.index.index_type = "HNSW";
    ASSERT_TRUE(node.BuildIndex(base::CallContext(), request_).ok());
    EXPECT_TRUE(std::is_sorted(told.begin(), told.end() - 1));
    EXPECT_TRUE(
        std::any_of(told.begin(), told.end(), [](double share) { return 0 < share && share < 1; }));
    ask();
    EXPECT_EQ(told.back(), 0) << "it has ended";
}

TEST(RunningBuilds, OfTwoBuildsOfAFileTheFurtherCounts) {
    RunningBuilds running;
    {
        RunningBuilds::Build first(running, "file");
        first.Report(0.5);
        {
            RunningBuilds::Build second(running, "file");
            EXPECT_EQ(running.ShareOf("file"), 0.5);
            second.Report(0.75);
            EXPECT_EQ(running.ShareOf("file"), 0.75);
        }
        EXPECT_EQ(running.ShareOf("file"), 0.5);
        EXPECT_EQ(running.ShareOf("other"), 0);
    }
    EXPECT_EQ(running.ShareOf("file"), 0);
}

TEST_F(DataNodeTest, FailuresLeaveNothing) {
    base::CallContext cancelled;
    cancelled.Cancel();
    EXPECT_FALSE(node_->BuildIndex(cancelled, request_).ok());
    request_.index.field_id = 100;
    EXPECT_EQ(node_->BuildIndex(base::CallContext(), request_).status().code(),
              base::Code::kIndexNotSupported);
    request_.index.field_id = 999;
    EXPECT_EQ(node_->BuildIndex(base::CallContext(), request_).status().code(),
              base::Code::kFieldNotFound);
    request_.index.field_id = kVectorField;
    request_.segment.data_key = "segments/2/data.1";
    EXPECT_EQ(node_->BuildIndex(base::CallContext(), request_).status().code(),
              base::Code::kKeyNotFound);
    EXPECT_TRUE(objects_->List("indexes/")->empty());
}

}  // namespace
}  // namespace elanus::datanode
