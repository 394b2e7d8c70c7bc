// A key into a sorted array: what a search's pool of candidates does some hundred times a query.
// Invariants:
//   INV-KEYS-1  All levels leave the same array.
// Threads: any; the functions are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

// keys[0, count) ascend. Moves those that are not below `key` up by one, into keys[count] too, and
// puts `key` before them. Returns its place.
using InsertKey = size_t (*)(uint64_t* keys, size_t count, uint64_t key);

InsertKey SortedInsert();
// The one of a level, or of the best below it; the scalar one is the reference. Null when not
// Supported(level).
InsertKey SortedInsertAt(Level level);

}  // namespace elanus::simd
