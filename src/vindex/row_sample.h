// A sample of rows without repetition, the same for the same seed.
// Threads: pure.
#pragma once

#include "base/hash.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace elanus::vindex {

// min(count, rows) row numbers, ascending.
inline std::vector<uint32_t> SampleRows(uint32_t rows, uint64_t count, uint64_t seed) {
    std::vector<uint32_t> all(rows);
    std::iota(all.begin(), all.end(), 0u);
    if (count >= rows) {
        return all;
    }
    for (uint32_t i = 0; i < count; ++i) {
        const uint64_t other = i + base::Hash64(seed * 0x9e3779b97f4a7c15u + i) % (rows - i);
        std::swap(all[i], all[other]);
    }
    all.resize(count);
    std::sort(all.begin(), all.end());
    return all;
}

}  // namespace elanus::vindex
