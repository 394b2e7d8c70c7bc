// Insertion by the single instruction sets, one per sorted_keys_<level>.cc. Call them only through
// SortedInsertAt(), which asks the processor first.
#pragma once

#include "simd/sorted_keys.h"

namespace elanus::simd {

size_t Avx512InsertKey(uint64_t* keys, size_t count, uint64_t key);

}  // namespace elanus::simd
