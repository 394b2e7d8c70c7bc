// Costs as integers of the same order. Threads: any.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace elanus::simd {

// -0 and +0 are equal, every NaN is the largest. Always inlined: a copy compiled for one
// instruction set must not serve files for others.
inline __attribute__((always_inline)) uint32_t OrderedBits(float cost) {
    if (cost != cost) {
        return std::numeric_limits<uint32_t>::max();
    }
    const auto bits = std::bit_cast<uint32_t>(cost + 0.0f);
    return (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
}

}  // namespace elanus::simd
