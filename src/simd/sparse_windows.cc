#include "simd/sparse_windows.h"

#include "simd/sparse_windows_levels.h"

namespace elanus::simd {

const WindowKernels* SparseWindowsAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
        case Level::kScalar:
            return &ScalarSparseWindows();
#if defined(__x86_64__)
        case Level::kAvx2:
            return &Avx2SparseWindows();
        case Level::kAvx512:
        case Level::kAvx512Dot:
            return &Avx512SparseWindows();
#endif
        default:
            return nullptr;
    }
}

const WindowKernels& SparseWindows() {
    static const WindowKernels* const best = [] {
        const WindowKernels* wide = SparseWindowsAt(BestLevel());
        return wide != nullptr ? wide : SparseWindowsAt(Level::kScalar);
    }();
    return *best;
}

}  // namespace elanus::simd
