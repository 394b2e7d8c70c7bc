// Searches by codes beside exact ones of the same segments.
#include "segment/coded_columns.h"

#include "segment/growing_segment.h"
#include "segment/segment_fixture_test.h"
#include "simd/half.h"
#include "sys/clock.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

constexpr uint32_t kWide = 64;
constexpr base::FieldId kHalfField = 105;
constexpr size_t kRows = 6'000;

std::shared_ptr<const schema::CollectionSchema> WideSchema() {
    auto schema = std::make_shared<schema::CollectionSchema>();
    schema->fields = {TestSchema(false)->fields[0]};
    schema::FieldSchema vector;
    vector.id = kVectorField;
    vector.name = "vector";
    vector.type = schema::DataType::kFloatVector;
    vector.type_params["dim"] = std::to_string(kWide);
    schema->fields.push_back(vector);
    vector.id = kHalfField;
    vector.name = "nullable_half";
    vector.type = schema::DataType::kFloat16Vector;
    vector.nullable = true;
    schema->fields.push_back(vector);
    return schema;
}

std::vector<float> WideVector(int64_t number) {
    std::mt19937_64 centre(static_cast<uint64_t>(number % 50));
    std::mt19937_64 own(static_cast<uint64_t>(number) + 1'000);
    std::normal_distribution<float> normal;
    std::vector<float> values(kWide);
    for (float& x : values) {
        x = normal(centre) + 0.5f * normal(own);
    }
    return values;
}

class CodedColumnsTest : public testing::Test {
  protected:
    void Append(int64_t first, int64_t count, base::Timestamp timestamp) {
        schema::ColumnBatch batch;
        batch.rows = static_cast<size_t>(count);
        for (const schema::FieldSchema& field : schema_->fields) {
            schema::ColumnBuilder builder(field.id, field.type, schema::DataType::kNone,
                                          field.id == kPkField ? 0 : kWide);
            for (int64_t number = first; number < first + count; ++number) {
                AppendValue(field, number, &builder);
            }
            batch.columns.push_back(builder.Finish());
        }
        growing_.Append(batch, timestamp);
    }
    static void AppendValue(const schema::FieldSchema& field, int64_t number,
                            schema::ColumnBuilder* builder) {
        if (field.id == kPkField) {
            builder->AppendInt(number);
        } else if (field.id == kHalfField && number % 3 == 0) {
            builder->AppendNull();
        } else {
            builder->AppendBytes(VectorBytes(field, number));
        }
    }
    static std::string VectorBytes(const schema::FieldSchema& field, int64_t number) {
        const std::vector<float> values = WideVector(number);
        std::string bytes;
        for (const float value : values) {
            if (field.type == schema::DataType::kFloatVector) {
                bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
            } else {
                const uint16_t half = simd::HalfFromFloat(value);
                bytes.append(reinterpret_cast<const char*>(&half), sizeof half);
            }
        }
        return bytes;
    }

    VectorQuery QueryOf(size_t field, vindex::Metric metric, bool coded) {
        schema::ColumnBuilder builder(0, schema_->fields[field].type, schema::DataType::kNone,
                                      kWide);
        for (int64_t number = 100'000; number < 100'005; ++number) {
            builder.AppendBytes(VectorBytes(schema_->fields[field], number));
        }
        queries_ = builder.Finish();
        VectorQuery query;
        query.field_id = schema_->fields[field].id;
        query.metric = metric;
        query.queries = queries_.View();
        query.k = 10;
        if (coded) {
            query.params.emplace(kUnindexedRows, kUnindexedCoded);
        }
        return query;
    }
    std::vector<QueryHits> Search(const Segment& segment, const VectorQuery& query,
                                  base::Timestamp timestamp) {
        ReadOptions options;
        options.timestamp = timestamp;
        options.context = &context_;
        options.clock = &sys::RealClock();
        std::vector<QueryHits> hits;
        counters_ = ReadCounters();
        const base::Status searched = segment.Search(query, options, &hits, &counters_);
        EXPECT_TRUE(searched.ok()) << searched.reason();
        return hits;
    }
    // Searches with codes and without; the same hits but for one in a hundred.
    void Compare(const Segment& segment, base::Timestamp timestamp) {
        size_t wanted = 0, missed = 0;
        for (const size_t field : {1, 2}) {
            for (const vindex::Metric metric :
                 {vindex::Metric::kL2, vindex::Metric::kIp, vindex::Metric::kCosine}) {
                const auto exact = Search(segment, QueryOf(field, metric, false), timestamp);
                const uint64_t compared = counters_.distances;
                const auto coded = Search(segment, QueryOf(field, metric, true), timestamp);
                EXPECT_NE(counters_.distances, compared) << "not by codes";
                for (size_t q = 0; q < exact.size(); ++q) {
                    ASSERT_EQ(coded[q].rows.size(), exact[q].rows.size());
                    wanted += exact[q].rows.size();
                    for (size_t i = 0; i < exact[q].rows.size(); ++i) {
                        const auto at =
                            std::find(coded[q].rows.begin(), coded[q].rows.end(), exact[q].rows[i]);
                        if (at == coded[q].rows.end()) {
                            ++missed;
                        } else {
                            EXPECT_EQ(
                                coded[q].scores[static_cast<size_t>(at - coded[q].rows.begin())],
                                exact[q].scores[i]);
                        }
                    }
                }
            }
        }
        EXPECT_LE(missed * 100, wanted);
    }

    std::shared_ptr<const schema::CollectionSchema> schema_ = WideSchema();
    GrowingSegment growing_{1, 1, schema_};
    schema::Column queries_;
    base::CallContext context_;
    ReadCounters counters_;
};

TEST_F(CodedColumnsTest, AGrowingSegmentAnswersAsExactly) {
    for (int64_t first = 0; first < static_cast<int64_t>(kRows); first += 1'000) {
        Append(first, 1'000, static_cast<base::Timestamp>(100 + first));
        if (first == 3'000) {
            Compare(growing_, base::kMaxTimestamp);
        }
    }
    const size_t before = growing_.memory_bytes();
    Compare(growing_, base::kMaxTimestamp);
    EXPECT_GT(growing_.memory_bytes(), before);
    schema::PrimaryKeys keys;
    for (int64_t key = 0; key < 1'500; ++key) {
        keys.Append(2 * key);
    }
    growing_.Delete(keys, 50'000);
    Compare(growing_, base::kMaxTimestamp);  // deleted rows are left out
    Compare(growing_, 4'100);                // the rows of before the last append
    growing_.Seal();
    const auto sealed = SealAndOpen(growing_, schema_);
    Compare(*sealed, base::kMaxTimestamp);
}

TEST_F(CodedColumnsTest, OnlyRequestsThatAllowItAreAnsweredByCodes) {
    Append(0, kRows, 100);
    VectorQuery query = QueryOf(1, vindex::Metric::kL2, true);
    Search(growing_, query, base::kMaxTimestamp);
    EXPECT_GT(growing_.memory_bytes(), kRows * kWide * 7);  // rows, halves and codes
    const uint64_t exact = kRows * query.nq();
    query.exact = true;
    Search(growing_, query, base::kMaxTimestamp);
    EXPECT_EQ(counters_.distances, exact);
    query.exact = false;
    query.radius = 1e9f;
    Search(growing_, query, base::kMaxTimestamp);
    EXPECT_EQ(counters_.distances, exact);
    query = QueryOf(1, vindex::Metric::kL2, true);
    query.k = kRows;  // all of them: nothing to estimate
    const auto all = Search(growing_, query, base::kMaxTimestamp);
    EXPECT_EQ(all[0].rows.size(), kRows);
    EXPECT_EQ(counters_.distances, exact);
}

TEST_F(CodedColumnsTest, SearchesWhileRowsArrive) {
    Append(0, 2'500, 100);
    std::atomic<bool> done{false};
    std::atomic<size_t> searches{0};
    const VectorQuery query = QueryOf(1, vindex::Metric::kCosine, true);
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&] {
            while (!done) {
                ReadOptions options;
                options.context = &context_;
                options.clock = &sys::RealClock();
                std::vector<QueryHits> hits;
                ReadCounters counters;
                const size_t rows = growing_.rows();
                EXPECT_TRUE(growing_.Search(query, options, &hits, &counters).ok());
                EXPECT_EQ(hits[0].rows.size(), 10u);
                EXPECT_GE(growing_.rows(), rows);
                ++searches;
            }
        });
    }
    for (int64_t first = 2'500; first < 6'000; first += 100) {
        Append(first, 100, static_cast<base::Timestamp>(first));
    }
    while (searches < 20) {
        std::this_thread::yield();
    }
    done = true;
    for (std::thread& thread : threads) {
        thread.join();
    }
    Compare(growing_, base::kMaxTimestamp);
}

}  // namespace
}  // namespace elanus::segment
