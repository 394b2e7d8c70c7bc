// Many queries a call against one query a call: the same rows and scores, bit for bit. That those
// are right is what vector_types_test.cc checks against brute force.
#include "vindex/batch_search.h"

#include "vindex/typed_rows_testing.h"

#include <algorithm>
#include <bit>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::vindex::typed {
namespace {

std::vector<std::string_view> QueriesOf(const Data& data, size_t count) {
    std::vector<std::string_view> queries;
    for (size_t q = 0; q < count; ++q) {
        queries.push_back(data.query(q % kQueries));
    }
    return queries;
}

uint32_t BitsOf(float score) {
    return std::bit_cast<uint32_t>(score);
}

void ExpectEachAlone(const Index& index, const std::vector<std::string_view>& queries,
                     const SearchParams& params) {
    std::vector<Neighbors> found(queries.size());
    found[0].rows = {7};  // what was there is overwritten
    const base::Status status = SearchMany(index, queries, params, found.data());
    ASSERT_TRUE(status.ok()) << status.reason();
    for (size_t q = 0; q < queries.size(); ++q) {
        const Neighbors alone = Find(index, queries[q], params);
        ASSERT_EQ(found[q].rows, alone.rows) << "query " << q;
        ASSERT_TRUE(std::ranges::equal(found[q].scores, alone.scores, {}, BitsOf, BitsOf));
        ASSERT_EQ(found[q].counters.strategy, alone.counters.strategy);
        ASSERT_EQ(found[q].counters.distances, alone.counters.distances);
        ASSERT_EQ(found[q].counters.matches, alone.counters.matches);
    }
}

base::Bitmap EveryNth(uint32_t rows, uint32_t n) {
    base::Bitmap filter(rows);
    for (uint32_t row = n / 2; row < rows; row += n) {
        filter.Set(row);
    }
    return filter;
}

TEST(BatchSearch, FlatGivesTheAnswersOfEachQueryAlone) {
    for (const Data& data : AllTypes(1500, 1)) {
        for (Metric metric : MetricsOf(data.type)) {
            SCOPED_TRACE(std::string(VectorTypeName(data.type)) + " " +
                         std::string(MetricName(metric)));
            const auto index = Build("FLAT", metric, data);
            for (uint32_t nth : {1u, 2u, 40u, 5000u}) {
                const base::Bitmap filter = EveryNth(1500, nth);
                for (size_t k : {1, 20, 2000}) {
                    SearchParams params;
                    params.k = k;
                    params.filter = nth == 1 ? base::BitmapView() : base::BitmapView(filter);
                    ASSERT_NO_FATAL_FAILURE(
                        ExpectEachAlone(*index, QueriesOf(data, k == 20 ? 101 : 5), params));
                }
            }
        }
    }
}

TEST(BatchSearch, RangesOfScores) {
    for (const Data& data : AllTypes(1500, 2)) {
        for (Metric metric : MetricsOf(data.type)) {
            const auto index = Build("FLAT", metric, data);
            SearchParams params;
            params.k = 1500;
            const Neighbors all = Find(*index, data.query(0), params);
            if (all.scores.size() < 300) {
                continue;  // a structure test
            }
            params.k = 50;
            params.radius = all.scores[250];
            ASSERT_NO_FATAL_FAILURE(ExpectEachAlone(*index, QueriesOf(data, 50), params));
            params.range_filter = all.scores[30];
            ASSERT_NO_FATAL_FAILURE(ExpectEachAlone(*index, QueriesOf(data, 50), params));
        }
    }
}

// Numbers that are none, or too large to multiply, have their place behind all others.
TEST(BatchSearch, NanAndInfinity) {
    Data data = Numbers(VectorType::kFloat, 400, 3);
    auto* values = reinterpret_cast<float*>(data.rows.data());
    for (uint32_t row = 0; row < 400; row += 3) {
        values[row * kDim + row % kDim] = row % 2 == 0 ? std::nanf("") : 3e38f;
    }
    for (Metric metric : kNumberMetrics) {
        const auto index = Build("FLAT", metric, data);
        for (size_t k : {5, 300, 400}) {
            SearchParams params;
            params.k = k;
            ASSERT_NO_FATAL_FAILURE(ExpectEachAlone(*index, QueriesOf(data, 60), params));
        }
    }
}

// Of which more are equally near than can be told apart by a quick look.
TEST(BatchSearch, ManyRowsOfZeros) {
    Data data = Numbers(VectorType::kFloat, 900, 6);
    auto* values = reinterpret_cast<float*>(data.rows.data());
    for (uint32_t row = 0; row < 900; ++row) {
        std::fill_n(values + row * kDim, row % 3 == 0 ? 0 : kDim, 0.0f);
    }
    for (Metric metric : kNumberMetrics) {
        const auto index = Build("FLAT", metric, data);
        for (size_t k : {1, 40, 700}) {
            SearchParams params;
            params.k = k;
            ASSERT_NO_FATAL_FAILURE(ExpectEachAlone(*index, QueriesOf(data, 60), params));
        }
    }
}

TEST(BatchSearch, OtherIndexesAnswerQueryByQuery) {
    const Data data = Numbers(VectorType::kFloat, 1000, 4);
    const auto index = Build("HNSW", Metric::kCosine, data);
    ASSERT_NO_FATAL_FAILURE(ExpectEachAlone(*index, QueriesOf(data, 5), SearchParams()));
}

TEST(BatchSearch, FailsAsOneQueryWould) {
    const Data data = Numbers(VectorType::kFloat, 3000, 5, 1024);
    const auto index = Build("FLAT", Metric::kL2, data);
    std::vector<std::string_view> queries = QueriesOf(data, 100);
    std::vector<Neighbors> found(queries.size());
    SearchParams params;
    params.interrupt = [] { return base::Status::Error(base::Code::kCanceled, "gone"); };
    EXPECT_EQ(SearchMany(*index, queries, params, found.data()).code(), base::Code::kCanceled);
    params = SearchParams();
    params.k = 0;
    EXPECT_EQ(SearchMany(*index, queries, params, found.data()).code(),
              base::Code::kInvalidParameter);
    queries[50].remove_suffix(1);
    EXPECT_EQ(SearchMany(*index, queries, SearchParams(), found.data()).code(),
              base::Code::kInvalidParameter);
}

}  // namespace
}  // namespace elanus::vindex::typed
