// Unsorted keys: what a graph walk does with the rows that it may still go to, some times a hop.
//
// A key is the cost in the upper half, mapped so that integers order as the floats do (both zeros
// are equal, what is no number is the largest), and in the lower half the row, shifted left by one.
// Arrays are short, a hundred to some thousand keys in the cache: looking at all of them, some at
// once, costs less than keeping them in order, where every place is a branch not foreseen.
// Invariants:
//   INV-KEYS-1  All levels leave the same arrays.
// Threads: any; the tables are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

inline constexpr size_t kOfferedKeys = 32;  // of one offer
inline constexpr size_t kKeysBeyond = 8;    // places behind what is written that may change
inline constexpr size_t kBadRow = ~size_t{0};

struct OpenKeys {
    // Writes to `out` (room for kOfferedKeys + kKeysBeyond) the keys of the rows whose bit in
    // `chosen` is set and whose bit in `marks` is not, in their order; returns their number.
    // kBadRow when a chosen one is not below `rows`.
    size_t (*offer)(const float* costs, const uint32_t* ids, uint32_t chosen, const uint64_t* marks,
                    uint32_t rows, uint64_t* out);
    // The place of the least key; of equal ones of the first. count > 0.
    size_t (*least)(const uint64_t* keys, size_t count);
    // The number of keys below `limit`.
    size_t (*count_below)(const uint64_t* keys, size_t count, uint64_t limit);
    // Leaves the keys below `limit`, in their order; returns their number. Up to kKeysBeyond places
    // behind the last key may be written.
    size_t (*keep_below)(uint64_t* keys, size_t count, uint64_t limit);
};

const OpenKeys& Keys();
// Those of one level, or of the best below it; the scalar ones are the reference. Null when not
// Supported(level).
const OpenKeys* KeysAt(Level level);

}  // namespace elanus::simd
