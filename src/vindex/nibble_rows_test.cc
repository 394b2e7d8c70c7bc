// 4-bit rows against arithmetic by hand.
#include "vindex/nibble_rows.h"

#include "simd/codes.h"
#include "simd/planes.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

std::vector<float> Normal(size_t count, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float& value : values) {
        value = normal(random);
    }
    return values;
}

TEST(NibbleRows, TheirProductsEstimateThoseOfTheRow) {
    for (size_t width : {64u, 384u, 768u}) {
        const std::vector<float> row = Normal(width, 1), query = Normal(width, 2);
        std::vector<uint8_t> code(NibbleRowBytes(width));
        const NibbleSums sums = EncodeNibbles(row.data(), width, code.data());
        std::vector<int8_t> values(width), weights(simd::WeightBytes(kNibbleBits, width));
        const float scale = simd::Codes().encode(query.data(), width, values.data());
        const float middle = LayNibbleQuery(values.data(), width, weights.data());
        float sum = 0;
        simd::Planes().sums(code.data(), code.size(), nullptr, 1, kNibbleBits, width, nullptr,
                            weights.data(), &sum);
        double product = 0, square = 0, error = 0, by_hand = 0, of_query = 0;
        for (size_t d = 0; d < width; ++d) {
            const double step = (code[d / 2] >> (d % 2 * 4) & 15) - 7.5;
            product += double{row[d]} * query[d];
            square += double{row[d]} * row[d];
            of_query += double{query[d]} * query[d];
            error += std::pow(sums.weight * step - row[d], 2);
            by_hand += step * values[d];
        }
        EXPECT_NEAR(sums.square, square, 1e-4 * square);
        EXPECT_NEAR(sums.error, error, 1e-3 * square);
        EXPECT_LT(error, 0.03 * square);
        EXPECT_NEAR(sum - middle, by_hand, 1e-3);
        const double deviation = std::sqrt(error * of_query / static_cast<double>(width));
        EXPECT_NEAR(scale * sums.weight * (sum - middle), product, 4 * deviation) << width;
    }
}

TEST(NibbleRows, ARowOfZerosHasNoWeight) {
    const std::vector<float> row(64, 0.0f);
    std::vector<uint8_t> code(NibbleRowBytes(64));
    const NibbleSums sums = EncodeNibbles(row.data(), 64, code.data());
    EXPECT_EQ(sums.weight, 0);
    EXPECT_EQ(sums.square, 0);
    EXPECT_EQ(sums.error, 0);
}

}  // namespace
}  // namespace elanus::vindex
