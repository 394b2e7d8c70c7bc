#include "segment/growing_segment.h"

#include "segment/segment_fixture_test.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

schema::ColumnBatch NumberedRows(const schema::CollectionSchema& schema, int64_t first,
                                 int64_t count) {
    std::vector<std::pair<int64_t, int64_t>> rows;
    for (int64_t i = first; i < first + count; ++i) {
        rows.emplace_back(i, i);
    }
    return TestBatch(schema, rows);
}

ReadOptions Options(const base::CallContext& context, base::Timestamp timestamp) {
    ReadOptions options;
    options.timestamp = timestamp;
    options.context = &context;
    options.clock = &sys::RealClock();
    return options;
}

TEST(GrowingSegmentTest, AnEmptySegmentCostsAlmostNothing) {
    const GrowingSegment segment(1, 1, TestSchema(false));
    EXPECT_LT(segment.memory_bytes(), size_t{256});
    EXPECT_EQ(segment.rows(), 0u);
    EXPECT_EQ(segment.LiveRows(base::kMaxTimestamp), 0u);
}

TEST(GrowingSegmentTest, MissingFieldsAreFilledWithDefaultOrNull) {
    auto schema = std::make_shared<schema::CollectionSchema>(*TestSchema(false));
    schema->fields[1].default_value = int64_t{17};
    GrowingSegment segment(1, 1, schema);
    schema::ColumnBatch batch = NumberedRows(*schema, 0, 3);
    std::erase_if(batch.columns, [](const schema::Column& column) {
        return column.field_id == kNumberField || column.field_id == kNameField;
    });
    segment.Append(batch, 10);
    const auto got = segment.Fetch({0, 2}, schema->fields);
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->Find(kNumberField)->View().As<int64_t>()[1], 17);
    EXPECT_FALSE(got->Find(kNameField)->IsValid(0));
}

TEST(GrowingSegmentTest, AnUpsertAtOneTimestampReplacesTheRow) {
    const auto schema = TestSchema(false);
    GrowingSegment segment(1, 1, schema);
    segment.Append(NumberedRows(*schema, 5, 1), 10);
    segment.Append(NumberedRows(*schema, 5, 1), 20);
    schema::PrimaryKeys keys;
    keys.Append(int64_t{5});
    EXPECT_EQ(segment.Delete(keys, 20), 1u);
    EXPECT_EQ(segment.Delete(keys, 20), 0u);
    EXPECT_EQ(segment.LiveRows(10), 1u);
    EXPECT_EQ(segment.LiveRows(19), 1u);
    EXPECT_EQ(segment.LiveRows(20), 1u);
    EXPECT_FALSE(segment.deletes().IsDeleted(1, 20));
    EXPECT_TRUE(segment.deletes().IsDeleted(0, 20));
}

