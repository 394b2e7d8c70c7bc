#include "simd/compare.h"

#include "simd/compare_levels.h"

namespace elanus::simd {

template <typename T>
const CompareKernels<T>* ComparisonsAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
        case Level::kScalar:
            return &ScalarComparisons<T>();
#if defined(__x86_64__)
        case Level::kAvx2:
            return &Avx2Comparisons<T>();
        case Level::kAvx512:
        case Level::kAvx512Dot:  // its additions are of no use to comparisons
            return &Avx512Comparisons<T>();
#endif
        default:
            return nullptr;
    }
}

template <typename T>
const CompareKernels<T>& Comparisons() {
    static const CompareKernels<T>* const best = [] {
        const CompareKernels<T>* wide = ComparisonsAt<T>(BestLevel());
        return wide != nullptr ? wide : ComparisonsAt<T>(Level::kScalar);
    }();
    return *best;
}

#define ELANUS_INSTANTIATE(T)                                  \
    template const CompareKernels<T>* ComparisonsAt<T>(Level); \
    template const CompareKernels<T>& Comparisons<T>();
ELANUS_COMPARE_TYPES(ELANUS_INSTANTIATE)

}  // namespace elanus::simd
