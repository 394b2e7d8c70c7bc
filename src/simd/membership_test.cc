#include "simd/membership.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

constexpr Level kLevels[] = {Level::kScalar, Level::kNeon, Level::kAvx2, Level::kAvx512,
                             Level::kAvx512Dot};

std::vector<int64_t> RandomValues(size_t count, uint64_t range, uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<int64_t> values(count);
    for (int64_t& value : values) {
        value = static_cast<int64_t>(range == 0 ? random() : random() % range);
    }
    return values;
}

// Every level says what a std::set says, of members and of others, of any number of rows.
void CheckSet(const std::vector<int64_t>& constants, bool dense) {
    const auto set = MembershipSet::Make(constants);
    ASSERT_TRUE(set.has_value());
    EXPECT_EQ(set->is_dense(), dense);
    const std::set<int64_t> model(constants.begin(), constants.end());
    for (const size_t rows : {0, 1, 63, 64, 65, 1000}) {
        std::vector<int64_t> column = RandomValues(rows, 0, rows);
        std::mt19937_64 random(rows + 1);
        for (int64_t& value : column) {
            const int64_t near = constants[random() % constants.size()];
            switch (random() % 4) {
                case 0:
                    value = near;
                    break;
                case 1:
                    value = static_cast<int64_t>(static_cast<uint64_t>(near) + 1);
                    break;
                case 2:
                    value = static_cast<int64_t>(static_cast<uint64_t>(near) - 64);
                    break;
                default:
                    break;
            }
        }
        for (const Level level : kLevels) {
            const MembershipKernels* kernels = MembershipsAt(level);
            if (kernels == nullptr) {
                continue;
            }
            std::vector<uint64_t> words((rows + 63) / 64, ~uint64_t{0});
            set->Contains(column.data(), rows, words.data(), *kernels);
            for (size_t i = 0; i < words.size() * 64; ++i) {
                const bool want = i < rows && model.contains(column[i]);
                ASSERT_EQ((words[i / 64] >> (i % 64) & 1) != 0, want)
                    << LevelName(level) << " row " << i << " of " << rows;
            }
        }
    }
}

TEST(Membership, CloseConstantsAreBits) {
    CheckSet({5}, true);
    CheckSet({-3, 60, 61, 1000}, true);
    CheckSet(RandomValues(1000, 4000, 1), true);
    CheckSet({std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::max() - 63}, true);
    CheckSet({std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::min() + 64}, true);
}

TEST(Membership, SpreadConstantsAreSlots) {
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
    CheckSet({kMin, kMax}, false);
    CheckSet({0, 1, kMax, kMin, -1}, false);
    CheckSet({kMax, kMax, 0, 0, 7}, false);  // repetitions
    for (const size_t count : {7, 100, 1000, 50'000}) {
        CheckSet(RandomValues(count, 0, count), false);
    }
    std::vector<int64_t> powers;
    for (int i = 0; i < 63; ++i) {
        powers.push_back(int64_t{1} << i);
    }
    CheckSet(powers, false);
}

TEST(Membership, NoConstantsAreNoSet) {
    EXPECT_FALSE(MembershipSet::Make({}).has_value());
}

TEST(Membership, EqualDoublesHaveOneKey) {
    EXPECT_EQ(MembershipSet::KeyOf(0.0), MembershipSet::KeyOf(-0.0));
    EXPECT_NE(MembershipSet::KeyOf(1.0), MembershipSet::KeyOf(std::nextafter(1.0, 2.0)));
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
constexpr bool kSlow = true;
#else
constexpr bool kSlow = false;
#endif
constexpr size_t kTimedRows = 8192;

// The least time that each level takes for a column, in turns, so that a busy machine is no excuse
// for one of them alone.
std::vector<double> SecondsOf(const MembershipSet& set, const std::vector<Level>& levels) {
    const std::vector<int64_t> column = RandomValues(kTimedRows, 0, 3);
    std::vector<uint64_t> words(column.size() / 64);
    std::vector<double> best(levels.size(), 1e9);
    for (int round = 0; round < 50; ++round) {
        for (size_t i = 0; i < levels.size(); ++i) {
            const auto begin = std::chrono::steady_clock::now();
            set.Contains(column.data(), column.size(), words.data(), *MembershipsAt(levels[i]));
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
            best[i] = std::min(best[i], took.count());
        }
    }
    return best;
}

// Loads from anywhere are what limits all levels, so the gain is small; a lookup that falls back to
// branches or to division takes many times as long.
TEST(Membership, BestLevelIsFasterThanTheReferenceAndTakesNanoseconds) {
    if (kSlow || BestLevel() == Level::kScalar || BestLevel() == Level::kNeon) {
        GTEST_SKIP() << "times mean nothing here";
    }
    const auto check = [](uint64_t range) {
        const auto set = MembershipSet::Make(RandomValues(1000, range, 1));
        ASSERT_TRUE(set.has_value());
        const std::vector<double> took = SecondsOf(*set, {Level::kScalar, BestLevel()});
        EXPECT_GE(took[0], 1.1 * took[1]) << range;
        EXPECT_LE(took[1], kTimedRows * 8e-9) << range;
    };
    check(0);  // slots
    if (BestLevel() == Level::kAvx2) {
        check(4000);  // bits
    }
}

}  // namespace
}  // namespace elanus::simd
