// Every level of the code kernels against the scalar reference and against arithmetic by hand.
#include "simd/codes.h"

#include "simd/half.h"
#include "simd/speed_gain_test.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

constexpr Level kLevels[] = {Level::kScalar, Level::kNeon, Level::kAvx2, Level::kAvx512,
                             Level::kAvx512Dot};
constexpr size_t kSizes[] = {64, 128, 192, 384, 768, 1024, 4096};

std::vector<float> Normal(size_t n, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> v(n);
    std::generate(v.begin(), v.end(), [&] { return normal(random); });
    return v;
}

std::vector<int8_t> Bytes(size_t n, uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<int8_t> v(n);
    std::generate(v.begin(), v.end(), [&] { return static_cast<int8_t>(random()); });
    return v;
}

TEST(Codes, DotIsExactAtTheEnds) {
    for (size_t n : kSizes) {
        auto a = Bytes(n, 1), b = Bytes(n, 2);
        for (int round = 0; round < 4; ++round) {
            if (round > 0) {
                std::fill(a.begin(), a.end(), round == 1 ? int8_t{-128} : int8_t{127});
                std::fill(b.begin(), b.end(), round == 3 ? int8_t{-128} : int8_t{127});
            }
            int64_t want = 0;
            for (size_t i = 0; i < n; ++i) {
                want += static_cast<int64_t>(a[i]) * b[i];
            }
            for (Level level : kLevels) {
                if (const CodeKernels* kernels = CodesAt(level)) {
                    EXPECT_EQ(kernels->dot(a.data(), b.data(), n), want) << LevelName(level);
                }
            }
        }
    }
}

TEST(Codes, DotsAreThoseOfEveryRow) {
    constexpr size_t kRows = 9;
    for (size_t n : kSizes) {
        const auto a = Bytes(n, 1), all = Bytes(kRows * n, 2);
        const int8_t* rows[kRows];
        for (size_t i = 0; i < kRows; ++i) {
            rows[i] = all.data() + i * n;
        }
        for (Level level : kLevels) {
            const CodeKernels* kernels = CodesAt(level);
            for (size_t count = 0; kernels != nullptr && count <= kRows; ++count) {
                std::vector<int32_t> sums(kRows + 1, 7);
                kernels->dots(a.data(), rows, count, n, sums.data());
                for (size_t i = 0; i < count; ++i) {
                    EXPECT_EQ(sums[i], kernels->dot(a.data(), rows[i], n)) << LevelName(level);
                }
                EXPECT_EQ(sums[count], 7);
            }
        }
    }
}

TEST(Codes, EncodingAgreesAndIsClose) {
    for (size_t n : kSizes) {
        const auto v = Normal(n, 3);
        std::vector<int8_t> want(n), got(n);
        const float scale = CodesAt(Level::kScalar)->encode(v.data(), n, want.data());
        for (size_t i = 0; i < n; ++i) {
            EXPECT_NEAR(scale * static_cast<float>(want[i]), v[i], scale * 0.501f);
        }
        for (Level level : kLevels) {
            if (const CodeKernels* kernels = CodesAt(level)) {
                EXPECT_EQ(kernels->encode(v.data(), n, got.data()), scale);
                EXPECT_EQ(got, want) << LevelName(level);
            }
        }
    }
}

