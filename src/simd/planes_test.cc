// Plane kernels of every level against sums over the dimensions one by one.
#include "simd/planes.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

constexpr Level kLevels[] = {Level::kScalar, Level::kNeon, Level::kAvx2, Level::kAvx512,
                             Level::kAvx512Dot};

TEST(Planes, BitsAreMadeOfAsFewPlanesAsPossible) {
    for (unsigned bits = 1; bits <= 9; ++bits) {
        const PlaneLayout layout = PlaneLayout::Of(bits);
        unsigned total = 0;
        for (size_t p = 0; p < layout.count; ++p) {
            EXPECT_EQ(layout.shifts[p], total);
            total += layout.widths[p];
        }
        EXPECT_EQ(total, bits);
    }
    EXPECT_EQ(PlaneLayout::Of(9).count, 2u);
    EXPECT_EQ(PlaneLayout::Of(7).count, 3u);
}

TEST(Planes, TheLargestSumsFit) {
    constexpr size_t kDims = 1536;
    for (const unsigned width : {1u, 2u, 4u, 8u}) {
        const std::vector<uint8_t> row(PlaneBytes(width, kDims), 255);
        for (const int weight : {-128, 127}) {
            const std::vector<int8_t> low(WeightBytes(width, kDims), static_cast<int8_t>(weight));
            for (Level level : kLevels) {
                if (const PlaneKernels* kernels = PlanesAt(level)) {
                    float sum = 0;
                    kernels->sums(row.data(), row.size(), nullptr, 1, width, kDims, nullptr,
                                  low.data(), &sum);
                    EXPECT_EQ(sum, static_cast<float>(((1 << width) - 1) * weight) * kDims)
                        << LevelName(level) << " " << width;
                }
            }
        }
    }
}

TEST(Planes, SumsAreThoseOfTheDimensions) {
    std::mt19937 random(1);
    for (const unsigned width : {1u, 2u, 4u, 8u}) {
        for (const size_t n : {64u, 128u, 192u, 704u, 1536u}) {
            constexpr size_t kRows = 7;
            const size_t stride = PlaneBytes(width, n) + 5;
            std::vector<uint8_t> rows(kRows * stride);
            for (uint8_t& byte : rows) {
                byte = random() % 4 == 0 ? 255 : static_cast<uint8_t>(random());
            }
            std::vector<int> weights(n);
            std::vector<int8_t> high(WeightBytes(width, n)), low(high.size());
            for (size_t d = 0; d < n; ++d) {
                const int h = d % 9 == 0 ? -128 : static_cast<int>(random() % 255) - 127;
                const int l = d % 7 == 0 ? 127 : static_cast<int>(random() % 255) - 127;
                weights[d] = 256 * h + l;
                const size_t at = WeightPlace(width, n, d);
                high[at] = static_cast<int8_t>(h);
                low[at] = static_cast<int8_t>(l);
            }
            const uint32_t ids[] = {6, 0, 3, 3};
            for (const bool wide : {true, false}) {
                std::vector<double> want(4);
                for (size_t i = 0; i < 4; ++i) {
                    for (size_t d = 0; d < n; ++d) {
                        const unsigned byte = rows[ids[i] * stride + d * width / 8];
                        const unsigned code =
                            byte >> (d % (8 / width) * width) & ((1u << width) - 1);
                        const size_t at = WeightPlace(width, n, d);
                        want[i] += static_cast<double>(code) * (wide ? weights[d] : low[at]);
                    }
                }
                for (const Level level : kLevels) {
                    const PlaneKernels* kernels = PlanesAt(level);
                    if (kernels == nullptr) {
                        continue;
                    }
                    float sums[4];
                    kernels->sums(rows.data(), stride, ids, 4, width, n,
                                  wide ? high.data() : nullptr, low.data(), sums);
                    for (size_t i = 0; i < 4; ++i) {
                        EXPECT_EQ(sums[i], static_cast<float>(want[i]))
                            << LevelName(level) << " " << width << " " << n;
                    }
                }
            }
        }
    }
}

}  // namespace
}  // namespace elanus::simd
