#include "simd/offset_scan.h"

#include "simd/offset_scan_levels.h"

namespace elanus::simd {

const OffsetKernels* OffsetScansAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
        case Level::kScalar:
            return &ScalarOffsetScans();
#if defined(__x86_64__)
        case Level::kAvx2:
            return &Avx2OffsetScans();
        case Level::kAvx512:
        case Level::kAvx512Dot:
            return &Avx512OffsetScans();
#endif
        default:
            return nullptr;
    }
}

const OffsetKernels& OffsetScans() {
    static const OffsetKernels* const best = [] {
        const OffsetKernels* wide = OffsetScansAt(BestLevel());
        return wide != nullptr ? wide : OffsetScansAt(Level::kScalar);
    }();
    return *best;
}

}  // namespace elanus::simd