TEST(GrowingSegmentTest, DeletesOfRowsThatDoNotExistAreIgnored) {
    const auto schema = TestSchema(false);
    GrowingSegment segment(1, 1, schema);
    segment.Append(NumberedRows(*schema, 0, 2), 10);
    segment.ApplyDeletes({{0, 1, 2, 4'000'000'000u}, {10, 11, 12, 12}});
    EXPECT_EQ(segment.LiveRows(base::kMaxTimestamp), 1u);  // row 0 was not inserted before 10
}

TEST(GrowingSegmentTest, WideVectorsAreHeldInSmallChunks) {
    auto schema = std::make_shared<schema::CollectionSchema>();
    schema->fields = {TestSchema(false)->fields[0]};
    schema::FieldSchema vector;
    vector.id = kVectorField;
    vector.name = "wide";
    vector.type = schema::DataType::kFloatVector;
    vector.type_params["dim"] = "32768";
    schema->fields.push_back(vector);
    GrowingSegment segment(1, 1, schema);
    schema::ColumnBatch batch;
    batch.rows = 300;
    schema::ColumnBuilder keys(kPkField, schema::DataType::kInt64);
    for (int64_t i = 0; i < 300; ++i) {
        keys.AppendInt(i);
    }
    batch.columns.push_back(keys.Finish());
    schema::Column values;
    values.field_id = kVectorField;
    values.type = schema::DataType::kFloatVector;
    values.dim = 32768;
    values.rows = 300;
    values.values = base::Buffer::FromVector(std::vector<float>(300 * 32768, 0.5f));
    batch.columns.push_back(std::move(values));
    segment.Append(batch, 10);
    EXPECT_LT(segment.memory_bytes(), size_t{300} * 32768 * 4 + 100'000);
    const auto got = segment.Fetch({299}, schema->fields);
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->Find(kVectorField)->View().As<float>()[32767], 0.5f);
}

TEST(GrowingSegmentTest, ACancelledReadStops) {
    const auto schema = TestSchema(false);
    GrowingSegment segment(1, 1, schema);
    segment.Append(NumberedRows(*schema, 0, 10), 10);
    const base::CallContext context;
    context.Cancel();
    ReadCounters counters;
    EXPECT_EQ(segment.Match(Options(context, 10), &counters).status().code(),
              base::Code::kCanceled);
}

// Run under the thread sanitizer: one writer appends and deletes while readers read at timestamps
// whose writes are all in, and see exactly those.
TEST(GrowingSegmentTest, ReadersSeeCompleteRowsWhileTheWriterWorks) {
    const auto schema = TestSchema(true);
    GrowingSegment segment(1, 1, schema);
    constexpr int64_t kBatches = 120;
    constexpr int64_t kBatchRows = 40;
    std::atomic<base::Timestamp> settled{0};
    std::atomic<bool> failed{false};
    const auto live_at = [](base::Timestamp at) { return at * kBatchRows - (at > 1 ? at - 1 : 0); };
    const auto reader = [&](uint64_t seed) {
        std::mt19937_64 random(seed);
        const base::CallContext context;
        while (settled.load() < static_cast<base::Timestamp>(kBatches) && !failed.load()) {
            const base::Timestamp at = settled.load();
            if (at == 0) {
                continue;
            }
            ReadCounters counters;
            const auto options = Options(context, at);
            const auto match = segment.Match(options, &counters);
            bool good =
                match.ok() && match->Count() == live_at(at) && segment.LiveRows(at) == live_at(at);
            const auto row = static_cast<base::RowOffset>(random() % (at * kBatchRows));
            const auto fetched = segment.Fetch({row}, schema->fields);
            good = good && fetched.ok() && fetched->Verify().ok() &&
                   fetched->Find(kNumberField)->View().As<int64_t>()[0] == row &&
                   fetched->Find(kNameField)->IsValid(0) == HasName(row) &&
                   segment.FindKey(KeyOfNumber(true, row)) == std::vector<base::RowOffset>{row};
            std::vector<QueryHits> hits;
            VectorQuery query;
            query.field_id = kNullableVectorField;
            query.k = 5;
            const schema::Column queries =
                QueryColumn(*schema->FindField(kNullableVectorField), {row});
            query.queries = queries.View();
            good = good && segment.Search(query, options, &hits, &counters).ok() &&
                   hits[0].rows.size() == 5;
            failed.store(failed.load() || !good);
        }
    };
    std::vector<std::thread> readers;
    for (uint64_t seed = 0; seed < 3; ++seed) {
        readers.emplace_back(reader, seed);
    }
    for (int64_t i = 0; i < kBatches; ++i) {
        const auto timestamp = static_cast<base::Timestamp>(i + 1);
        segment.Append(NumberedRows(*schema, i * kBatchRows, kBatchRows), timestamp);
        if (i > 0) {
            schema::PrimaryKeys keys;
            keys.Append(KeyOfNumber(true, (i - 1) * kBatchRows));
            segment.Delete(keys, timestamp);
        }
        settled.store(timestamp);
    }
    for (std::thread& each : readers) {
        each.join();
    }
    EXPECT_FALSE(failed.load());
}

TEST(GrowingSegmentTest, TenThousandDeletesByKeyHitEveryRow) {
    const auto schema = TestSchema(false);
    GrowingSegment segment(1, 1, schema);
    segment.Append(NumberedRows(*schema, 0, 30'000), 10);
    schema::PrimaryKeys keys;
    for (int64_t i = 0; i < 10'000; ++i) {
        keys.Append(i * 3);
    }
    EXPECT_EQ(segment.Delete(keys, 11), 10'000u);
    EXPECT_EQ(segment.LiveRows(11), 20'000u);
}

}  // namespace
}  // namespace elanus::segment
