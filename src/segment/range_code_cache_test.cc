// Codes are made for columns that are scanned again and again, and change no answer.
#include "segment/range_code_cache.h"

#include "segment/growing_segment.h"
#include "segment/sealed_segment.h"
#include "segment/segment_file.h"
#include "segment/segment_fixture_test.h"
#include "sys/clock.h"

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

using expr::CompareOp;
using expr::Plan;
using expr::Value;
using schema::DataType;

constexpr base::FieldId kKey = 100;
constexpr base::FieldId kSpread = 101;                       // Int64, nullable
constexpr base::FieldId kPrice = 102;                        // Double
constexpr base::FieldId kCrowded = 103;                      // Int64: few values, far apart
constexpr base::FieldId kName = 104;                         // VarChar
constexpr size_t kRows = RangeCodeCache::kRowsMin + 40'000;  // two blocks

std::shared_ptr<const schema::CollectionSchema> Schema() {
    auto schema = std::make_shared<schema::CollectionSchema>();
    schema->name = "numbers";
    const auto add = [&](base::FieldId id, const char* name, DataType type) {
        schema::FieldSchema field;
        field.id = id;
        field.name = name;
        field.type = type;
        field.is_primary_key = id == kKey;
        field.nullable = id == kSpread;
        schema->fields.push_back(field);
    };
    add(kKey, "id", DataType::kInt64);
    add(kSpread, "spread", DataType::kInt64);
    add(kPrice, "price", DataType::kDouble);
    add(kCrowded, "crowded", DataType::kInt64);
    add(kName, "name", DataType::kVarChar);
    return schema;
}

class RangeCodeCacheTest : public testing::Test {
  protected:
    // Rows in random order; growing and sealed hold the same.
    void Fill(size_t rows) {
        growing_ = std::make_unique<GrowingSegment>(1, 1, schema_);
        std::mt19937_64 random(3);
        schema::ColumnBatch batch;
        batch.rows = rows;
        schema::ColumnBuilder key(kKey, DataType::kInt64);
        schema::ColumnBuilder spread(kSpread, DataType::kInt64);
        schema::ColumnBuilder price(kPrice, DataType::kDouble);
        schema::ColumnBuilder crowded(kCrowded, DataType::kInt64);
        schema::ColumnBuilder name(kName, DataType::kVarChar);
        for (size_t row = 0; row < rows; ++row) {
            key.AppendInt(static_cast<int64_t>(row));
            random() % 9 == 0 ? spread.AppendNull()
                              : spread.AppendInt(static_cast<int64_t>(random() >> 24));
            price.AppendFloating(static_cast<double>(random() % 1'000'000) / 64);
            crowded.AppendInt(static_cast<int64_t>(random() % 3) << 40);
            name.AppendBytes("x");
        }
        for (auto* column : {&key, &spread, &price, &crowded, &name}) {
            batch.columns.push_back(column->Finish());
        }
        growing_->Append(batch, 1000);
        sealed_ = SealAndOpen(*growing_, schema_);
    }

    size_t Count(const Segment& segment, const Plan& plan) {
        ReadOptions options;
        options.filter = &plan;
        options.context = &context_;
        options.clock = &sys::RealClock();
        ReadCounters counters;
        auto count = segment.CountMatches(options, &counters);
        EXPECT_TRUE(count.ok()) << count.status().reason();
        return count.ok() ? *count : 0;
    }
    // Three times, so that codes are there for the last.
    void ExpectSame(const Plan& plan) {
        const size_t expected = Count(*growing_, plan);
        for (int round = 0; round < 3; ++round) {
            EXPECT_EQ(Count(*sealed_, plan), expected) << round;
        }
    }
    size_t CodeBytes() const { return sealed_->memory_bytes() - empty_bytes_; }

    static Plan Less(base::FieldId id, DataType type, Value value) {
        return Plan{expr::Compare{Ref(id, type), CompareOp::kLt, std::move(value)}};
    }
    static Plan Between(base::FieldId id, DataType type, Value low, Value high) {
        expr::Range range;
        range.column = Ref(id, type);
        range.low = std::move(low);
        range.high = std::move(high);
        range.low_inclusive = true;
        return Plan{range};
    }
    static expr::ColumnRef Ref(base::FieldId id, DataType type) {
        expr::ColumnRef column;
        column.field_id = id;
        column.type = type;
        return column;
    }

    const std::shared_ptr<const schema::CollectionSchema> schema_ = Schema();
    std::unique_ptr<GrowingSegment> growing_;
    std::unique_ptr<SealedSegment> sealed_;
    size_t empty_bytes_ = 0;
    base::CallContext context_;
};

