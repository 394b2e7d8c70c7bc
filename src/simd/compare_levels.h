// The comparison tables of the single instruction sets, one per compare_<level>.cc. Call them only
// through ComparisonsAt(), which asks the processor first.
#pragma once

#include "simd/compare.h"

namespace elanus::simd {

template <typename T>
const CompareKernels<T>& ScalarComparisons();
template <typename T>
const CompareKernels<T>& Avx2Comparisons();
template <typename T>
const CompareKernels<T>& Avx512Comparisons();

// Names `MACRO(T)` for every type a column scan takes.
#define ELANUS_COMPARE_TYPES(MACRO) \
    MACRO(int8_t)                   \
    MACRO(int16_t)                  \
    MACRO(int32_t)                  \
    MACRO(int64_t)                  \
    MACRO(float)                    \
    MACRO(double)

#define ELANUS_DECLARE_COMPARISONS(T)                \
    template <>                                      \
    const CompareKernels<T>& ScalarComparisons<T>(); \
    template <>                                      \
    const CompareKernels<T>& Avx2Comparisons<T>();   \
    template <>                                      \
    const CompareKernels<T>& Avx512Comparisons<T>();
ELANUS_COMPARE_TYPES(ELANUS_DECLARE_COMPARISONS)
#undef ELANUS_DECLARE_COMPARISONS

}  // namespace elanus::simd
