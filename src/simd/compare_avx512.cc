// Column scans for AVX-512 (F, BW): comparisons answer with mask registers, so a word of 64 rows is
// 1 to 8 instructions.
#if defined(__x86_64__)
#include "simd/compare_levels.h"
#include "simd/compare_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr int IntPredicate(CompareOp op) {
    switch (op) {
        case CompareOp::kEq:
            return _MM_CMPINT_EQ;
        case CompareOp::kNe:
            return _MM_CMPINT_NE;
        case CompareOp::kLt:
            return _MM_CMPINT_LT;
        case CompareOp::kLe:
            return _MM_CMPINT_LE;
        case CompareOp::kGt:
            return _MM_CMPINT_NLE;
        case CompareOp::kGe:
            return _MM_CMPINT_NLT;
    }
    return _MM_CMPINT_EQ;
}

// NaN as in C++ (only != holds), and quiet.
constexpr int FloatPredicate(CompareOp op) {
    switch (op) {
        case CompareOp::kEq:
            return _CMP_EQ_OQ;
        case CompareOp::kNe:
            return _CMP_NEQ_UQ;
        case CompareOp::kLt:
            return _CMP_LT_OQ;
        case CompareOp::kLe:
            return _CMP_LE_OQ;
        case CompareOp::kGt:
            return _CMP_GT_OQ;
        case CompareOp::kGe:
            return _CMP_GE_OQ;
    }
    return _CMP_FALSE_OQ;
}

template <typename T>
struct LanesOf;

template <>
struct LanesOf<int8_t> {
    static constexpr size_t kLanes = 64;
    static __m512i Broadcast(int8_t c) { return _mm512_set1_epi8(c); }
    template <CompareOp Op>
    static uint64_t Mask(const int8_t* p, __m512i c) {
        return _mm512_cmp_epi8_mask(_mm512_loadu_si512(p), c, IntPredicate(Op));
    }
};
template <>
struct LanesOf<int16_t> {
    static constexpr size_t kLanes = 32;
    static __m512i Broadcast(int16_t c) { return _mm512_set1_epi16(c); }
    template <CompareOp Op>
    static uint64_t Mask(const int16_t* p, __m512i c) {
        return _mm512_cmp_epi16_mask(_mm512_loadu_si512(p), c, IntPredicate(Op));
    }
};
template <>
struct LanesOf<int32_t> {
    static constexpr size_t kLanes = 16;
    static __m512i Broadcast(int32_t c) { return _mm512_set1_epi32(c); }
    template <CompareOp Op>
    static uint64_t Mask(const int32_t* p, __m512i c) {
        return _mm512_cmp_epi32_mask(_mm512_loadu_si512(p), c, IntPredicate(Op));
    }
};
template <>
struct LanesOf<int64_t> {
    static constexpr size_t kLanes = 8;
    static __m512i Broadcast(int64_t c) { return _mm512_set1_epi64(c); }
    template <CompareOp Op>
    static uint64_t Mask(const int64_t* p, __m512i c) {
        return _mm512_cmp_epi64_mask(_mm512_loadu_si512(p), c, IntPredicate(Op));
    }
};
template <>
struct LanesOf<float> {
    static constexpr size_t kLanes = 16;
    static __m512 Broadcast(float c) { return _mm512_set1_ps(c); }
    template <CompareOp Op>
    static uint64_t Mask(const float* p, __m512 c) {
        return _mm512_cmp_ps_mask(_mm512_loadu_ps(p), c, FloatPredicate(Op));
    }
};
template <>
struct LanesOf<double> {
    static constexpr size_t kLanes = 8;
    static __m512d Broadcast(double c) { return _mm512_set1_pd(c); }
    template <CompareOp Op>
    static uint64_t Mask(const double* p, __m512d c) {
        return _mm512_cmp_pd_mask(_mm512_loadu_pd(p), c, FloatPredicate(Op));
    }
};

}  // namespace

#define ELANUS_DEFINE_AVX512(T)                       \
    template <>                                       \
    const CompareKernels<T>& Avx512Comparisons<T>() { \
        return CompareLoops<T, LanesOf<T>>::kTable;   \
    }
ELANUS_COMPARE_TYPES(ELANUS_DEFINE_AVX512)

}  // namespace elanus::simd
#endif
