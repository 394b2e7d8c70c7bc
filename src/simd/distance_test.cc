#include "simd/distance.h"

#include "simd/half.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace elanus::simd {
namespace {

std::vector<Level> WideLevels() {
    std::vector<Level> levels;
    for (Level level : {Level::kNeon, Level::kAvx2, Level::kAvx512, Level::kAvx512Dot}) {
        if (Supported(level)) {
            levels.push_back(level);
        }
    }
    return levels;
}

std::vector<Level> AllLevels() {
    std::vector<Level> levels = WideLevels();
    levels.push_back(Level::kScalar);
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

constexpr Element kElements[] = {Element::kFloat, Element::kFloat16, Element::kBFloat16,
                                 Element::kInt8};

size_t WidthOf(Element element) {
    return element == Element::kFloat ? 4 : element == Element::kInt8 ? 1 : 2;
}

// Random values of an element type, in an exactly sized heap block, so that a read past a row is
// seen by the address sanitizer. Aligned for the type.
std::vector<uint8_t> RandomElements(Element element, size_t count, uint32_t seed) {
    const std::vector<float> floats = RandomFloats(count, seed);
    std::vector<uint8_t> bytes(count * WidthOf(element));
    for (size_t i = 0; i < count; ++i) {
        uint8_t* out = bytes.data() + i * WidthOf(element);
        if (element == Element::kFloat) {
            std::memcpy(out, &floats[i], 4);
        } else if (element == Element::kInt8) {
            *out = static_cast<uint8_t>(
                static_cast<int8_t>(std::clamp(floats[i] * 50, -128.f, 127.f)));
        } else {
            const uint16_t half = element == Element::kFloat16 ? HalfFromFloat(floats[i])
                                                               : BFloat16FromFloat(floats[i]);
            std::memcpy(out, &half, 2);
        }
    }
    return bytes;
}

// Computed from the values, with nothing but this file's own arithmetic.
double TrueDistance(Element element, bool l2, const std::vector<uint8_t>& a,
                    const std::vector<uint8_t>& b) {
    const auto read = [&](const std::vector<uint8_t>& bytes, size_t i) -> double {
        if (element == Element::kInt8) {
            return static_cast<int8_t>(bytes[i]);
        }
        if (element == Element::kFloat) {
            float value = 0;
            std::memcpy(&value, bytes.data() + 4 * i, 4);
            return value;
        }
        uint16_t half = 0;
        std::memcpy(&half, bytes.data() + 2 * i, 2);
        return element == Element::kFloat16 ? FloatFromHalf(half) : FloatFromBFloat16(half);
    };
    double sum = 0;
    for (size_t i = 0; i < a.size() / WidthOf(element); ++i) {
        const double x = read(a, i);
        const double y = read(b, i);
        sum += l2 ? (x - y) * (x - y) : x * y;
    }
    return sum;
}

TEST(Distance, EveryLevelAgreesWithTheReferenceAndWithExactArithmeticAtEveryLength) {
    for (Element element : kElements) {
        const DistanceKernels& scalar = *DistancesAt(Level::kScalar, element);
        for (Level level : AllLevels()) {
            const DistanceKernels& wide = *DistancesAt(level, element);
            for (size_t dim = 1; dim <= 200; ++dim) {
                const auto a = RandomElements(element, dim, static_cast<uint32_t>(dim));
                const auto b = RandomElements(element, dim, static_cast<uint32_t>(dim) + 1000);
                const double tolerance =
                    element == Element::kInt8 ? 0 : 1e-5 * static_cast<double>(dim + 1);
                for (bool l2 : {true, false}) {
                    const RowKernel& kernel = l2 ? wide.l2 : wide.ip;
                    const RowKernel& reference = l2 ? scalar.l2 : scalar.ip;
                    const float got = kernel.pair(a.data(), b.data(), dim);
                    EXPECT_NEAR(got, reference.pair(a.data(), b.data(), dim), tolerance)
                        << LevelName(level) << " dim " << dim;
                    EXPECT_NEAR(got, TrueDistance(element, l2, a, b), tolerance)
                        << LevelName(level) << " element " << static_cast<int>(element) << " dim "
                        << dim;
                }
            }
        }
    }
}

// Rows, ids and pairs give the same bits, in either order of the pair.
void ExpectOneResult(const RowKernel& kernel, size_t dim, size_t row_bytes, bool symmetric,
                     const std::vector<uint8_t>& query, const std::vector<uint8_t>& rows) {
    const size_t count = rows.size() / row_bytes;
    std::vector<uint32_t> ids(count);
    for (size_t i = 0; i < count; ++i) {
        ids[i] = static_cast<uint32_t>(count - 1 - i);
    }
    std::vector<float> block(count), picked(count);
    kernel.rows(query.data(), rows.data(), count, dim, block.data());
    kernel.ids(query.data(), rows.data(), ids.data(), count, dim, picked.data());
    for (size_t i = 0; i < count; ++i) {
        const uint8_t* row = rows.data() + i * row_bytes;
        const float one = kernel.pair(query.data(), row, dim);
        ASSERT_EQ(one, block[i]) << " dim " << dim;
        ASSERT_EQ(one, picked[count - 1 - i]);
        if (symmetric) {
            ASSERT_EQ(one, kernel.pair(row, query.data(), dim));
        }
    }
}

TEST(Distance, APairHasOneResultWhicheverKernelComputesIt) {
    for (Level level : AllLevels()) {
        for (Element element : kElements) {
            const DistanceKernels& kernels = *DistancesAt(level, element);
            for (size_t dim : {1, 3, 7, 8, 15, 17, 31, 33, 63, 65, 96, 100, 384, 769}) {
                for (size_t count : {1, 2, 3, 4, 5, 7, 9, 13}) {
                    SCOPED_TRACE(LevelName(level));
                    const auto query = RandomElements(element, dim, 5);
                    const auto rows = RandomElements(element, dim * count, 6);
                    const size_t row_bytes = dim * WidthOf(element);
                    ASSERT_NO_FATAL_FAILURE(
                        ExpectOneResult(kernels.l2, dim, row_bytes, true, query, rows));
                    ASSERT_NO_FATAL_FAILURE(
                        ExpectOneResult(kernels.ip, dim, row_bytes, true, query, rows));
                }
            }
        }
    }
}

TEST(Distance, Int8OfTheLargestSizeDoesNotOverflow) {
    constexpr int64_t kDim = 32768;
    const std::vector<int8_t> low(kDim, -128), high(kDim, 127);
    for (Level level : AllLevels()) {
        const DistanceKernels& kernels = *DistancesAt(level, Element::kInt8);
        EXPECT_EQ(kernels.l2.pair(low.data(), high.data(), kDim),
                  static_cast<float>(int64_t{255} * 255 * kDim));
        EXPECT_EQ(kernels.ip.pair(low.data(), low.data(), kDim),
                  static_cast<float>(128LL * 128 * kDim));
        EXPECT_EQ(kernels.ip.pair(low.data(), high.data(), kDim),
                  static_cast<float>(-128LL * 127 * kDim));
    }
}

std::vector<uint8_t> RandomBits(size_t bytes, uint32_t seed, unsigned keep = 0xff) {
    std::mt19937 random(seed);
    std::vector<uint8_t> bits(bytes);
    for (uint8_t& byte : bits) {
        byte = static_cast<uint8_t>(random() & keep);
    }
    return bits;
}

TEST(Binary, EveryLevelGivesTheReferencesBitsAtEveryLength) {
    const BinaryKernels& scalar = *BinaryDistancesAt(Level::kScalar);
    for (Level level : WideLevels()) {
        const BinaryKernels& wide = *BinaryDistancesAt(level);
        for (size_t bytes = 1; bytes <= 200; ++bytes) {
            const size_t dim = bytes * 8;
            const auto a = RandomBits(bytes, static_cast<uint32_t>(bytes));
            auto b = RandomBits(bytes, static_cast<uint32_t>(bytes) + 1000);
            for (int round = 0; round < 3; ++round) {
                const auto same = [&](const RowKernel& left, const RowKernel& right) {
                    ASSERT_EQ(left.pair(a.data(), b.data(), dim),
                              right.pair(a.data(), b.data(), dim))
                        << LevelName(level) << " bytes " << bytes;
                };
                same(wide.hamming, scalar.hamming);
                same(wide.jaccard, scalar.jaccard);
                same(wide.substructure, scalar.substructure);
                same(wide.superstructure, scalar.superstructure);
                for (size_t i = 0; i < bytes; ++i) {  // then a superset, then a subset of a
                    b[i] = round == 0 ? static_cast<uint8_t>(b[i] | a[i])
                                      : static_cast<uint8_t>(a[i] & (b[i] ^ 0x11));
                }
            }
        }
    }
}

TEST(Distance, PlaceOfLeastIsTheFirstOfTheLeast) {
    constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
    std::mt19937 random(3);
    for (size_t count = 1; count < 200; ++count) {
        std::vector<float> values(count);
        for (float& value : values) {
            value = random() % 8 == 0 ? kNone : static_cast<float>(random() % 16) - 4;
        }
        size_t want = 0;
        for (size_t i = 0; i < count; ++i) {
            want = std::isnan(values[want]) || values[i] < values[want] ? i : want;
        }
        want = std::isnan(values[want]) ? 0 : want;
        EXPECT_EQ(PlaceOfLeast(values.data(), count), want) << count;
    }
    const std::vector<float> none(70, kNone);
    EXPECT_EQ(PlaceOfLeast(none.data(), none.size()), 0u);
    EXPECT_EQ(PlaceOfLeast(nullptr, 0), 0u);
}

// Memory that ends where no page follows: what masked loads touch no sanitizer sees.
class LastPage {
  public:
    LastPage() {
        pages_ = static_cast<uint8_t*>(
            ::mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        EXPECT_NE(static_cast<void*>(pages_), MAP_FAILED);
        EXPECT_EQ(::mprotect(pages_ + kPage, kPage, PROT_NONE), 0);
    }
    ~LastPage() { ::munmap(pages_, 2 * kPage); }
    LastPage(const LastPage&) = delete;
    LastPage& operator=(const LastPage&) = delete;
    // The last `bytes` of it, with bytes of 1.
    uint8_t* Last(size_t bytes) {
        std::memset(pages_, 1, kPage);
        return pages_ + kPage - bytes;
    }

  private:
    static constexpr size_t kPage = size_t{1} << 16;
    uint8_t* pages_;
};

TEST(Distance, NothingBehindARowIsTouched) {
    LastPage rows, queries;
    float costs[3] = {};
    for (Level level : AllLevels()) {
        for (size_t bytes = 1; bytes <= 200; ++bytes) {
            const BinaryKernels& bits = *BinaryDistancesAt(level);
            for (const RowKernel* kernel : {&bits.hamming, &bits.jaccard, &bits.substructure}) {
                kernel->rows(queries.Last(bytes), rows.Last(3 * bytes), 3, 8 * bytes, costs);
                EXPECT_EQ(costs[2], 0.0f);
                costs[0] = kernel->pair(queries.Last(bytes), rows.Last(bytes), 8 * bytes);
            }
        }
        for (Element element : kElements) {
            const DistanceKernels& kernels = *DistancesAt(level, element);
            for (size_t dim = 1; dim <= 100; ++dim) {
                const size_t bytes = dim * WidthOf(element);
                for (const RowKernel* kernel : {&kernels.l2, &kernels.ip}) {
                    kernel->rows(queries.Last(bytes), rows.Last(3 * bytes), 3, dim, costs);
                    EXPECT_EQ(costs[0], costs[2]);
                }
            }
        }
    }
}

TEST(Binary, HandCheckedCases) {
    const std::vector<uint8_t> a = {0b11001010, 0b00000001};
    const std::vector<uint8_t> b = {0b11101010, 0b00000011};  // a and two bits more
    const std::vector<uint8_t> zero = {0, 0};
    for (Level level : AllLevels()) {
        const BinaryKernels& kernels = *BinaryDistancesAt(level);
        EXPECT_EQ(kernels.hamming.pair(a.data(), b.data(), 16), 2.0f);
        EXPECT_EQ(kernels.hamming.pair(a.data(), zero.data(), 16), 5.0f);
        EXPECT_EQ(kernels.jaccard.pair(a.data(), b.data(), 16), 2.0f / 7);
        EXPECT_EQ(kernels.jaccard.pair(a.data(), a.data(), 16), 0.0f);
        EXPECT_EQ(kernels.jaccard.pair(a.data(), zero.data(), 16), 1.0f);
        EXPECT_EQ(kernels.jaccard.pair(zero.data(), zero.data(), 16), 1.0f);
        EXPECT_EQ(kernels.substructure.pair(a.data(), b.data(), 16), 0.0f);
        EXPECT_EQ(kernels.substructure.pair(b.data(), a.data(), 16), 1.0f);
        EXPECT_EQ(kernels.superstructure.pair(a.data(), b.data(), 16), 1.0f);
        EXPECT_EQ(kernels.superstructure.pair(b.data(), a.data(), 16), 0.0f);
    }
}

TEST(Binary, APairHasOneResultWhicheverKernelComputesIt) {
    for (Level level : AllLevels()) {
        const BinaryKernels& kernels = *BinaryDistancesAt(level);
        for (size_t bytes :
             {1, 2, 8, 15, 16, 24, 31, 32, 33, 40, 48, 56, 63, 64, 65, 72, 128, 200}) {
            for (size_t count : {1, 4, 5, 9}) {
                const auto query = RandomBits(bytes, 5, 0x81);
                const auto rows = RandomBits(bytes * count, 6);
                for (const RowKernel* kernel : {&kernels.hamming, &kernels.jaccard}) {
                    ASSERT_NO_FATAL_FAILURE(
                        ExpectOneResult(*kernel, bytes * 8, bytes, true, query, rows));
                }
                for (const RowKernel* kernel : {&kernels.substructure, &kernels.superstructure}) {
                    ASSERT_NO_FATAL_FAILURE(
                        ExpectOneResult(*kernel, bytes * 8, bytes, false, query, rows));
                }
            }
        }
    }
}

TEST(Half, EveryFloat16SurvivesTheWayToFloatAndBack) {
    for (uint32_t bits = 0; bits < 65536; ++bits) {
        const auto half = static_cast<uint16_t>(bits);
        const float value = FloatFromHalf(half);
        if (std::isnan(value)) {
            EXPECT_EQ(bits & 0x7c00, 0x7c00u);
            EXPECT_TRUE(std::isnan(FloatFromHalf(HalfFromFloat(value))));
        } else {
            EXPECT_EQ(HalfFromFloat(value), half);
        }
        const float wide = FloatFromBFloat16(half);
        if (std::isnan(wide)) {
            EXPECT_TRUE(std::isnan(FloatFromBFloat16(BFloat16FromFloat(wide))));
        } else {
            EXPECT_EQ(BFloat16FromFloat(wide), half);
        }
    }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
    EXPECT_EQ(HalfFromFloat(1.0f), 0x3c00);
    EXPECT_EQ(HalfFromFloat(-2.0f), 0xc000);
    EXPECT_EQ(HalfFromFloat(65504.0f), 0x7bff);
    EXPECT_EQ(HalfFromFloat(65519.0f), 0x7bff);
    EXPECT_EQ(HalfFromFloat(65520.0f), 0x7c00);
    EXPECT_EQ(HalfFromFloat(INFINITY), 0x7c00);
    EXPECT_EQ(HalfFromFloat(1.0f + 0x1p-11f), 0x3c00);      // tie, to even
    EXPECT_EQ(HalfFromFloat(1.0f + 3 * 0x1p-11f), 0x3c02);  // tie, to even
    EXPECT_EQ(HalfFromFloat(1.0f + 1.01f * 0x1p-11f), 0x3c01);
    EXPECT_EQ(HalfFromFloat(0x1p-24f), 0x0001);
    EXPECT_EQ(HalfFromFloat(0x1p-25f), 0x0000);  // tie, to even
    EXPECT_EQ(HalfFromFloat(1.01f * 0x1p-25f), 0x0001);
    EXPECT_EQ(HalfFromFloat(0x1p-14f - 0x1p-26f), 0x0400);  // the largest subnormal rounds up
    EXPECT_EQ(BFloat16FromFloat(1.0f + 0x1p-8f), 0x3f80);
    EXPECT_EQ(BFloat16FromFloat(1.0f + 3 * 0x1p-8f), 0x3f82);
    EXPECT_EQ(BFloat16FromFloat(3.4e38f), 0x7f80);
}

TEST(Distance, LengthsOfEveryElementType) {
    const std::vector<float> floats = {3, -4};
    const std::vector<uint16_t> halves = {HalfFromFloat(3), HalfFromFloat(-4)};
    const std::vector<uint16_t> brains = {BFloat16FromFloat(3), BFloat16FromFloat(-4)};
    const std::vector<int8_t> bytes = {3, -4};
    EXPECT_EQ(Norm(floats.data(), 2), 5.0f);
    EXPECT_EQ(Norm(Element::kFloat16, halves.data(), 2), 5.0f);
    EXPECT_EQ(Norm(Element::kBFloat16, brains.data(), 2), 5.0f);
    EXPECT_EQ(Norm(Element::kInt8, bytes.data(), 2), 5.0f);
    const std::vector<uint16_t> huge = {BFloat16FromFloat(3e25f), BFloat16FromFloat(4e25f)};
    EXPECT_NEAR(Norm(Element::kBFloat16, huge.data(), 2), 5e25f, 3e23f);
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
            EXPECT_TRUE(std::isnan(kernels.l2.pair(a.data(), b.data(), 21)));
            EXPECT_TRUE(std::isnan(kernels.ip.pair(a.data(), b.data(), 21)));
            a[at] = INFINITY;
            EXPECT_EQ(kernels.l2.pair(a.data(), b.data(), 21), INFINITY);
        }
    }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

double SecondsOf(const RowKernel& kernel, size_t dim, size_t row_bytes) {
    constexpr size_t kRows = 256;                       // stays in the second-level cache
    const auto query = RandomBits(row_bytes, 1, 0x3f);  // no NaN, which would be slow
    const auto rows = RandomBits(row_bytes * kRows, 2, 0x3f);
    std::vector<float> out(kRows);
    double best = 1e9;
    for (int round = 0; round < 7; ++round) {
        const auto begin = std::chrono::steady_clock::now();
        for (int repeat = 0; repeat < 20; ++repeat) {
            kernel.rows(query.data(), rows.data(), kRows, dim, out.data());
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        best = std::min(best, took.count());
    }
    return best;
}

// A silent fall-back to plain loops would pass every other test.
TEST(Distance, BestLevelIsAtLeastTwiceAsFastAsTheScalarOne) {
    if (kSanitized || BestLevel() == Level::kScalar) {
        GTEST_SKIP() << "times mean nothing here";
    }
    for (Element element : kElements) {
        const size_t row_bytes = 384 * WidthOf(element);
        for (bool l2 : {true, false}) {
            const DistanceKernels& scalar = *DistancesAt(Level::kScalar, element);
            const DistanceKernels& best = Distances(element);
            EXPECT_GE(SecondsOf(l2 ? scalar.l2 : scalar.ip, 384, row_bytes),
                      2 * SecondsOf(l2 ? best.l2 : best.ip, 384, row_bytes))
                << LevelName(BestLevel()) << " element " << static_cast<int>(element);
        }
    }
    std::vector<size_t> lengths = {16, 128};  // by words; by registers
#if defined(__x86_64__)
    lengths.push_back(20);  // with a rest, by masks
#endif
    for (size_t bytes : lengths) {
        EXPECT_GE(SecondsOf(BinaryDistancesAt(Level::kScalar)->hamming, 8 * bytes, bytes),
                  2 * SecondsOf(BinaryDistances().hamming, 8 * bytes, bytes))
            << bytes;
    }
}

}  // namespace
}  // namespace elanus::simd
