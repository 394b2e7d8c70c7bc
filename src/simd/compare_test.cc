#include "simd/compare.h"

#include <chrono>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

constexpr CompareOp kOps[] = {CompareOp::kEq, CompareOp::kNe, CompareOp::kLt,
                              CompareOp::kLe, CompareOp::kGt, CompareOp::kGe};

template <typename T>
class CompareTest : public testing::Test {
  public:
    // Few distinct values, so that equality happens; the extremes and, for floats, NaN, infinities
    // and both zeros among them.
    static std::vector<T> Pool() {
        using Limits = std::numeric_limits<T>;
        std::vector<T> pool = {T(0),  T(1),   T(2),          T(-1),
                               T(-7), T(100), Limits::max(), Limits::lowest()};
        if constexpr (std::is_floating_point_v<T>) {
            pool.insert(pool.end(), {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(),
                                     T(-0.0), T(0.5), Limits::denorm_min()});
        }
        return pool;
    }
    static std::vector<T> Values(size_t count) {
        const std::vector<T> pool = Pool();
        std::mt19937 random(static_cast<uint32_t>(count));
        std::vector<T> values(count);
        for (T& value : values) {
            value = pool[random() % pool.size()];
        }
        return values;
    }
};

using Types = testing::Types<int8_t, int16_t, int32_t, int64_t, float, double>;
TYPED_TEST_SUITE(CompareTest, Types);

const size_t kCounts[] = {0, 1, 3, 31, 32, 33, 63, 64, 65, 127, 128, 200, 1000};

TYPED_TEST(CompareTest, WideKernelsAgreeWithTheScalarOnes) {
    using T = TypeParam;
    const CompareKernels<T>& scalar = *ComparisonsAt<T>(Level::kScalar);
    for (Level level : {Level::kAvx2, Level::kAvx512}) {
        const CompareKernels<T>* wide = ComparisonsAt<T>(level);
        if (wide == nullptr) {
            continue;
        }
        for (size_t count : kCounts) {
            const auto values = this->Values(count);
            const size_t words = (count + 63) / 64;
            std::vector<uint64_t> want(words, ~uint64_t{0}), have(words, ~uint64_t{0});
            for (T constant : this->Pool()) {
                for (CompareOp op : kOps) {
                    scalar.compare(op, values.data(), count, constant, want.data());
                    wide->compare(op, values.data(), count, constant, have.data());
                    ASSERT_EQ(want, have) << LevelName(level) << " op " << static_cast<int>(op)
                                          << " count " << count << " constant " << +constant;
                }
                for (T high : this->Pool()) {
                    for (int open = 0; open < 4; ++open) {
                        const Range<T> range{constant, high, (open & 1) != 0, (open & 2) != 0};
                        scalar.in_range(range, values.data(), count, want.data());
                        wide->in_range(range, values.data(), count, have.data());
                        ASSERT_EQ(want, have) << LevelName(level) << " count " << count;
                    }
                }
            }
        }
    }
}

TYPED_TEST(CompareTest, BitsFollowTheRowsAndTheTailIsZero) {
    using T = TypeParam;
    const std::vector<T> values = {T(1), T(5), T(3), T(5), T(2)};
    uint64_t word = ~uint64_t{0};
    Compare<T>(CompareOp::kEq, values.data(), values.size(), T(5), &word);
    EXPECT_EQ(word, 0b01010u);
    Compare<T>(CompareOp::kNe, values.data(), values.size(), T(5), &word);
    EXPECT_EQ(word, 0b10101u);
    InRange<T>({T(2), T(5), true, false}, values.data(), values.size(), &word);
    EXPECT_EQ(word, 0b01110u);
    InRange<T>({T(2), T(5), false, true}, values.data(), values.size(), &word);
    EXPECT_EQ(word, 0b10100u);
}

TEST(Compare, NanIsUnequalToEverythingAndHasNoOrder) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> values = {nan, 1.0f};
    uint64_t word = 0;
    Compare<float>(CompareOp::kNe, values.data(), 2, 1.0f, &word);
    EXPECT_EQ(word, 0b01u);
    Compare<float>(CompareOp::kGe, values.data(), 2, -1.0f, &word);
    EXPECT_EQ(word, 0b10u);
    Compare<float>(CompareOp::kNe, values.data(), 2, nan, &word);
    EXPECT_EQ(word, 0b11u);
    Compare<float>(CompareOp::kEq, values.data(), 2, nan, &word);
    EXPECT_EQ(word, 0u);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

double SecondsOf(const CompareKernels<int32_t>& kernels) {
    std::vector<int32_t> values(16384);
    std::mt19937 random(3);
    for (int32_t& value : values) {
        value = static_cast<int32_t>(random());
    }
    std::vector<uint64_t> words(values.size() / 64);
    double best = 1e9;
    for (int round = 0; round < 7; ++round) {
        const auto begin = std::chrono::steady_clock::now();
        for (int repeat = 0; repeat < 20; ++repeat) {
            kernels.compare(CompareOp::kLt, values.data(), values.size(), repeat, words.data());
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        best = std::min(best, took.count());
    }
    return best;
}

TEST(Compare, BestLevelIsAtLeastTwiceAsFastAsTheScalarOne) {
    if (kSanitized || ComparisonsAt<int32_t>(BestLevel()) == nullptr ||
        BestLevel() == Level::kScalar) {
        GTEST_SKIP() << "times mean nothing here";
    }
    EXPECT_GE(SecondsOf(*ComparisonsAt<int32_t>(Level::kScalar)),
              2 * SecondsOf(Comparisons<int32_t>()));
}

}  // namespace
}  // namespace elanus::simd
