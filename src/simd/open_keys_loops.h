// What the levels of the kernels over open keys share. Included once per open_keys_<level>.cc;
// internal linkage keeps the copies apart.
#pragma once

#include "simd/open_keys.h"
#include "simd/ordered_bits.h"

namespace elanus::simd {
namespace {

inline uint64_t KeyOf(float cost, uint32_t row) {
    return uint64_t{OrderedBits(cost)} << 32 | uint64_t{row} << 1;
}

// One by one: few of the 32 are chosen once a walk is near its end. A marked one is written over by
// the next.
inline size_t OfferLoop(const float* costs, const uint32_t* ids, uint32_t chosen,
                        const uint64_t* marks, uint32_t rows, uint64_t* out) {
    size_t count = 0;
    for (; chosen != 0; chosen &= chosen - 1) {
        const int i = __builtin_ctz(chosen);
        if (ids[i] >= rows) {
            return kBadRow;
        }
        const bool marked = (marks[ids[i] / 64] >> (ids[i] % 64) & 1) != 0;
        out[count] = KeyOf(costs[i], ids[i]);
        count += marked ? 0 : 1;
    }
    return count;
}

}  // namespace
}  // namespace elanus::simd
