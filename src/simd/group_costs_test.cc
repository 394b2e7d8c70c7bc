// Group kernels of every level against sums over the positions of each row.
#include "simd/group_costs.h"

#include "simd/speed_gain_test.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

constexpr Level kLevels[] = {Level::kScalar, Level::kNeon, Level::kAvx2, Level::kAvx512,
                             Level::kAvx512Dot};

struct Inputs {
    size_t rows;
    std::vector<uint8_t> tables;
    std::vector<uint8_t> group;
    std::vector<float> terms;
    std::vector<float> factors;
    std::vector<uint64_t> sums;
};

// Tables full of large numbers now and then: sums must not overflow.
Inputs Make(bool nibbles, size_t positions, uint32_t seed) {
    std::mt19937 random(seed);
    const size_t rows = nibbles ? kNibbleGroup : kByteGroup;
    const size_t entries = nibbles ? 16 : 256;
    Inputs in{rows,
              std::vector<uint8_t>(entries * positions),
              std::vector<uint8_t>((nibbles ? 16 : 64) * positions),
              {},
              {},
              {}};
    for (uint8_t& entry : in.tables) {
        entry = seed % 2 == 0 ? 255 : static_cast<uint8_t>(random());
    }
    for (uint8_t& byte : in.group) {
        byte = static_cast<uint8_t>(random());
    }
    for (size_t i = 0; i < rows; ++i) {
        in.terms.push_back(static_cast<float>(random() % 1000) / 10);
        in.factors.push_back(static_cast<float>(random() % 1000) / 500 - 1);
        in.sums.push_back(0);
        for (size_t p = 0; p < positions; ++p) {
            const uint8_t code =
                nibbles ? static_cast<uint8_t>(in.group[16 * p + i % 16] >> (i / 16 * 4) & 15)
                        : in.group[64 * p + i];
            in.sums[i] += in.tables[entries * p + code];
        }
    }
    return in;
}

TEST(Groups, CostsAreThoseOfTheRows) {
    for (const bool nibbles : {true, false}) {
        for (const size_t positions : {4u, 16u, 64u, 252u, 1024u}) {
            for (uint32_t seed = 1; seed < 5; ++seed) {
                const Inputs in = Make(nibbles, positions, seed);
                for (const Level level : kLevels) {
                    const GroupKernels* kernels = GroupsAt(level);
                    if (kernels == nullptr) {
                        continue;
                    }
                    const bool with_terms = seed % 3 != 0, with_factors = seed % 4 < 2;
                    GroupScan scan{in.tables.data(), positions, 3.5f, -20, 0.25f, 0};
                    scan.limit = static_cast<float>(positions) * 16;
                    std::vector<float> costs(in.rows);
                    const uint64_t near = (nibbles ? kernels->nibbles : kernels->bytes)(
                        scan, in.group.data(), with_terms ? in.terms.data() : nullptr,
                        with_factors ? in.factors.data() : nullptr, costs.data());
                    for (size_t i = 0; i < in.rows; ++i) {
                        const double want = 3.5 + (with_terms ? in.terms[i] : 0) +
                                            (with_factors ? in.factors[i] : 1) *
                                                (0.25 * static_cast<double>(in.sums[i]) - 20);
                        EXPECT_NEAR(costs[i], want, 1e-5 * (1 + std::fabs(want)))
                            << LevelName(level) << " " << nibbles << " " << positions;
                        EXPECT_EQ((near >> i & 1) != 0, !(costs[i] > scan.limit));
                    }
                }
            }
        }
    }
}

// A level that silently falls back to plain loops answers right, only many times slower.
TEST(Groups, WideLevelsAreFasterThanTheReference) {
    if (kTimesMeanNothing) {
        GTEST_SKIP() << "times mean nothing here";
    }
    for (const bool nibbles : {true, false}) {
        const Inputs in = Make(nibbles, 96, 3);
        const auto look = [&](const GroupKernels& kernels) {
            const GroupScan scan{in.tables.data(), 96, 0, 0, 1, 0};
            const GroupCosts costs_of = nibbles ? kernels.nibbles : kernels.bytes;
            float costs[kByteGroup];
            costs_of(scan, in.group.data(), in.terms.data(), in.factors.data(), costs);
        };
        for (Level level : {Level::kAvx2, Level::kAvx512Dot}) {
            if (const GroupKernels* kernels = GroupsAt(level)) {
                const double gain = SpeedGain(
                    50, [&] { look(*GroupsAt(Level::kScalar)); }, [&] { look(*kernels); });
                EXPECT_GT(gain, nibbles ? 6 : 1.5) << LevelName(level);
            }
        }
    }
}

}  // namespace
}  // namespace elanus::simd
