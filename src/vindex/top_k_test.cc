#include "vindex/top_k.h"

#include "vindex/metric.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

TEST(TopK, KeysOrderByCostThenRowWithNanLast) {
    const float inf = INFINITY;
    const std::vector<float> costs = {-inf, -2.5f, -1e-30f, 0.0f, 1e-30f, 3.0f, inf};
    for (size_t i = 0; i + 1 < costs.size(); ++i) {
        EXPECT_LT(MakeKey(costs[i], 9), MakeKey(costs[i + 1], 1));
        EXPECT_EQ(KeyCost(MakeKey(costs[i], 9)), costs[i]);
    }
    EXPECT_EQ(MakeKey(-0.0f, 4), MakeKey(0.0f, 4));
    EXPECT_LT(MakeKey(1.0f, 1), MakeKey(1.0f, 2));
    EXPECT_LT(MakeKey(inf, 5), MakeKey(std::nanf(""), 1));
    EXPECT_EQ(MakeKey(-std::nanf(""), 1), MakeKey(std::nanf(""), 1));
    EXPECT_EQ(KeyRow(MakeKey(1.0f, 123456)), 123456u);
}

TEST(TopK, CollectsTheBestOfAnyNumber) {
    std::mt19937 random(1);
    for (size_t k : {1, 2, 10, 31, 32, 33, 100, 1000}) {
        for (size_t count : {0, 1, 9, 64, 65, 1000, 5000}) {
            TopK top;
            top.Reset(k);
            std::vector<uint64_t> keys;
            for (size_t i = 0; i < count; ++i) {
                keys.push_back(
                    MakeKey(static_cast<float>(random() % 50), static_cast<uint32_t>(i)));
                top.Push(keys.back());
            }
            std::sort(keys.begin(), keys.end());
            keys.resize(std::min(k, count));
            const auto best = top.Sorted();
            EXPECT_EQ(keys, std::vector<uint64_t>(best.begin(), best.end())) << k << " " << count;
        }
    }
}

TEST(Metric, NamesAndOrder) {
    EXPECT_EQ(MetricFromName("cosine"), Metric::kCosine);
    EXPECT_EQ(MetricFromName("L2"), Metric::kL2);
    EXPECT_FALSE(MetricFromName("L3").has_value());
    EXPECT_FALSE(MetricFromName("").has_value());
    EXPECT_EQ(MetricName(Metric::kIp), "IP");
    EXPECT_TRUE(BetterThan(Metric::kL2, 1, 2));
    EXPECT_TRUE(BetterThan(Metric::kIp, 2, 1));
    EXPECT_FALSE(BetterThan(Metric::kCosine, 1, 1));
}

}  // namespace
}  // namespace elanus::vindex