TEST(Codes, ScansAgreeAndEstimateSums) {
    for (size_t n : kSizes) {
        const auto q = Normal(n, 4);
        std::vector<uint8_t> group(GroupBytes(n), 0);
        std::mt19937 random(5);
        float want[kGroupVectors] = {};
        for (size_t i = 0; i < kGroupVectors; ++i) {
            for (size_t d = 0; d < n; ++d) {
                const bool set = i == 0 ? q[d] > 0 : i == 1 ? q[d] < 0 : (random() & 1) != 0;
                want[i] += set ? q[d] : -q[d];
                if (set) {
                    SetCodeBit(group.data(), i, d);
                }
            }
        }
        auto* factors = reinterpret_cast<float*>(group.data() + GroupCodeBytes(n));
        for (size_t i = 0; i < kGroupVectors; ++i) {
            factors[i] = static_cast<float>(i);
            factors[kGroupVectors + i] = -2.0f;
        }
        factors[7] = std::numeric_limits<float>::infinity();
        // The same factors, all of which bfloat16 has.
        std::vector<uint8_t> short_group(group.begin(),
                                         group.begin() + static_cast<ptrdiff_t>(GroupCodeBytes(n)));
        short_group.resize(ShortGroupBytes(n));
        auto* both = reinterpret_cast<uint32_t*>(short_group.data() + GroupCodeBytes(n));
        for (size_t i = 0; i < kGroupVectors; ++i) {
            both[i] = BFloat16FromFloat(factors[i]) |
                      static_cast<uint32_t>(BFloat16FromFloat(factors[kGroupVectors + i])) << 16;
        }
        for (Level level : kLevels) {
            const CodeKernels* kernels = CodesAt(level);
            if (kernels == nullptr) {
                continue;
            }
            std::vector<uint8_t> tables(4 * n);
            SignQuery query;
            kernels->tables(q.data(), n, tables.data(), &query);
            float costs[kGroupVectors];
            const float limit = 3;
            const uint32_t below =
                kernels->scan(query, group.data(), 1.5f, limit, group.data(), 256, costs);
            float short_costs[kGroupVectors];
            EXPECT_EQ(kernels->scan_short(query, short_group.data(), 1.5f, limit, group.data(), 256,
                                          short_costs),
                      below);
            EXPECT_TRUE(std::equal(costs, costs + kGroupVectors, short_costs)) << LevelName(level);
            for (size_t i = 0; i < kGroupVectors; ++i) {
                EXPECT_EQ((below >> i & 1) != 0, costs[i] < limit);
                if (i != 7) {
                    const float cost = 1.5f + factors[i] - 2 * want[i];
                    EXPECT_NEAR(costs[i], cost, 2 * query.step * std::sqrt(static_cast<float>(n)))
                        << LevelName(level) << " " << n << " " << i;
                }
            }
        }
    }
}

TEST(Codes, SignsAndTheirSumsAgree) {
    for (size_t n : kSizes) {
        const auto y = Normal(n, 9);
        const auto values = Bytes(n, 10);
        std::vector<uint8_t> want(n / 8), got(n / 8);
        const SignSums sums =
            CodesAt(Level::kScalar)->signs(0.02f, values.data(), y.data(), n, want.data());
        EXPECT_EQ((want[1] & 4) != 0, 0.02f * static_cast<float>(values[10]) - y[10] > 0);
        for (Level level : kLevels) {
            if (const CodeKernels* kernels = CodesAt(level)) {
                const SignSums other =
                    kernels->signs(0.02f, values.data(), y.data(), n, got.data());
                EXPECT_EQ(got, want) << LevelName(level);
                const float near = 1e-5f * sums.square;
                EXPECT_NEAR(other.length, sums.length, near);
                EXPECT_NEAR(other.square, sums.square, near);
                EXPECT_NEAR(other.along, sums.along, near);
                EXPECT_NEAR(other.product, sums.product, near);
            }
        }
    }
}

TEST(Codes, TablesAreTheSameInAllLevels) {
    for (size_t n : kSizes) {
        const auto q = Normal(n, 6);
        std::vector<uint8_t> want(4 * n), got(4 * n);
        SignQuery reference, query;
        CodesAt(Level::kScalar)->tables(q.data(), n, want.data(), &reference);
        for (Level level : kLevels) {
            if (const CodeKernels* kernels = CodesAt(level)) {
                kernels->tables(q.data(), n, got.data(), &query);
                EXPECT_EQ(got, want) << LevelName(level);
                EXPECT_FLOAT_EQ(query.step, reference.step);
                EXPECT_FLOAT_EQ(query.offset, reference.offset);
            }
        }
    }
}

TEST(Codes, HadamardTwiceGivesTheVectorBack) {
    for (size_t n : {64u, 128u, 512u, 4096u}) {
        const auto v = Normal(n, 7);
        const std::vector<float> signs(n, 1.0f);
        for (Level level : kLevels) {
            if (const CodeKernels* kernels = CodesAt(level)) {
                auto x = v;
                kernels->hadamard(x.data(), signs.data(), n);
                float sum = 0;
                for (float value : v) {
                    sum += value;
                }
                EXPECT_NEAR(x[0], sum, 1e-3f * static_cast<float>(n));
                kernels->hadamard(x.data(), signs.data(), n);
                for (size_t i = 0; i < n; ++i) {
                    EXPECT_NEAR(x[i] / static_cast<float>(n), v[i], 1e-4f) << LevelName(level);
                }
            }
        }
    }
}

