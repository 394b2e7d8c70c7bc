#include "reduce/fusion.h"

#include <cmath>

#include <gtest/gtest.h>

namespace elanus::reduce {
namespace {

using vindex::Metric;

roles::SearchResponse List(std::vector<int64_t> keys, std::vector<float> scores) {
    roles::SearchResponse list;
    list.counts = {static_cast<uint32_t>(keys.size())};
    list.keys.ints = std::move(keys);
    list.scores = std::move(scores);
    list.addresses.resize(list.scores.size());
    return list;
}

std::vector<std::pair<int64_t, float>> Fused(FusionRule rule, std::vector<Metric> metrics,
                                             const std::vector<roles::SearchResponse>& lists,
                                             Contributions* contributions = nullptr) {
    std::vector<const roles::SearchResponse*> pointers;
    for (const roles::SearchResponse& list : lists) {
        pointers.push_back(&list);
    }
    std::vector<size_t> begins(lists.size(), 0);
    const Fusion fusion(std::move(rule), metrics);
    std::vector<std::pair<int64_t, float>> found;
    for (const FusedRow& row : fusion.Fuse(ViewsOf(pointers, 0, &begins), contributions)) {
        found.emplace_back(lists[row.list].keys.ints[row.hit], row.score);
    }
    return found;
}

TEST(Fusion, ReciprocalRanks) {
    const auto rows =
        Fused({}, {Metric::kL2, Metric::kIp}, {List({7, 3}, {1, 2}), List({3, 9}, {5, 4})});
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].first, 3);
    EXPECT_FLOAT_EQ(rows[0].second, 1.0F / 62 + 1.0F / 61);
    EXPECT_EQ(rows[1].first, 7);
    EXPECT_FLOAT_EQ(rows[1].second, 1.0F / 61);
    EXPECT_EQ(rows[2].first, 9);
    EXPECT_FLOAT_EQ(rows[2].second, 1.0F / 62);
}

TEST(Fusion, EqualScoresGoByKey) {
    const auto rows =
        Fused({}, {Metric::kIp, Metric::kIp}, {List({20, 10}, {3, 2}), List({4, 30}, {3, 2})});
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(rows[0].first, 4);
    EXPECT_EQ(rows[1].first, 20);
    EXPECT_EQ(rows[2].first, 10);
    EXPECT_EQ(rows[3].first, 30);
}

TEST(Fusion, DistancesAloneStayDistances) {
    FusionRule rule;
    rule.kind = FusionKind::kWeighted;
    rule.weights = {1, 1};
    const Fusion fusion(rule, {Metric::kL2, Metric::kHamming});
    EXPECT_FALSE(fusion.larger_is_better());
    const auto rows =
        Fused(rule, {Metric::kL2, Metric::kHamming}, {List({1, 2}, {1, 9}), List({1, 2}, {1, 2})});
    EXPECT_EQ(rows[0].first, 1);
    EXPECT_FLOAT_EQ(rows[0].second, 2);
    EXPECT_FLOAT_EQ(rows[1].second, 11);
}

TEST(Fusion, MixedDirectionsAreTurnedUp) {
    FusionRule rule;
    rule.kind = FusionKind::kWeighted;
    rule.weights = {0.5F, 1};
    const auto rows =
        Fused(rule, {Metric::kL2, Metric::kIp}, {List({1}, {2}), List({2, 1}, {3, 0.5F})});
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].first, 2);
    EXPECT_FLOAT_EQ(rows[0].second, 3);
    EXPECT_NEAR(rows[1].second, 0.5 * (1 - 2 * std::atan(2.0) / M_PI) + 0.5, 1e-6);
}

TEST(Fusion, NormalizedScoresLieInZeroToOne) {
    FusionRule rule;
    rule.kind = FusionKind::kWeighted;
    rule.weights = {1};
    rule.normalize = true;
    const auto score = [&](Metric metric, float raw) {
        return Fused(rule, {metric}, {List({1}, {raw})})[0].second;
    };
    EXPECT_NEAR(score(Metric::kL2, 3), 1 - 2 * std::atan(3.0) / M_PI, 1e-6);
    EXPECT_NEAR(score(Metric::kJaccard, 0.25F), 1 - 2 * std::atan(0.25) / M_PI, 1e-6);
    EXPECT_NEAR(score(Metric::kIp, -2), 0.5 + std::atan(-2.0) / M_PI, 1e-6);
    EXPECT_NEAR(score(Metric::kCosine, 0.5F), 0.75, 1e-6);
    EXPECT_NEAR(score(Metric::kBm25, 4), 2 * std::atan(4.0) / M_PI, 1e-6);
    EXPECT_NEAR(score(Metric::kMaxSim, 4), 0.5 + std::atan(4.0) / M_PI, 1e-6);
}

TEST(Fusion, MaxSumAndAverage) {
    const std::vector<roles::SearchResponse> lists = {List({1, 2}, {4, 1}), List({1}, {2})};
    FusionRule rule;
    rule.kind = FusionKind::kMax;
    EXPECT_FLOAT_EQ(Fused(rule, {Metric::kIp, Metric::kIp}, lists)[0].second, 4);
    rule.kind = FusionKind::kSum;
    EXPECT_FLOAT_EQ(Fused(rule, {Metric::kIp, Metric::kIp}, lists)[0].second, 6);
    rule.kind = FusionKind::kAverage;
    EXPECT_FLOAT_EQ(Fused(rule, {Metric::kIp, Metric::kIp}, lists)[0].second, 3);
}

TEST(Fusion, TellsWhatEachListDid) {
    Contributions parts;
    Fused({}, {Metric::kL2, Metric::kIp}, {List({7, 3}, {1, 2}), List({3}, {5})}, &parts);
    ASSERT_EQ(parts.size(), 2u);
    ASSERT_EQ(parts[1].size(), 2u);  // of key 3
    EXPECT_EQ(parts[1][0].rank, 2u);
    EXPECT_FLOAT_EQ(parts[1][0].score, 2);
    EXPECT_EQ(parts[1][1].list, 1u);
    EXPECT_FLOAT_EQ(parts[1][1].share, 1.0F / 61);
}

TEST(Fusion, GroupsByBestSumOrAverage) {
    const std::vector<FusedRow> rows = {
        {0, 0, 0, 10}, {0, 1, 1, 6}, {0, 2, 2, 6}, {0, 3, 3, 1}, {0, 4, 4, 1}};
    const std::vector<std::string> keys = {"a", "b", "b", "a", "c"};
    const auto hits = [&](GroupScorer scorer, size_t size, size_t offset, size_t limit) {
        std::vector<uint32_t> found;
        for (const FusedRow& row : TakeGroups(rows, keys, {size, scorer}, true, offset, limit)) {
            found.push_back(row.hit);
        }
        return found;
    };
    EXPECT_EQ(hits(GroupScorer::kMax, 2, 0, 9), (std::vector<uint32_t>{0, 3, 1, 2, 4}));
    EXPECT_EQ(hits(GroupScorer::kSum, 2, 0, 9), (std::vector<uint32_t>{1, 2, 0, 3, 4}));
    EXPECT_EQ(hits(GroupScorer::kAverage, 2, 0, 9), (std::vector<uint32_t>{1, 2, 0, 3, 4}));
    EXPECT_EQ(hits(GroupScorer::kMax, 1, 1, 1), (std::vector<uint32_t>{1}));
    EXPECT_TRUE(hits(GroupScorer::kMax, 1, 3, 5).empty());
}

}  // namespace
}  // namespace elanus::reduce
