// The first groups of growing segments, against a map of all of them.
#include "reduce/aggregation.h"

#include "segment/growing_segment.h"
#include "sys/clock.h"

#include <map>
#include <memory>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace elanus::reduce {
namespace {

constexpr base::FieldId kKey = 100;
constexpr base::FieldId kName = 101;
constexpr base::FieldId kNumber = 102;
constexpr base::Timestamp kNow = 10;
constexpr size_t kSegments = 3;
constexpr size_t kRows = 20'000;  // of a segment: several runs of a read
constexpr uint64_t kNames = 600;

schema::FieldSchema Field(base::FieldId id, schema::DataType type) {
    schema::FieldSchema field;
    field.id = id;
    field.name = "f" + std::to_string(id);
    field.type = type;
    field.is_primary_key = id == kKey;
    field.type_params["max_length"] = "100";
    return field;
}

class FirstGroupsTest : public testing::Test {
  protected:
    struct Counted {
        int64_t rows = 0;
        int64_t sum = 0;
        bool operator==(const Counted&) const = default;
    };
    using Groups = std::map<std::string, Counted>;

    FirstGroupsTest() {
        auto schema = std::make_shared<schema::CollectionSchema>();
        schema->fields = {Field(kKey, schema::DataType::kInt64),
                          Field(kName, schema::DataType::kVarChar),
                          Field(kNumber, schema::DataType::kInt64)};
        std::mt19937 random(3);
        for (size_t s = 0; s < kSegments; ++s) {
            auto segment =
                std::make_shared<segment::GrowingSegment>(static_cast<int64_t>(s) + 1, 1, schema);
            schema::ColumnBuilder keys(kKey, schema::DataType::kInt64);
            schema::ColumnBuilder names(kName, schema::DataType::kVarChar);
            schema::ColumnBuilder numbers(kNumber, schema::DataType::kInt64);
            for (size_t row = 0; row < kRows; ++row) {
                const std::string name = "tenant" + std::to_string(random() % kNames);
                const auto number = static_cast<int64_t>(random() % 1000);
                keys.AppendInt(static_cast<int64_t>(s * kRows + row));
                names.AppendBytes(name);
                numbers.AppendInt(number);
                all_[name].rows += 1;
                all_[name].sum += number;
            }
            schema::ColumnBatch batch;
            batch.rows = kRows;
            batch.columns = {keys.Finish(), names.Finish(), numbers.Finish()};
            segment->Append(batch, kNow);
            segments_.push_back(std::move(segment));
        }
        request_.aggregation = roles::Aggregation{
            schema->fields,
            {1},
            {{roles::AggregateKind::kCountRows, 0}, {roles::AggregateKind::kSum, 2}}};
        request_.aggregation->first_groups = true;
    }

    base::Result<roles::RetrieveResponse> Read() {
        ReadScope scope;
        scope.context = &context_;
        scope.clock = &sys::RealClock();
        scope.executor = &executor_;
        scope.timestamp = kNow;
        return AggregateSegments(segments_, request_, scope);
    }

    // The first `count` by the model.
    Groups First(uint64_t count) const {
        Groups first;
        for (auto it = all_.begin(); it != all_.end() && first.size() < count; ++it) {
            first.insert(*it);
        }
        return first;
    }

    Groups GroupsOf(const roles::RetrieveResponse& response) const {
        const auto columns = GroupColumns(response.groups, *request_.aggregation);
        EXPECT_TRUE(columns.ok()) << columns.status().reason();
        Groups groups;
        for (size_t row = 0; row < (*columns)[0].rows; ++row) {
            groups[std::string((*columns)[0].View().StringAt(row))] = {
                (*columns)[1].View().As<int64_t>()[row], (*columns)[2].View().As<int64_t>()[row]};
        }
        EXPECT_EQ(groups.size(), (*columns)[0].rows) << "a group twice";
        return groups;
    }

    const base::CallContext context_;
    sys::InlineExecutor executor_;
    std::vector<SegmentRef> segments_;
    roles::RetrieveRequest request_;
    Groups all_;
};

TEST_F(FirstGroupsTest, AreWholeHoweverManyThereAre) {
    ASSERT_EQ(all_.size(), kNames);
    for (const uint64_t count :
         {uint64_t{1}, uint64_t{7}, uint64_t{100}, kNames - 1, kNames, kNames * 9}) {
        request_.aggregation->max_groups = count;
        const auto read = Read();
        ASSERT_TRUE(read.ok()) << read.status().reason();
        EXPECT_EQ(GroupsOf(*read), First(count)) << count;
    }
}

TEST_F(FirstGroupsTest, WithoutTheWordTooManyAreRefused) {
    request_.aggregation->first_groups = false;
    request_.aggregation->max_groups = kNames;
    const auto all = Read();
    ASSERT_TRUE(all.ok()) << all.status().reason();
    EXPECT_EQ(GroupsOf(*all), all_);
    request_.aggregation->max_groups = kNames - 1;
    EXPECT_EQ(Read().status().code(), base::Code::kInvalidParameter);
}

TEST_F(FirstGroupsTest, OfNoGroupsThereAreNone) {
    request_.aggregation->max_groups = 0;
    EXPECT_EQ(Read().status().code(), base::Code::kInvalidParameter);
    request_.aggregation->max_groups = 5;
    request_.aggregation->group_by = {};
    EXPECT_EQ(Read().status().code(), base::Code::kInvalidParameter);
}

}  // namespace
}  // namespace elanus::reduce
