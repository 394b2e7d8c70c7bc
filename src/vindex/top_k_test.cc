#include "vindex/top_k.h"

#include "vindex/exact_scan.h"
#include "vindex/list_codes.h"
#include "vindex/metric.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

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

TEST(TopK, KeepsTheBestInAnyOrder) {
    std::mt19937 random(2);
    TopK top;
    top.Reset(100);
    std::vector<uint64_t> keys;
    for (uint32_t i = 0; i < 150; ++i) {
        keys.push_back(MakeKey(static_cast<float>(random() % 20) - 10, i));
        top.Push(keys.back());
    }
    std::sort(keys.begin(), keys.end());
    const auto kept = top.Kept();
    std::vector<uint64_t> best(kept.begin(), kept.end());
    std::sort(best.begin(), best.end());
    EXPECT_TRUE(std::equal(best.begin(), best.end(), keys.begin(), keys.begin() + 100));
    EXPECT_GT(top.limit(), best.back());
    EXPECT_EQ(top.Tighten(), best.back());
}

TEST(TopK, OfEqualKeysAsManyAsFit) {
    TopK top;
    top.Reset(10);
    for (int i = 0; i < 1000; ++i) {
        top.Push(MakeKey(i == 500 ? 1.0f : 2.0f, 7));
    }
    const auto best = top.Sorted();
    ASSERT_EQ(best.size(), 10u);
    EXPECT_EQ(best[0], MakeKey(1.0f, 7));
    EXPECT_EQ(best[1], MakeKey(2.0f, 7));
    EXPECT_EQ(best[9], MakeKey(2.0f, 7));
}

TEST(TopK, OfNoneNothingEnters) {
    TopK top;
    top.Reset(0);
    top.Push(MakeKey(-INFINITY, 1));
    EXPECT_TRUE(top.Sorted().empty());
    EXPECT_EQ(top.Tighten(), 0u);
}

TEST(LimitOfBest, LetsTheWantedOnesThroughAndFewMore) {
    std::mt19937 random(3);
    for (size_t count : {2, 3, 17, 200, 1000}) {
        for (size_t wanted : {size_t{1}, count / 2, count - 1}) {
            for (size_t spare : {size_t{0}, count / 8}) {
                // Costs on both sides of zero, where keys are far apart, and some equal ones.
                std::vector<uint64_t> keys;
                for (uint32_t i = 0; i < count; ++i) {
                    keys.push_back(MakeKey(static_cast<float>(random() % 100) / 50 - 1, i));
                }
                const uint64_t limit = LimitOfBest(keys, wanted, spare);
                const auto below = static_cast<size_t>(std::count_if(
                    keys.begin(), keys.end(), [&](uint64_t key) { return key < limit; }));
                EXPECT_GE(below, wanted);
                EXPECT_LE(below, wanted + spare);
            }
        }
    }
}

TEST(LimitOfBest, LetsAllEqualOnesThrough) {
    const std::vector<uint64_t> keys = {9, 5, 9, 9, 7};
    EXPECT_EQ(LimitOfBest(keys, 2, 0), 8u);
    EXPECT_EQ(LimitOfBest(keys, 3, 0), 10u);
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

// Costs of all kinds, and limits that are among them or not.
struct Marks : ::testing::Test {
    static constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
    static constexpr float kInf = std::numeric_limits<float>::infinity();
    static constexpr float kLimits[] = {-kInf, -1, -0.0f, 0, 0.5f, 2, kInf, kNone};
    static constexpr uint32_t kCounts[] = {0, 1, 63, 64, 65, 127, 128, 255, 256};

    std::vector<float> Costs(uint32_t count) {
        std::vector<float> costs(count);
        for (float& cost : costs) {
            const uint32_t kind = random_() % 12;
            cost = kind == 0   ? kNone
                   : kind == 1 ? kInf
                   : kind == 2 ? -kInf
                   : kind == 3 ? -0.0f
                               : static_cast<float>(kind % 5) - 2;
        }
        return costs;
    }
    static bool Bit(const uint64_t* words, size_t i) { return words[i / 64] >> (i % 64) & 1; }

    std::mt19937 random_{5};
};

TEST_F(Marks, OfSlicesAreOfCostsThatAreNotAboveTheLimit) {
    for (const uint32_t count : kCounts) {
        for (const float limit : kLimits) {
            const std::vector<float> costs = Costs(count);
            SliceCosts slice;
            std::copy(costs.begin(), costs.end(), slice.costs);
            std::fill_n(slice.near, SliceCosts::kWords, ~uint64_t{0});
            slice.Mark(count, limit);
            for (size_t i = 0; i < 64 * SliceCosts::kWords; ++i) {
                EXPECT_EQ(Bit(slice.near, i), i < count && !(costs[i] > limit))
                    << count << " " << limit << " " << i;
            }
        }
    }
}

TEST_F(Marks, OfScansLoseNothingThatWouldEnter) {
    for (const uint32_t count : kCounts) {
        for (const size_t k : {0, 1, 5}) {
            TopK best;
            best.Reset(k);
            for (uint32_t row = 0; row < 200; ++row) {
                best.Push(MakeKey(Costs(1)[0], row));
            }
            best.Tighten();
            const std::vector<float> costs = Costs(count);
            std::vector<uint64_t> words(count / 64 + 1);
            FindNear(best, false, costs.data(), count, words.data());
            for (uint32_t i = 0; i < count; ++i) {
                const bool enters = MakeKey(costs[i], 200 + i) < best.limit();
                EXPECT_LE(enters, Bit(words.data(), i)) << count << " " << k << " " << i;
            }
        }
    }
}

}  // namespace
}  // namespace elanus::vindex
