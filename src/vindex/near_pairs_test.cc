// NearPairs never leave out a pair that the kernels put below the limit, whatever the lengths of
// the vectors; where they are ordinary, they tell few others.
#include "vindex/near_pairs.h"

#include "simd/distance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

constexpr uint32_t kDim = 50;
constexpr size_t kRows = 300;
constexpr size_t kRank = 7;

using Costs = std::vector<std::vector<float>>;  // by query, by row

struct Set {
    std::vector<float> queries, rows;
    size_t nq = 0;
};

Set SetOf(size_t nq, float query_size, float row_size, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    Set set;
    set.nq = nq;
    for (size_t i = 0; i < nq * kDim; ++i) {
        set.queries.push_back(normal(random) * query_size);
    }
    for (size_t i = 0; i < kRows * kDim; ++i) {
        set.rows.push_back(normal(random) * row_size);
    }
    return set;
}

float CostOf(Metric metric, bool by_lengths, const float* query, const float* row) {
    if (metric == Metric::kL2) {
        return simd::L2Squared(query, row, kDim);
    }
    float score = simd::InnerProduct(query, row, kDim);
    if (by_lengths) {
        const float lengths = simd::Norm(query, kDim) * simd::Norm(row, kDim);
        score = lengths > 0 ? score / lengths : 0;
    }
    return 0.0f - score;
}

Costs CostsOf(Metric metric, bool by_lengths, const Set& set) {
    Costs costs(set.nq, std::vector<float>(kRows));
    for (size_t q = 0; q < set.nq; ++q) {
        for (size_t r = 0; r < kRows; ++r) {
            costs[q][r] = CostOf(metric, by_lengths, &set.queries[q * kDim], &set.rows[r * kDim]);
        }
    }
    return costs;
}

// Returns the number of pairs told, all where it says that too many may be near. The limit of each
// query is the cost of its 7th best row.
size_t ExpectAllBelow(Metric metric, bool by_lengths, const Set& set) {
    const Costs costs = CostsOf(metric, by_lengths, set);
    NearPairs near(metric, kDim, by_lengths);
    near.SetQueries(reinterpret_cast<const uint8_t*>(set.queries.data()), set.nq);
    near.SetRows(reinterpret_cast<const uint8_t*>(set.rows.data()), kRows);
    size_t told = 0;
    for (size_t first = 0; first < set.nq; first += NearPairs::PanelQueries()) {
        std::vector<float> limits;
        for (size_t q = first; q < std::min(set.nq, first + NearPairs::PanelQueries()); ++q) {
            std::vector<float> sorted = costs[q];
            std::sort(sorted.begin(), sorted.end());
            limits.push_back(sorted[kRank]);
        }
        std::set<std::pair<uint32_t, uint32_t>> pairs;
        uint32_t last = 0;
        const std::vector<NearPairs::Pair>* found = near.Find(first, limits);
        if (found == nullptr) {
            told += limits.size() * kRows;
            continue;
        }
        for (const NearPairs::Pair& pair : *found) {
            EXPECT_LT(pair.query, limits.size());
            EXPECT_GE(pair.row, last);
            last = pair.row;
            pairs.emplace(pair.query, pair.row);
        }
        told += pairs.size();
        for (uint32_t q = 0; q < limits.size(); ++q) {
            for (uint32_t r = 0; r < kRows; ++r) {
                if (costs[first + q][r] < limits[q]) {
                    EXPECT_TRUE(pairs.contains({q, r})) << "query " << first + q << " row " << r;
                }
            }
        }
    }
    return told;
}

constexpr std::pair<Metric, bool> kMeasures[] = {
    {Metric::kL2, false}, {Metric::kIp, false}, {Metric::kCosine, true}};

TEST(NearPairs, TellsWhatIsBelowTheLimitAndLittleElse) {
    for (const auto& [metric, by_lengths] : kMeasures) {
        SCOPED_TRACE(MetricName(metric));
        const size_t told = ExpectAllBelow(metric, by_lengths, SetOf(101, 1, 3, 1));
        EXPECT_GE(told, 101 * kRank);
        EXPECT_LE(told, 101 * (kRank + 3));
    }
}

TEST(NearPairs, ServesManyFloatQueries) {
    EXPECT_TRUE(NearPairs::Serves(VectorType::kFloat, Metric::kL2, 8192, 64));
    EXPECT_TRUE(NearPairs::Serves(VectorType::kFloat, Metric::kCosine, 2, 64));
    EXPECT_FALSE(NearPairs::Serves(VectorType::kFloat, Metric::kL2, 8193, 64));
    EXPECT_FALSE(NearPairs::Serves(VectorType::kFloat, Metric::kL2, 64, 1));
    EXPECT_FALSE(NearPairs::Serves(VectorType::kFloat16, Metric::kL2, 64, 64));
    EXPECT_FALSE(NearPairs::Serves(VectorType::kBinary, Metric::kHamming, 64, 64));
}

TEST(NearPairs, WhateverTheLengths) {
    for (const auto& [metric, by_lengths] : kMeasures) {
        SCOPED_TRACE(MetricName(metric));
        for (float query_size : {1e-38f, 1e-18f, 1.0f, 1e17f}) {
            for (float row_size : {0.0f, 1e-40f, 1e-37f, 1e-20f, 1e-15f, 1e14f, 1e18f}) {
                SCOPED_TRACE(std::to_string(query_size) + " " + std::to_string(row_size));
                ExpectAllBelow(metric, by_lengths, SetOf(60, query_size, row_size, 2));
            }
        }
    }
}

TEST(NearPairs, ManyPairsAreLeftToTheCaller) {
    Set set = SetOf(60, 1, 1, 4);
    std::fill_n(set.rows.begin(), set.rows.size() / 2, 0.0f);
    EXPECT_EQ(ExpectAllBelow(Metric::kCosine, true, set), 60 * kRows);
    EXPECT_LE(ExpectAllBelow(Metric::kIp, false, set), 60 * (kRank + 3));
}

TEST(NearPairs, RowsOfAllLengthsTogether) {
    for (const auto& [metric, by_lengths] : kMeasures) {
        SCOPED_TRACE(MetricName(metric));
        Set set = SetOf(60, 1, 1, 3);
        for (size_t i = 0; i < set.rows.size(); ++i) {
            set.rows[i] *= std::pow(10.0f, static_cast<float>(i / kDim % 60) - 40.0f);
        }
        ExpectAllBelow(metric, by_lengths, set);
    }
}

}  // namespace
}  // namespace elanus::vindex
