#include "vindex/candidate_pool.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

// What the pool stands for: the `capacity` best, sorted; those of the first `expanded` that were
// not taken are given.
class SortedPool {
  public:
    SortedPool(size_t expanded, size_t capacity) : expanded_(expanded), capacity_(capacity) {}
    void Insert(float cost, uint32_t row) {
        const uint64_t key = PoolKey(cost, row);
        const auto same = [key](uint64_t other) { return (other & ~uint64_t{1}) == key; };
        ASSERT_TRUE(std::none_of(keys_.begin(), keys_.end(), same)) << "the test offers it once";
        keys_.insert(key);
        if (keys_.size() > capacity_) {
            keys_.erase(std::prev(keys_.end()));
        }
    }
    bool Take(uint32_t* row) {
        size_t place = 0;
        for (auto at = keys_.begin(); at != keys_.end() && place < expanded_; ++at, ++place) {
            if ((*at & 1) == 0) {
                const uint64_t key = *at;
                keys_.erase(at);
                keys_.insert(key | 1);
                *row = PoolRow(key);
                return true;
            }
        }
        return false;
    }
    std::vector<uint32_t> Rows(bool taken_too) const {
        std::vector<uint32_t> out;
        for (uint64_t key : keys_) {
            if (taken_too || (key & 1) == 0) {
                out.push_back(PoolRow(key));
            }
        }
        return out;
    }

  private:
    size_t expanded_;
    size_t capacity_;
    std::set<uint64_t> keys_;
};

bool Contains(std::span<const uint64_t> keys, uint32_t row) {
    return std::any_of(keys.begin(), keys.end(),
                       [row](uint64_t key) { return PoolRow(key) == row; });
}

// As a walk does it: some are offered, one is taken.
TEST(CandidatePool, GivesWhatASortedPoolGives) {
    std::mt19937 random(1);
    SearchScratch scratch;
    for (int round = 0; round < 60; ++round) {
        const size_t expanded = 1 + random() % (round % 10 == 9 ? 2500 : 150);
        const size_t capacity = expanded + (round % 2 == 0 ? 0 : random() % 100);
        const uint32_t costs = round % 3 == 0 ? 50 : 1u << 20;  // few costs: many are equal
        CandidatePool pool(scratch, expanded, capacity);        // after larger and smaller ones
        SortedPool model(expanded, capacity);
        std::vector<uint32_t> rows(6000);
        std::iota(rows.begin(), rows.end(), 0u);
        std::shuffle(rows.begin(), rows.end(), random);
        bool more = true;
        for (size_t next = 0; next < rows.size() && more;) {
            for (size_t i = 0; i < random() % 20 + 1 && next < rows.size(); ++i, ++next) {
                const auto cost = static_cast<float>(random() % costs) - 20;
                pool.Insert(cost, rows[next]);
                model.Insert(cost, rows[next]);
            }
            uint32_t a = 0, b = 0;
            float cost = 0;
            more = model.Take(&a);
            if (uint32_t first = 0; more && random() % 2 == 0) {
                ASSERT_TRUE(pool.Next(&first));
                ASSERT_EQ(first, a);
            }
            ASSERT_EQ(pool.Take(&b, &cost), more);
            ASSERT_EQ(a, b);
        }
        for (uint32_t row : model.Rows(false)) {
            ASSERT_TRUE(Contains(pool.Left(capacity), row));
        }
        std::vector<uint64_t> all;
        pool.AppendAll(&all);
        for (uint32_t row : model.Rows(true)) {
            ASSERT_TRUE(Contains(all, row));
        }
        EXPECT_LE(all.size(), capacity + capacity / 16 + 1);
    }
}

TEST(CandidatePool, AnOfferIsInsertedButForVisitedRows) {
    SearchScratch scratch;
    scratch.visited_bits.Reset(1000);
    std::vector<float> costs(simd::kOfferedKeys);
    std::vector<uint32_t> ids(simd::kOfferedKeys);
    for (uint32_t i = 0; i < simd::kOfferedKeys; ++i) {
        costs[i] = static_cast<float>(100 - i);
        ids[i] = 30 * i;
    }
    scratch.visited_bits.Insert(30 * 31);
    CandidatePool pool(scratch, 3, 3);
    ASSERT_TRUE(pool.Offer(costs.data(), ids.data(), ~0u, scratch.visited_bits, 1000));
    uint32_t row = 0;
    float cost = 0;
    for (uint32_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(pool.Take(&row, &cost));
        EXPECT_EQ(row, 30 * (30 - i));
        EXPECT_EQ(cost, static_cast<float>(70 + i));
    }
    EXPECT_FALSE(pool.Take(&row, &cost));
    EXPECT_FALSE(pool.Offer(costs.data(), ids.data(), ~0u, scratch.visited_bits, 930));
}

// One row at one cost, from many neighbours: a damaged file, or copies of one row.
TEST(CandidatePool, EqualKeysWithoutEndAreHeld) {
    SearchScratch scratch;
    CandidatePool pool(scratch, 10, 10);
    for (uint32_t i = 0; i < 5000; ++i) {
        pool.Insert(1, 7);
        pool.Insert(std::numeric_limits<float>::quiet_NaN(), i);
    }
    uint32_t row = 0;
    float cost = 0;
    for (size_t i = 0; i < 10; ++i) {
        ASSERT_TRUE(pool.Take(&row, &cost));
        EXPECT_EQ(row, 7u);
    }
}

}  // namespace
}  // namespace elanus::vindex
