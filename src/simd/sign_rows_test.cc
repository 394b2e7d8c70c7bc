// Every level of the kernels over sign rows against arithmetic by hand.
#include "simd/sign_rows.h"

#include "simd/codes.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

constexpr Level kLevels[] = {Level::kScalar, Level::kNeon, Level::kAvx2, Level::kAvx512,
                             Level::kAvx512Dot};

struct Rows {
    explicit Rows(size_t n, size_t count) : bytes(SignRowBytes(n) * count), values(n) {
        std::mt19937 random(static_cast<uint32_t>(n));
        for (size_t row = 0; row < count; ++row) {
            uint8_t* at = bytes.data() + row * SignRowBytes(n);
            std::generate(at, at + n / 8, [&] { return static_cast<uint8_t>(random()); });
            const SignRowFactors factors{static_cast<float>(row), -2, 0.5f};
            std::memcpy(at + n / 8, &factors, sizeof factors);
        }
        std::generate(values.begin(), values.end(),
                      [&] { return static_cast<int8_t>(static_cast<int>(random() % 255) - 127); });
    }
    double Cost(const SignRowQuery& query, size_t row) const {
        int64_t sum = 0;
        for (size_t d = 0; d < query.n; ++d) {
            const uint8_t byte = bytes[row * SignRowBytes(query.n) + d / 8];
            sum += (byte >> (d % 8) & 1) != 0 ? query.values[d] : -query.values[d];
        }
        return query.own + static_cast<double>(row) - 2.0 * query.scale * static_cast<double>(sum);
    }
    std::vector<uint8_t> bytes;
    std::vector<int8_t> values;
};

TEST(SignRows, CostsAreThoseOfEveryRow) {
    constexpr size_t kRows = 40;
    for (size_t n : {64u, 128u, 192u, 384u, 768u, 4096u}) {
        Rows rows(n, kRows);
        for (int round = 0; round < 3; ++round) {
            if (round > 0) {  // the largest sums there are
                std::fill(rows.values.begin(), rows.values.end(),
                          static_cast<int8_t>(round == 1 ? 127 : -127));
                std::fill_n(rows.bytes.begin(), n / 8, uint8_t{0xff});
            }
            const SignRowQuery query{rows.values.data(), n, 0.25f, 1.5f, 3};
            for (Level level : kLevels) {
                const SignRowKernels* kernels = SignRowsAt(level);
                for (size_t count = 0; kernels != nullptr && count < kRows;
                     count += 1 + count / 3) {
                    std::vector<uint32_t> ids(count);
                    for (size_t i = 0; i < count; ++i) {
                        ids[i] = static_cast<uint32_t>(i * 7 % kRows);
                    }
                    std::vector<float> costs(count + 1, 7), bounds(count + 1, 7);
                    kernels->costs(query, rows.bytes.data(), ids.data(), count, costs.data(),
                                   bounds.data());
                    for (size_t i = 0; i < count; ++i) {
                        ASSERT_NEAR(costs[i], rows.Cost(query, ids[i]), 0.1) << LevelName(level);
                        ASSERT_NEAR(bounds[i], costs[i] - 1.5f, 0.1) << LevelName(level);
                    }
                    EXPECT_EQ(costs[count], 7);
                    EXPECT_EQ(bounds[count], 7);
                }
            }
        }
    }
}

// A level that silently falls back to plain loops answers right, only many times slower.
TEST(SignRows, WideLevelsAreFasterThanTheReference) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__OPTIMIZE__)
    constexpr size_t kRows = 256, kDims = 768;
    const Rows rows(kDims, kRows);
    std::vector<uint32_t> ids(kRows);
    for (uint32_t i = 0; i < kRows; ++i) {
        ids[i] = i;
    }
    std::vector<float> costs(kRows), bounds(kRows);
    const SignRowQuery query{rows.values.data(), kDims, 1, 0, 1};
    const auto time = [&](const SignRowKernels& kernels) {
        double best = 1e9;
        for (int round = 0; round < 30; ++round) {
            const auto start = std::chrono::steady_clock::now();
            kernels.costs(query, rows.bytes.data(), ids.data(), kRows, costs.data(), bounds.data());
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
            best = std::min(best, took.count());
        }
        return best;
    };
    const double scalar = time(*SignRowsAt(Level::kScalar));
    for (Level level : {Level::kAvx2, Level::kAvx512Dot}) {
        if (const SignRowKernels* kernels = SignRowsAt(level)) {
            EXPECT_LT(time(*kernels), scalar / 6) << LevelName(level);
        }
    }
#endif
}

}  // namespace
}  // namespace elanus::simd
