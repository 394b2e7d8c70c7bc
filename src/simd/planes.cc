#include "simd/planes.h"

#include "simd/planes_levels.h"

namespace elanus::simd {

const PlaneKernels* PlanesAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
#if defined(__x86_64__)
        case Level::kAvx512Dot:
            return &Avx512DotPlanes();
        case Level::kAvx512:
        case Level::kAvx2:
            return &Avx2Planes();
#endif
        default:
            return &ScalarPlanes();
    }
}

const PlaneKernels& Planes() {
    static const PlaneKernels* const best = PlanesAt(BestLevel());
    return *best;
}

}  // namespace elanus::simd
