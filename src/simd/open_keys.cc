#include "simd/open_keys.h"

#include "simd/open_keys_levels.h"
#include "simd/ordered_bits.h"

#include <bit>

namespace elanus::simd {
namespace {

uint64_t KeyOf(float cost, uint32_t row) {
    return uint64_t{OrderedBits(cost)} << 32 | uint64_t{row} << 1;
}

size_t ScalarOffer(const float* costs, const uint32_t* ids, uint32_t chosen, const uint64_t* marks,
                   uint32_t rows, uint64_t* out) {
    size_t count = 0;
    for (; chosen != 0; chosen &= chosen - 1) {
        const int i = std::countr_zero(chosen);
        if (ids[i] >= rows) {
            return kBadRow;
        }
        const bool marked = (marks[ids[i] / 64] >> (ids[i] % 64) & 1) != 0;
        out[count] = KeyOf(costs[i], ids[i]);
        count += marked ? 0 : 1;
    }
    return count;
}

size_t ScalarLeast(const uint64_t* keys, size_t count) {
    size_t place = 0;
    uint64_t least = keys[0];
    for (size_t i = 1; i < count; ++i) {
        const bool less = keys[i] < least;
        place = less ? i : place;
        least = less ? keys[i] : least;
    }
    return place;
}

size_t ScalarCountBelow(const uint64_t* keys, size_t count, uint64_t limit) {
    size_t below = 0;
    for (size_t i = 0; i < count; ++i) {
        below += keys[i] < limit ? 1 : 0;
    }
    return below;
}

size_t ScalarKeepBelow(uint64_t* keys, size_t count, uint64_t limit) {
    size_t kept = 0;
    for (size_t i = 0; i < count; ++i) {
        keys[kept] = keys[i];
        kept += keys[i] < limit ? 1 : 0;
    }
    return kept;
}

constexpr OpenKeys kScalarOpenKeys{ScalarOffer, ScalarLeast, ScalarCountBelow, ScalarKeepBelow};

}  // namespace

const OpenKeys* KeysAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
#if defined(__x86_64__)
    if (level == Level::kAvx512 || level == Level::kAvx512Dot) {
        return &kAvx512OpenKeys;
    }
    if (level == Level::kAvx2) {
        return &kAvx2OpenKeys;
    }
#endif
    return &kScalarOpenKeys;
}

const OpenKeys& Keys() {
    static const OpenKeys& best = *KeysAt(BestLevel());
    return best;
}

}  // namespace elanus::simd
