#include "simd/open_keys.h"

#include "simd/open_keys_levels.h"
#include "simd/open_keys_loops.h"

namespace elanus::simd {
namespace {

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

constexpr OpenKeys kScalarOpenKeys{OfferLoop, ScalarLeast, ScalarCountBelow, ScalarKeepBelow};

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