TEST_F(RangeCodeCacheTest, CodesChangeNoAnswer) {
    Fill(kRows);
    for (const int64_t bound : {int64_t{0}, int64_t{1} << 30, int64_t{1} << 39, int64_t{1} << 41}) {
        ExpectSame(Less(kSpread, DataType::kInt64, Value(bound)));
        ExpectSame(Plan{expr::Not{{Less(kSpread, DataType::kInt64, Value(bound))}}});
        ExpectSame(Plan{expr::And{{Between(kPrice, DataType::kDouble, Value(100.0), Value(9e3)),
                                   Less(kSpread, DataType::kInt64, Value(bound)),
                                   Less(kKey, DataType::kInt64, Value(int64_t{70'001}))}}});
    }
}

TEST_F(RangeCodeCacheTest, TheSecondScanOfAColumnMakesThem) {
    Fill(kRows);
    empty_bytes_ = sealed_->memory_bytes();
    const Plan range = Between(kPrice, DataType::kDouble, Value(5.0), Value(6.0));
    Count(*sealed_, range);
    EXPECT_EQ(CodeBytes(), 0u);
    Count(*sealed_, range);
    EXPECT_EQ(CodeBytes(), kRows * 2);
    Count(*sealed_, range);
    EXPECT_EQ(CodeBytes(), kRows * 2);
    Count(*sealed_, Less(kSpread, DataType::kInt64, Value(int64_t{1} << 35)));
    Count(*sealed_, Less(kSpread, DataType::kInt64, Value(int64_t{1} << 36)));
    EXPECT_EQ(CodeBytes(), kRows * 4);
}

TEST_F(RangeCodeCacheTest, ManyReadsAtOnceMakeThemOnce) {
    Fill(kRows);
    empty_bytes_ = sealed_->memory_bytes();
    const Plan range = Between(kPrice, DataType::kDouble, Value(100.0), Value(9e3));
    const size_t expected = Count(*growing_, range);
    std::vector<std::thread> readers;
    std::atomic<size_t> wrong{0};
    for (int reader = 0; reader < 4; ++reader) {
        readers.emplace_back([&] {
            for (int round = 0; round < 20; ++round) {
                wrong += Count(*sealed_, range) == expected ? 0 : 1;
            }
        });
    }
    for (std::thread& reader : readers) {
        reader.join();
    }
    EXPECT_EQ(wrong, 0u);
    EXPECT_EQ(CodeBytes(), kRows * 2);
}

// One column of its own.
class OneColumn : public RowSource {
  public:
    explicit OneColumn(size_t rows) : values_(rows) {
        for (size_t row = 0; row < rows; ++row) {
            values_[row] = static_cast<int64_t>(row) << 20;
        }
        view_.type = DataType::kInt64;
        view_.rows = rows;
        view_.values = reinterpret_cast<const uint8_t*>(values_.data());
        meta_.min = values_.front();
        meta_.max = values_.back();
        runs_.push_back({0, rows, nullptr});
    }
    size_t rows() const override { return view_.rows; }
    const std::vector<RowRun>& runs() const override { return runs_; }
    const schema::ColumnView* Column(size_t, base::FieldId) const override { return &view_; }
    const schema::FieldSchema* Field(base::FieldId) const override { return nullptr; }
    const float* Norms(size_t, base::FieldId) const override { return nullptr; }
    const ColumnMeta* Statistics(base::FieldId) const override { return &meta_; }
    bool timestamps_ascend() const override { return true; }
    base::Timestamp max_timestamp() const override { return 1; }
    std::vector<base::RowOffset> FindKeys(const schema::PrimaryKeys&) const override { return {}; }

  private:
    std::vector<int64_t> values_;
    schema::ColumnView view_;
    ColumnMeta meta_;
    std::vector<RowRun> runs_;
};

TEST(ColumnCodesTest, StayWithinTheirMemory) {
    const OneColumn column(RangeCodeCache::kRowsMin);
    constexpr uint64_t kBytes = RangeCodeCache::kRowsMin * sizeof(int16_t);
    EXPECT_EQ(ColumnCodes::Make(column, 1, kBytes - 1), nullptr);
    auto first = ColumnCodes::Make(column, 1, kBytes);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->memory_bytes(), kBytes);
    EXPECT_EQ(ColumnCodes::Make(column, 1, kBytes * 2 - 1), nullptr);
    EXPECT_NE(ColumnCodes::Make(column, 1, kBytes * 2), nullptr);
    first.reset();
    EXPECT_NE(ColumnCodes::Make(column, 1, kBytes), nullptr);
    EXPECT_GT(ColumnCodes::BytesMax(), 0u);
}

TEST_F(RangeCodeCacheTest, ColumnsThatTheyDoNotHelpGoWithout) {
    Fill(kRows);
    empty_bytes_ = sealed_->memory_bytes();
    ExpectSame(Less(kCrowded, DataType::kInt64, Value(int64_t{1} << 40)));
    ExpectSame(Plan{
        expr::Compare{Ref(kName, DataType::kVarChar), CompareOp::kEq, Value(std::string("x"))}});
    EXPECT_EQ(CodeBytes(), 0u);
    Fill(RangeCodeCache::kRowsMin - 1);
    empty_bytes_ = sealed_->memory_bytes();
    ExpectSame(Less(kPrice, DataType::kDouble, Value(700.0)));
    EXPECT_EQ(CodeBytes(), 0u);
}

}  // namespace
}  // namespace elanus::segment
