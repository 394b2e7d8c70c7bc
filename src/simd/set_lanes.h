// The lanes that a mask of eight sets, first ones first: what AVX2 packs a register by, for want of
// an instruction that does.
// Threads: any; the table is constant.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace elanus::simd {

inline constexpr size_t kMaskLanes = 8;
inline constexpr size_t kMasks = size_t{1} << kMaskLanes;

// Lanes behind the set ones are 0.
inline constexpr auto kSetLanes = [] {
    std::array<std::array<uint8_t, kMaskLanes>, kMasks> all{};
    for (size_t mask = 0; mask < kMasks; ++mask) {
        size_t n = 0;
        for (uint8_t lane = 0; lane < kMaskLanes; ++lane) {
            if ((mask >> lane & 1) != 0) {
                all[mask][n++] = lane;
            }
        }
    }
    return all;
}();

}  // namespace elanus::simd
