#include "simd/sorted_keys.h"

#include "simd/sorted_keys_levels.h"

#include <cstring>

namespace elanus::simd {
namespace {

// A binary search without branches on keys: where a candidate goes is not to be foreseen.
size_t ScalarInsertKey(uint64_t* keys, size_t count, uint64_t key) {
    size_t low = 0;
    for (size_t left = count; left > 0;) {
        const size_t half = left / 2;
        const bool right = keys[low + half] < key;
        low += right ? half + 1 : 0;
        left = right ? left - half - 1 : half;
    }
    std::memmove(keys + low + 1, keys + low, (count - low) * sizeof *keys);
    keys[low] = key;
    return low;
}

}  // namespace

InsertKey SortedInsertAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
#if defined(__x86_64__)
    if (level == Level::kAvx512 || level == Level::kAvx512Dot) {
        return Avx512InsertKey;
    }
#endif
    return ScalarInsertKey;
}

InsertKey SortedInsert() {
    static const InsertKey best = SortedInsertAt(BestLevel());
    return best;
}

}  // namespace elanus::simd
