#include "simd/open_keys.h"

#include "simd/speed_gain_test.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

constexpr uint64_t kUntouched = 7777;

class OpenKeysAtLevel : public testing::TestWithParam<Level> {
  protected:
    void SetUp() override {
        keys_ = KeysAt(GetParam());
        if (keys_ == nullptr) {
            GTEST_SKIP();
        }
    }
    const OpenKeys* keys_ = nullptr;
};

std::vector<uint64_t> RandomKeys(size_t count, int shift, std::mt19937_64& random) {
    std::vector<uint64_t> keys(count + kKeysBeyond, kUntouched);
    std::generate_n(keys.begin(), count, [&] { return random() >> shift; });
    return keys;
}

TEST_P(OpenKeysAtLevel, TheLeastIsTheFirstOfEqualOnes) {
    std::mt19937_64 random(1);
    for (size_t count = 1; count < 100; ++count) {
        for (int shift : {0, 60}) {  // keys with the highest bit, and many equal ones
            const std::vector<uint64_t> keys = RandomKeys(count, shift, random);
            const auto least =
                std::min_element(keys.begin(), keys.begin() + static_cast<long>(count));
            ASSERT_EQ(keys_->least(keys.data(), count), static_cast<size_t>(least - keys.begin()));
        }
    }
}

TEST_P(OpenKeysAtLevel, KeysBelowALimitAreCountedAndKeptInTheirOrder) {
    std::mt19937_64 random(2);
    for (size_t count = 0; count < 100; ++count) {
        for (int shift : {0, 60}) {
            std::vector<uint64_t> keys = RandomKeys(count, shift, random);
            const uint64_t limit = random() >> shift;
            std::vector<uint64_t> expected;
            std::copy_if(keys.begin(), keys.begin() + static_cast<long>(count),
                         std::back_inserter(expected), [&](uint64_t key) { return key < limit; });
            ASSERT_EQ(keys_->count_below(keys.data(), count, limit), expected.size());
            ASSERT_EQ(keys_->keep_below(keys.data(), count, limit), expected.size());
            keys.resize(expected.size());
            ASSERT_EQ(keys, expected);
        }
    }
}

uint32_t OrderedBits(float cost) {
    const auto bits = std::bit_cast<uint32_t>(cost + 0.0f);
    return cost != cost ? 0xffffffff : (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
}

struct Candidates {
    std::vector<float> costs = std::vector<float>(kOfferedKeys);
    std::vector<uint32_t> ids = std::vector<uint32_t>(kOfferedKeys);
    std::vector<uint64_t> marks;
};

Candidates RandomCandidates(uint32_t rows, std::mt19937_64& random) {
    Candidates out;
    std::normal_distribution<float> normal;
    std::generate(out.costs.begin(), out.costs.end(), [&] { return normal(random); });
    const float odd[] = {0.0f, -0.0f, std::numeric_limits<float>::infinity(),
                         -std::numeric_limits<float>::infinity(),
                         std::numeric_limits<float>::quiet_NaN()};
    for (float cost : odd) {
        out.costs[random() % kOfferedKeys] = cost;
    }
    std::generate(out.ids.begin(), out.ids.end(),
                  [&] { return static_cast<uint32_t>(random() % rows); });
    out.marks.resize(rows / 64 + 1);
    std::generate(out.marks.begin(), out.marks.end(), [&] { return random() & random(); });
    return out;
}

TEST_P(OpenKeysAtLevel, AnOfferGivesTheKeysOfChosenRowsThatAreNotMarked) {
    std::mt19937_64 random(3);
    for (int round = 0; round < 500; ++round) {
        const uint32_t rows = 1 + static_cast<uint32_t>(random() % 3000);
        const Candidates some = RandomCandidates(rows, random);
        const auto chosen = static_cast<uint32_t>(random());
        std::vector<uint64_t> expected;
        for (size_t i = 0; i < kOfferedKeys; ++i) {
            const uint32_t id = some.ids[i];
            if ((chosen >> i & 1) != 0 && (some.marks[id / 64] >> (id % 64) & 1) == 0) {
                expected.push_back(uint64_t{OrderedBits(some.costs[i])} << 32 | uint64_t{id} << 1);
            }
        }
        std::vector<uint64_t> out(kOfferedKeys + kKeysBeyond);
        ASSERT_EQ(keys_->offer(some.costs.data(), some.ids.data(), chosen, some.marks.data(), rows,
                               out.data()),
                  expected.size());
        out.resize(expected.size());
        ASSERT_EQ(out, expected);
    }
}

// Marks end with the rows: a row that is not there must not be looked up.
TEST_P(OpenKeysAtLevel, AChosenRowThatIsNotThereIsRefused) {
    std::mt19937_64 random(4);
    for (size_t place = 0; place < kOfferedKeys; ++place) {
        for (uint32_t bad : {100u, 0x80000000u, 0xffffffffu}) {
            Candidates some = RandomCandidates(100, random);
            some.ids[place] = bad;
            std::vector<uint64_t> out(kOfferedKeys + kKeysBeyond);
            const uint32_t others = ~(1u << place);
            EXPECT_EQ(keys_->offer(some.costs.data(), some.ids.data(), ~0u, some.marks.data(), 100,
                                   out.data()),
                      kBadRow);
            EXPECT_NE(keys_->offer(some.costs.data(), some.ids.data(), others, some.marks.data(),
                                   100, out.data()),
                      kBadRow);
        }
    }
}

// A level that silently falls back to plain loops answers right, only slower.
TEST_P(OpenKeysAtLevel, IsFasterThanTheReference) {
    if (kTimesMeanNothing || GetParam() == Level::kScalar) {
        GTEST_SKIP() << "times mean nothing here";
    }
    constexpr size_t kCount = 150;
    std::mt19937_64 random(5);
    std::vector<uint64_t> keys = RandomKeys(kCount, 0, random);
    size_t turn = 0;
    volatile size_t seen = 0;
    const auto use = [&](const OpenKeys& kernels) {
        keys[turn++ % kCount] += 2;
        seen = kernels.least(keys.data(), kCount) +
               kernels.count_below(keys.data(), kCount, keys[3]) +
               kernels.keep_below(keys.data(), kCount, ~uint64_t{0});
    };
    EXPECT_GT(SpeedGain(200, [&] { use(*KeysAt(Level::kScalar)); }, [&] { use(*keys_); }), 1.5);
}

INSTANTIATE_TEST_SUITE_P(Levels, OpenKeysAtLevel,
                         testing::Values(Level::kScalar, Level::kAvx2, Level::kAvx512,
                                         Level::kAvx512Dot));

}  // namespace
}  // namespace elanus::simd
