// Costs of groups of product or sign codes, by tables of 8-bit numbers (fast-scan: Andre,
// Kermarrec, Le Scouarnec, "Cache locality is not enough", VLDB 2015, and "Quicker ADC", TPAMI
// 2019).
//
//   nibbles   32 rows; for each code position 16 bytes: byte i has the code of row i low and of row
//             i + 16 high; a table of 16 bytes a position
//   bytes     64 rows; for each code position 64 bytes: byte i has the code of row i; a table of
//             256 bytes a position
// costs[i] = base + terms[i] + factors[i] * (shift + step * sum of table entries); terms null are
// 0, factors null 1.
// Invariants:
//   INV-GROUPS-1  Sums are exact in every level; costs are floats and agree to rounding.
// Threads: any; the tables are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

inline constexpr size_t kNibbleGroup = 32;
inline constexpr size_t kByteGroup = 64;

struct GroupScan {
    const uint8_t* tables = nullptr;
    size_t positions = 0;  // nibbles: a multiple of 4
    float base = 0;
    float shift = 0;
    float step = 1;
    float limit = 0;
};

// Bit i of the result: !(costs[i] > limit).
using GroupCosts = uint64_t (*)(const GroupScan& scan, const uint8_t* group, const float* terms,
                                const float* factors, float* costs);

struct GroupKernels {
    GroupCosts nibbles = nullptr;
    GroupCosts bytes = nullptr;
};

const GroupKernels& Groups();
// The kernels of one level, or of the best below it; the scalar ones are the reference. Null when
// not Supported(level).
const GroupKernels* GroupsAt(Level level);

}  // namespace elanus::simd
