#include "simd/sign_rows.h"

#include "simd/sign_rows_levels.h"

namespace elanus::simd {

const SignRowKernels* SignRowsAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
#if defined(__x86_64__)
        case Level::kAvx512Dot:
            return &Avx512DotSignRows();
        case Level::kAvx512:
        case Level::kAvx2:
            return &Avx2SignRows();
#endif
        default:
            return &ScalarSignRows();
    }
}

const SignRowKernels& SignRows() {
    static const SignRowKernels* const best = SignRowsAt(BestLevel());
    return *best;
}

}  // namespace elanus::simd
