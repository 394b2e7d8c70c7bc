// Exact search for many queries at once against one query at a time: the same rows and scores, bit
// for bit. That those are right is what segment_model_test.cc checks.
#include "segment/segment_fixture_test.h"
#include "vindex/vectors.h"

#include <cstring>

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

constexpr int64_t kRows = 2500;  // blocks of at most 1,024

class FlatSearchTest : public ::testing::Test {
  protected:
    FlatSearchTest() : schema_(TestSchema(false)), segment_(1, 1, schema_) {
        std::vector<std::pair<int64_t, int64_t>> rows;
        for (int64_t i = 0; i < kRows; ++i) {
            rows.emplace_back(i, i);
        }
        segment_.Append(TestBatch(*schema_, rows), 10);
        options_.context = &context_;
        options_.clock = &sys::RealClock();
    }

    std::vector<QueryHits> Find(const VectorQuery& query) {
        std::vector<QueryHits> hits;
        ReadCounters counters;
        const base::Status status = segment_.Search(query, options_, &hits, &counters);
        EXPECT_TRUE(status.ok()) << status.reason();
        EXPECT_EQ(counters.brute_force_searches, 1u);
        return hits;
    }

    void ExpectEachAlone(VectorQuery query, const schema::FieldSchema& field, size_t nq) {
        std::vector<int64_t> numbers;
        for (size_t q = 0; q < nq; ++q) {
            numbers.push_back(static_cast<int64_t>(q * 37 % kRows));
        }
        const schema::Column queries = QueryColumn(field, numbers);
        query.queries = queries.View();
        const std::vector<QueryHits> together = Find(query);
        ASSERT_EQ(together.size(), nq);
        for (size_t q = 0; q < nq; ++q) {
            const schema::Column one = QueryColumn(field, {numbers[q]});
            query.queries = one.View();
            const QueryHits alone = Find(query)[0];
            ASSERT_FALSE(alone.rows.empty() && !query.radius.has_value());
            ASSERT_EQ(together[q].rows, alone.rows) << "query " << q;
            ASSERT_EQ(std::memcmp(together[q].scores.data(), alone.scores.data(),
                                  alone.scores.size() * sizeof(float)),
                      0);
        }
    }

    void ExpectEachAlone(const schema::FieldSchema& field, vindex::Metric metric) {
        VectorQuery query;
        query.field_id = field.id;
        query.metric = metric;
        query.exact = true;
        for (uint32_t k : {1u, 10u, 3000u}) {
            query.k = k;
            for (size_t nq : {2, 5, 40, 101}) {
                ASSERT_NO_FATAL_FAILURE(ExpectEachAlone(query, field, k == 10 ? nq : 7));
            }
        }
        query.k = 20;
        query.radius = vindex::LargerIsBetter(metric) ? 0.1f : 1.5f;
        query.range_filter = vindex::LargerIsBetter(metric) ? 0.8f : 0.2f;
        ASSERT_NO_FATAL_FAILURE(ExpectEachAlone(query, field, 40));
    }

    const std::shared_ptr<const schema::CollectionSchema> schema_;
    GrowingSegment segment_;
    const base::CallContext context_;
    ReadOptions options_;
};

TEST_F(FlatSearchTest, ManyQueriesGetTheAnswersOfEachAlone) {
    expr::ColumnRef number;
    number.field_id = kNumberField;
    number.type = schema::DataType::kInt64;
    const expr::Plan below{expr::Compare{number, expr::CompareOp::kLt, int64_t{1700}}};
    for (base::FieldId id : {kVectorField, kNullableVectorField, kBinaryField, kFloat16Field}) {
        for (const schema::FieldSchema& field : schema_->fields) {
            for (vindex::Metric metric : MetricsOf(field.type)) {
                if (field.id != id || metric == vindex::Metric::kMhJaccard ||
                    vindex::IsStructureTest(metric)) {
                    continue;
                }
                SCOPED_TRACE(field.name + " " + std::string(vindex::MetricName(metric)));
                options_.filter = nullptr;
                ASSERT_NO_FATAL_FAILURE(ExpectEachAlone(field, metric));
                options_.filter = &below;
                ASSERT_NO_FATAL_FAILURE(ExpectEachAlone(field, metric));
            }
        }
    }
}

}  // namespace
}  // namespace elanus::segment
