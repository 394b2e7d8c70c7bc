#include "simd/sorted_keys.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

class SortedKeys : public testing::TestWithParam<Level> {
  protected:
    void SetUp() override {
        insert_ = SortedInsertAt(GetParam());
        if (insert_ == nullptr) {
            GTEST_SKIP();
        }
    }
    InsertKey insert_ = nullptr;
};

TEST_P(SortedKeys, EveryPlaceOfEveryCount) {
    for (size_t count = 0; count < 40; ++count) {
        for (size_t place = 0; place <= count; ++place) {
            std::vector<uint64_t> keys(count + 2, 7777);
            for (size_t i = 0; i < count; ++i) {
                keys[i] = 10 * (i + 1);
            }
            std::vector<uint64_t> expected(keys.begin(), keys.begin() + static_cast<long>(count));
            expected.insert(expected.begin() + static_cast<long>(place), 10 * place + 5);
            expected.push_back(7777);  // not touched
            EXPECT_EQ(insert_(keys.data(), count, 10 * place + 5), place);
            EXPECT_EQ(keys, expected) << count << " " << place;
        }
    }
}

// Keys with the highest bit are the largest; an equal key goes before those that are there.
TEST_P(SortedKeys, RandomKeysAsTheModelHasThem) {
    std::mt19937_64 random(5);
    for (int round = 0; round < 200; ++round) {
        const size_t count = random() % 300;
        const int shift = round % 2 == 0 ? 0 : 58;  // few values: many equal ones
        std::vector<uint64_t> keys(count + 1);
        for (size_t i = 0; i < count; ++i) {
            keys[i] = random() >> shift;
        }
        std::sort(keys.begin(), keys.begin() + static_cast<long>(count));
        const uint64_t key = random() >> shift;
        std::vector<uint64_t> expected(keys.begin(), keys.begin() + static_cast<long>(count));
        const auto at = std::lower_bound(expected.begin(), expected.end(), key);
        const auto place = static_cast<size_t>(at - expected.begin());
        expected.insert(at, key);
        ASSERT_EQ(insert_(keys.data(), count, key), place);
        ASSERT_EQ(keys, expected);
    }
}

INSTANTIATE_TEST_SUITE_P(Levels, SortedKeys,
                         testing::Values(Level::kScalar, Level::kAvx2, Level::kAvx512,
                                         Level::kAvx512Dot));

}  // namespace
}  // namespace elanus::simd