TEST(Codes, ReflectedTwiceIsTheVectorAgain) {
    for (size_t parts : {3u, 5u, 15u}) {
        for (size_t part : {64u, 256u}) {
            const size_t n = parts * part;
            const auto v = Normal(n, 8);
            for (Level level : kLevels) {
                if (const CodeKernels* kernels = CodesAt(level)) {
                    auto x = v;
                    kernels->reflect(x.data(), n, part);
                    for (size_t i = 0; i < part; ++i) {
                        float before = 0, after = 0;
                        for (size_t at = i; at < n; at += part) {
                            before += v[at];
                            after += x[at];
                        }
                        EXPECT_NEAR(after, -before, 1e-4f) << LevelName(level);
                    }
                    kernels->reflect(x.data(), n, part);
                    for (size_t i = 0; i < n; ++i) {
                        EXPECT_NEAR(x[i], v[i], 1e-5f) << LevelName(level);
                    }
                }
            }
        }
    }
}

TEST(Codes, WhatIsNoNumberIsSurvived) {
    std::vector<float> q(64, std::numeric_limits<float>::quiet_NaN());
    q[1] = std::numeric_limits<float>::infinity();
    q[2] = -std::numeric_limits<float>::infinity();
    std::vector<uint8_t> tables(256);
    std::vector<int8_t> bytes(64);
    for (Level level : kLevels) {
        if (const CodeKernels* kernels = CodesAt(level)) {
            SignQuery query;
            kernels->tables(q.data(), 64, tables.data(), &query);
            kernels->encode(q.data(), 64, bytes.data());
        }
    }
}

// Tables whose entries are as large as they get, all of them.
TEST(Codes, SumsOfTheLargestTablesDoNotOverflow) {
    for (size_t n : kSizes) {
        const std::vector<float> q(n, 1.0f);
        std::vector<uint8_t> group(GroupBytes(n), 0xff), tables(4 * n);
        std::fill(group.begin() + static_cast<ptrdiff_t>(GroupCodeBytes(n)), group.end(),
                  uint8_t{0});
        auto* factors = reinterpret_cast<float*>(group.data() + GroupCodeBytes(n));
        std::fill_n(factors + kGroupVectors, kGroupVectors, 1.0f);
        for (Level level : kLevels) {
            if (const CodeKernels* kernels = CodesAt(level)) {
                SignQuery query;
                kernels->tables(q.data(), n, tables.data(), &query);
                float costs[kGroupVectors];
                kernels->scan(query, group.data(), 0, 0, nullptr, 0, costs);
                for (const float cost : costs) {
                    EXPECT_NEAR(cost, n, 0.02 * static_cast<double>(n)) << LevelName(level);
                }
            }
        }
    }
}

// A level that silently falls back to plain loops answers right, only many times slower.
TEST(Codes, WideLevelsAreFasterThanTheReference) {
    if (kTimesMeanNothing) {
        GTEST_SKIP() << "times mean nothing here";
    }
    constexpr size_t kDims = 768;
    const auto q = Normal(kDims, 8);
    const auto bytes = Bytes(kDims, 9);
    std::vector<uint8_t> group(GroupBytes(kDims), 0x5a), tables(4 * kDims);
    std::vector<int8_t> row(kDims);
    std::vector<float> turned(512, 1.0f), signs(512, 1.0f / 16), reflected(q);
    SignQuery query;
    float costs[kGroupVectors];
    using Step = std::function<void(const CodeKernels&)>;
    const struct {
        const char* name;
        double times;
        Step step;
    } kSteps[] = {
        {"tables", 4, [&](auto& k) { k.tables(q.data(), kDims, tables.data(), &query); }},
        {"scan", 6, [&](auto& k) { k.scan(query, group.data(), 0, 0, nullptr, 0, costs); }},
        {"scan_short", 6,
         [&](auto& k) { k.scan_short(query, group.data(), 0, 0, nullptr, 0, costs); }},
        {"encode", 3, [&](auto& k) { k.encode(q.data(), kDims, row.data()); }},
        {"signs", 3, [&](auto& k) { k.signs(0.1f, bytes.data(), q.data(), kDims, group.data()); }},
        {"hadamard", 2, [&](auto& k) { k.hadamard(turned.data(), signs.data(), 512); }},
        {"reflect", 3, [&](auto& k) { k.reflect(reflected.data(), kDims, 256); }},
    };
    for (const auto& [name, times, step] : kSteps) {
        for (Level level : {Level::kAvx2, Level::kAvx512Dot}) {
            if (const CodeKernels* kernels = CodesAt(level)) {
                const double gain =
                    SpeedGain(50, [&] { step(*CodesAt(Level::kScalar)); }, [&] { step(*kernels); });
                EXPECT_GT(gain, times) << name << ' ' << LevelName(level);
            }
        }
    }
}

}  // namespace
}  // namespace elanus::simd
