#include "simd/distance.h"

#include <chrono>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

std::vector<Level> WideLevels() {
    std::vector<Level> levels;
    for (Level level : {Level::kNeon, Level::kAvx2, Level::kAvx512}) {
        if (Supported(level)) {
            levels.push_back(level);
        }
    }
    return levels;
}

std::vector<float> RandomFloats(size_t count, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float& value : values) {
        value = normal(random);
    }
    return values;
}

// Exactly sized heap blocks, so that a read past a row is seen by the address sanitizer.
TEST(Distance, WideKernelsAgreeWithTheScalarOnesAtEveryLength) {
    const DistanceKernels& scalar = *DistancesAt(Level::kScalar);
    for (Level level : WideLevels()) {
        const DistanceKernels& wide = *DistancesAt(level);
        for (size_t dim = 1; dim <= 200; ++dim) {
            const auto a = RandomFloats(dim, static_cast<uint32_t>(dim));
            const auto b = RandomFloats(dim, static_cast<uint32_t>(dim) + 1000);
            const float tolerance = 1e-5f * static_cast<float>(dim + 1);
            EXPECT_NEAR(wide.l2(a.data(), b.data(), dim), scalar.l2(a.data(), b.data(), dim),
                        tolerance)
                << LevelName(level) << " dim " << dim;
            EXPECT_NEAR(wide.ip(a.data(), b.data(), dim), scalar.ip(a.data(), b.data(), dim),
                        tolerance)
                << LevelName(level) << " dim " << dim;
        }
    }
}

TEST(Distance, APairHasOneResultWhicheverKernelComputesIt) {
    std::vector<Level> levels = WideLevels();
    levels.push_back(Level::kScalar);
    for (Level level : levels) {
        const DistanceKernels& kernels = *DistancesAt(level);
        for (size_t dim : {1, 3, 7, 8, 15, 17, 31, 33, 96, 100, 384, 769}) {
            for (size_t count : {1, 2, 3, 4, 5, 7, 9, 13}) {
                const auto query = RandomFloats(dim, 5);
                const auto rows = RandomFloats(dim * count, 6);
                std::vector<uint32_t> ids(count);
                for (size_t i = 0; i < count; ++i) {
                    ids[i] = static_cast<uint32_t>(count - 1 - i);
                }
                std::vector<float> block(count), picked(count);
                kernels.l2_rows(query.data(), rows.data(), count, dim, block.data());
                kernels.l2_ids(query.data(), rows.data(), ids.data(), count, dim, picked.data());
                for (size_t i = 0; i < count; ++i) {
                    const float one = kernels.l2(query.data(), rows.data() + i * dim, dim);
                    ASSERT_EQ(one, block[i]) << LevelName(level) << " dim " << dim;
                    ASSERT_EQ(one, picked[count - 1 - i]);
                    ASSERT_EQ(one, kernels.l2(rows.data() + i * dim, query.data(), dim));
                }
                kernels.ip_rows(query.data(), rows.data(), count, dim, block.data());
                kernels.ip_ids(query.data(), rows.data(), ids.data(), count, dim, picked.data());
                for (size_t i = 0; i < count; ++i) {
                    const float one = kernels.ip(query.data(), rows.data() + i * dim, dim);
                    ASSERT_EQ(one, block[i]);
                    ASSERT_EQ(one, picked[count - 1 - i]);
                }
            }
        }
    }
}

TEST(Distance, NormalizeKeepsZeroAndSurvivesExtremeLengths) {
    std::vector<float> zero(5, 0.0f);
    EXPECT_EQ(Normalize(zero.data(), 5, zero.data()), 0.0f);
    EXPECT_EQ(zero, std::vector<float>(5, 0.0f));
    for (float size : {1e-25f, 1.0f, 1e25f}) {
        std::vector<float> values = {3 * size, 4 * size};
        Normalize(values.data(), 2, values.data());
        EXPECT_NEAR(values[0], 0.6f, 1e-6);
        EXPECT_NEAR(values[1], 0.8f, 1e-6);
    }
}

TEST(Distance, NanAndInfinityTravelThrough) {
    for (Level level : WideLevels()) {
        const DistanceKernels& kernels = *DistancesAt(level);
        for (size_t at : {size_t{0}, size_t{20}}) {
            std::vector<float> a(21, 1.0f), b(21, 2.0f);
            a[at] = std::nanf("");
            EXPECT_TRUE(std::isnan(kernels.l2(a.data(), b.data(), 21)));
            EXPECT_TRUE(std::isnan(kernels.ip(a.data(), b.data(), 21)));
            a[at] = INFINITY;
            EXPECT_EQ(kernels.l2(a.data(), b.data(), 21), INFINITY);
        }
    }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

double SecondsOf(const DistanceKernels& kernels) {
    constexpr size_t kDim = 384;
    constexpr size_t kRows = 256;  // 384 KiB: stays in the second-level cache
    const auto query = RandomFloats(kDim, 1);
    const auto rows = RandomFloats(kDim * kRows, 2);
    std::vector<float> out(kRows);
    double best = 1e9;
    for (int round = 0; round < 7; ++round) {
        const auto begin = std::chrono::steady_clock::now();
        for (int repeat = 0; repeat < 20; ++repeat) {
            kernels.l2_rows(query.data(), rows.data(), kRows, kDim, out.data());
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        best = std::min(best, took.count());
    }
    return best;
}

TEST(Distance, BestLevelIsAtLeastTwiceAsFastAsTheScalarOne) {
    if (kSanitized || BestLevel() == Level::kScalar) {
        GTEST_SKIP() << "times mean nothing here";
    }
    EXPECT_GE(SecondsOf(*DistancesAt(Level::kScalar)), 2 * SecondsOf(Distances()))
        << LevelName(BestLevel());
}

}  // namespace
}  // namespace elanus::simd
