#include "simd/near_rows.h"

#include "simd/near_rows_levels.h"

#include <algorithm>
#include <bit>

namespace elanus::simd {

uint32_t NearBase(float most) {
    constexpr uint32_t kRange = uint32_t{kNoDistance - 1} << 12;
    return std::max(std::bit_cast<uint32_t>(std::max(most, 0.0f)), kRange) - kRange;
}

const NearKernels* NearAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
#if defined(__x86_64__)
        case Level::kAvx512Dot:
            return &Avx512DotNear();
        case Level::kAvx512:
        case Level::kAvx2:
            return &Avx2Near();
#endif
        default:
            return &ScalarNear();
    }
}

const NearKernels& Near() {
    static const NearKernels* const best = NearAt(BestLevel());
    return *best;
}

}  // namespace elanus::simd
