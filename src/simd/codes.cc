#include "simd/codes.h"

#include "simd/codes_levels.h"

namespace elanus::simd {

const CodeKernels* CodesAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
#if defined(__x86_64__)
        case Level::kAvx512Dot:
            return &Avx512DotCodes();
        case Level::kAvx512:
        case Level::kAvx2:
            return &Avx2Codes();
#endif
        default:
            return &ScalarCodes();
    }
}

const CodeKernels& Codes() {
    static const CodeKernels* const best = CodesAt(BestLevel());
    return *best;
}

}  // namespace elanus::simd
