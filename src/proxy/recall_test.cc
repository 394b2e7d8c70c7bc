#include "proxy/recall.h"

#include <gtest/gtest.h>

namespace elanus::proxy {
namespace {

roles::SearchResponse List(const std::vector<std::vector<std::pair<int64_t, float>>>& queries) {
    roles::SearchResponse list;
    for (const auto& hits : queries) {
        list.counts.push_back(static_cast<uint32_t>(hits.size()));
        for (const auto& [key, score] : hits) {
            list.keys.ints.push_back(key);
            list.scores.push_back(score);
        }
    }
    return list;
}

TEST(RecallTest, CountsHitsThatAnExactSearchHasOrThatAreAsGood) {
    const roles::SearchResponse exact =
        List({{{1, 0.1f}, {2, 0.2f}, {3, 0.3f}}, {{4, 1.0f}, {5, 2.0f}}, {}});
    const roles::SearchResponse found = List({{{1, 0.1f}, {9, 0.3f}, {8, 0.4f}}, {{5, 2.0f}}, {}});
    const std::vector<RecallCount> counts = CountRecall(found, exact, vindex::Metric::kL2);
    ASSERT_EQ(counts.size(), 3u);
    EXPECT_FLOAT_EQ(counts[0].share(), 2.0f / 3);  // 9 is as near as 3
    EXPECT_FLOAT_EQ(counts[1].share(), 0.5f);
    EXPECT_FLOAT_EQ(counts[2].share(), 1.0f);
}

TEST(RecallTest, GoesByTheMetricsDirection) {
    const roles::SearchResponse exact = List({{{1, 0.9f}, {2, 0.8f}}});
    EXPECT_EQ(CountRecall(List({{{3, 0.85f}, {4, 0.7f}}}), exact, vindex::Metric::kIp)[0].found,
              1u);
}

TEST(RecallTest, EstimatedScoresDoNotCount) {
    const roles::SearchResponse exact = List({{{1, 0.1f}, {2, 0.2f}}});
    const roles::SearchResponse found = List({{{2, 0.05f}, {7, 0.1f}}});
    EXPECT_EQ(CountRecall(found, exact, vindex::Metric::kL2)[0].found, 2u);
    EXPECT_EQ(CountRecall(found, exact, vindex::Metric::kL2, RecallBy::kHits)[0].found, 1u);
}

}  // namespace
}  // namespace elanus::proxy
