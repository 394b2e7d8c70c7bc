#include "segment/key_map.h"

#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

TEST(KeyMapTest, FindsEveryRowOfAKeyNewestFirst) {
    std::mt19937_64 random(3);
    KeyMap map;
    std::map<uint64_t, std::vector<base::RowOffset>> model;
    EXPECT_EQ(map.memory_bytes(), 0u);
    for (base::RowOffset row = 0; row < 20'000; ++row) {
        const uint64_t key = random() % 8000 - 4000;  // small and "negative" keys
        map.Insert(key, row);
        model[key].push_back(row);
    }
    for (auto& [key, rows] : model) {
        std::vector<base::RowOffset> found;
        map.Find(key, &found);
        std::reverse(rows.begin(), rows.end());
        ASSERT_EQ(found, rows);
    }
    std::vector<base::RowOffset> none;
    map.Find(1'000'000, &none);
    EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace elanus::segment
