#include "simd/distance_tiles.h"

#include "simd/half.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

constexpr Level kLevels[] = {Level::kScalar, Level::kNeon, Level::kAvx2, Level::kAvx512,
                             Level::kAvx512Dot};
constexpr Element kElements[] = {Element::kFloat, Element::kFloat16, Element::kBFloat16,
                                 Element::kInt8};

size_t WidthOf(Element element) {
    return element == Element::kFloat ? 4 : element == Element::kInt8 ? 1 : 2;
}

// Random values of an element type in an exactly sized heap block, so that a read past a row is
// seen by the address sanitizer.
std::vector<uint8_t> RandomElements(Element element, size_t count, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<uint8_t> bytes(count * WidthOf(element));
    for (size_t i = 0; i < count; ++i) {
        const float value = normal(random);
        uint8_t* out = bytes.data() + i * WidthOf(element);
        if (element == Element::kFloat) {
            std::memcpy(out, &value, 4);
        } else if (element == Element::kInt8) {
            *out = static_cast<uint8_t>(static_cast<int8_t>(std::clamp(value * 50, -128.f, 127.f)));
        } else {
            const uint16_t half =
                element == Element::kFloat16 ? HalfFromFloat(value) : BFloat16FromFloat(value);
            std::memcpy(out, &half, 2);
        }
    }
    return bytes;
}

// A tile gives the bits that each query alone gives, and writes nothing beside them.
void ExpectTileOfRows(TileFunction tile, const RowKernel& kernel, size_t dim, size_t row_bytes,
                      const std::vector<uint8_t>& queries, const std::vector<uint8_t>& rows) {
    const size_t nq = queries.size() / row_bytes;
    const size_t count = rows.size() / row_bytes;
    const size_t stride = count + 3;
    constexpr float kUntouched = -12345.5f;
    std::vector<float> found(nq * stride, kUntouched), alone(count);
    tile(queries.data(), nq, rows.data(), count, dim, stride, found.data());
    for (size_t q = 0; q < nq; ++q) {
        kernel.rows(queries.data() + q * row_bytes, rows.data(), count, dim, alone.data());
        for (size_t i = 0; i < stride; ++i) {
            ASSERT_EQ(found[q * stride + i], i < count ? alone[i] : kUntouched)
                << "query " << q << " of " << nq << " row " << i << " of " << count << " dim "
                << dim;
        }
    }
}

TEST(DistanceTiles, GiveTheBitsOfEachQueryAloneAtEveryLength) {
    for (Level level : kLevels) {
        for (Element element : kElements) {
            if (!Supported(level)) {
                continue;
            }
            SCOPED_TRACE(LevelName(level));
            const DistanceKernels& kernels = *DistancesAt(level, element);
            const DistanceTiles& tiles = *TilesAt(level, element);
            for (size_t step = 1; step <= 131; ++step) {
                const size_t dim = step == 131 ? 768 : step;
                const size_t row_bytes = dim * WidthOf(element);
                const auto queries = RandomElements(element, dim * (1 + step % 17), 5);
                const auto rows = RandomElements(element, dim * (1 + step % 11), 6);
                ASSERT_NO_FATAL_FAILURE(
                    ExpectTileOfRows(tiles.l2, kernels.l2, dim, row_bytes, queries, rows));
                ASSERT_NO_FATAL_FAILURE(
                    ExpectTileOfRows(tiles.ip, kernels.ip, dim, row_bytes, queries, rows));
            }
        }
    }
}

TEST(DistanceTiles, OfAnyCountOfQueriesAndRows) {
    for (Level level : kLevels) {
        for (size_t dim : {13, 100, 768}) {
            for (size_t nq = 1; nq <= 14 && Supported(level); ++nq) {
                SCOPED_TRACE(LevelName(level));
                for (size_t count = 1; count <= 9; ++count) {
                    const auto queries = RandomElements(Element::kFloat, dim * nq, 5);
                    const auto rows = RandomElements(Element::kFloat, dim * count, 6);
                    ASSERT_NO_FATAL_FAILURE(ExpectTileOfRows(
                        TilesAt(level, Element::kFloat)->ip,
                        DistancesAt(level, Element::kFloat)->ip, dim, dim * 4, queries, rows));
                }
            }
        }
    }
}

TEST(DistanceTiles, TheBestAreThoseOfTheBestLevel) {
    for (Element element : kElements) {
        EXPECT_EQ(Tiles(element).l2, TilesAt(BestLevel(), element)->l2);
        EXPECT_EQ(Tiles(element).ip, TilesAt(BestLevel(), element)->ip);
    }
}

}  // namespace
}  // namespace elanus::simd
