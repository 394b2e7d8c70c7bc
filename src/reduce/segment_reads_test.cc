#include "reduce/segment_reads.h"

#include <gtest/gtest.h>

namespace elanus::reduce {
namespace {

struct Hit {
    int64_t key;
    float score;
    base::SegmentId segment;
};

roles::SearchResponse Part(const std::vector<std::vector<Hit>>& queries) {
    roles::SearchResponse part;
    for (const std::vector<Hit>& hits : queries) {
        part.counts.push_back(static_cast<uint32_t>(hits.size()));
        for (const Hit& hit : hits) {
            part.keys.ints.push_back(hit.key);
            part.scores.push_back(hit.score);
            part.addresses.push_back({hit.segment, static_cast<base::RowOffset>(hit.key)});
        }
    }
    return part;
}

roles::RetrieveResponse Rows(const std::vector<int64_t>& keys, int64_t number) {
    roles::RetrieveResponse part;
    schema::ColumnBuilder numbers(102, schema::DataType::kInt64);
    for (const int64_t key : keys) {
        part.keys.ints.push_back(key);
        numbers.AppendInt(number);
    }
    part.rows.rows = keys.size();
    part.rows.columns = {numbers.Finish()};
    return part;
}

roles::RetrieveRequest Limited(uint64_t limit, uint64_t max_bytes) {
    roles::RetrieveRequest request;
    request.limit = limit;
    request.max_bytes = max_bytes;
    return request;
}

TEST(SegmentReadsTest, MergesByScoreThenKeyAndByTheMetricsDirection) {
    const std::vector<roles::SearchResponse> parts = {
        Part({{{5, 1.0f, 1}, {9, 2.0f, 1}}, {}}),
        Part({{{2, 1.0f, 2}, {3, 3.0f, 2}}, {{7, 4, 2}}})};
    const roles::SearchResponse nearest = MergeSearches(parts, vindex::Metric::kL2, 2, 3);
    EXPECT_EQ(nearest.counts, (std::vector<uint32_t>{3, 1}));
    EXPECT_EQ(nearest.keys.ints, (std::vector<int64_t>{2, 5, 9, 7}));
    EXPECT_EQ(nearest.addresses[0].segment_id, 2);
    const roles::SearchResponse largest = MergeSearches(parts, vindex::Metric::kIp, 2, 2);
    EXPECT_EQ(largest.keys.ints, (std::vector<int64_t>{3, 9, 7}));
}

TEST(SegmentReadsTest, ARepeatedKeyKeepsItsBestHitAndAsksToWidenWhenItFallsShort) {
    const std::vector<roles::SearchResponse> parts = {Part({{{1, 0.5f, 1}, {2, 2.0f, 1}}}),
                                                      Part({{{1, 0.1f, 2}, {2, 3.0f, 2}}})};
    bool widen = false;
    const roles::SearchResponse merged = MergeSearches(parts, vindex::Metric::kL2, 1, 2, &widen);
    EXPECT_EQ(merged.keys.ints, (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(merged.scores, (std::vector<float>{0.1f, 2.0f}));
    EXPECT_FALSE(widen);
    const std::vector<roles::SearchResponse> one = {Part({{{1, 0.1f, 1}, {1, 0.2f, 1}}})};
    EXPECT_EQ(MergeSearches(one, vindex::Metric::kL2, 1, 2, &widen).counts[0], 1u);
    EXPECT_TRUE(widen);
}

TEST(SegmentReadsTest, RetrievalsMergeByKeyTheEarlierPartWins) {
    const std::vector<roles::RetrieveResponse> parts = {Rows({4, 6}, 100), Rows({1, 4, 9}, 200)};
    const auto merged = MergeRetrievals(parts, Limited(3, 0));
    ASSERT_TRUE(merged.ok());
    EXPECT_EQ(merged->keys.ints, (std::vector<int64_t>{1, 4, 6}));
    const auto* numbers = merged->rows.columns[0].View().As<int64_t>();
    EXPECT_EQ(std::vector<int64_t>(numbers, numbers + 3), (std::vector<int64_t>{200, 100, 100}));
    EXPECT_EQ(MergeRetrievals(parts, Limited(0, 0))->keys.size(), 4u);
    EXPECT_EQ(MergeRetrievals(parts, Limited(0, 8)).status().code(),
              base::Code::kParameterTooLarge);
    EXPECT_EQ(MergeRetrievals({}, Limited(5, 8))->keys.size(), 0u);
}

}  // namespace
}  // namespace elanus::reduce
