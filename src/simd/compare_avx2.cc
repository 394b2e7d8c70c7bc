// Column scans for AVX2. Integers have "equal" and "greater" only; the other orders are built from
// those by swapping the sides or inverting the mask.
#if defined(__x86_64__)
#include "simd/compare_levels.h"
#include "simd/compare_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

template <typename T>
__m256i LoadInts(const T* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

// Derives all six orders of an integer type from I::Equal and I::Greater, which answer with bits.
template <typename T, typename I>
struct IntLanes : I {
    template <CompareOp Op>
    static uint64_t Mask(const T* p, __m256i c) {
        constexpr uint64_t kAll = (uint64_t{1} << I::kLanes) - 1;
        switch (Op) {
            case CompareOp::kEq:
                return I::Equal(p, c);
            case CompareOp::kNe:
                return I::Equal(p, c) ^ kAll;
            case CompareOp::kGt:
                return I::Greater(p, c);
            case CompareOp::kLe:
                return I::Greater(p, c) ^ kAll;
            case CompareOp::kLt:
                return I::Less(p, c);
            case CompareOp::kGe:
                return I::Less(p, c) ^ kAll;
        }
        return 0;
    }
};

struct Bytes {
    static constexpr size_t kLanes = 32;
    static __m256i Broadcast(int8_t c) { return _mm256_set1_epi8(c); }
    static uint64_t Bits(__m256i m) { return static_cast<uint32_t>(_mm256_movemask_epi8(m)); }
    static uint64_t Equal(const int8_t* p, __m256i c) {
        return Bits(_mm256_cmpeq_epi8(LoadInts(p), c));
    }
    static uint64_t Greater(const int8_t* p, __m256i c) {
        return Bits(_mm256_cmpgt_epi8(LoadInts(p), c));
    }
    static uint64_t Less(const int8_t* p, __m256i c) {
        return Bits(_mm256_cmpgt_epi8(c, LoadInts(p)));
    }
};

struct Shorts {
    static constexpr size_t kLanes = 32;
    static __m256i Broadcast(int16_t c) { return _mm256_set1_epi16(c); }
    // Two registers of 16-bit masks become one of bytes; packing works within 128-bit halves, so
    // the four quarters are put back in order.
    static uint64_t Bits(__m256i a, __m256i b) {
        const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(a, b), 0xd8);
        return static_cast<uint32_t>(_mm256_movemask_epi8(packed));
    }
    static uint64_t Equal(const int16_t* p, __m256i c) {
        return Bits(_mm256_cmpeq_epi16(LoadInts(p), c), _mm256_cmpeq_epi16(LoadInts(p + 16), c));
    }
    static uint64_t Greater(const int16_t* p, __m256i c) {
        return Bits(_mm256_cmpgt_epi16(LoadInts(p), c), _mm256_cmpgt_epi16(LoadInts(p + 16), c));
    }
    static uint64_t Less(const int16_t* p, __m256i c) {
        return Bits(_mm256_cmpgt_epi16(c, LoadInts(p)), _mm256_cmpgt_epi16(c, LoadInts(p + 16)));
    }
};

struct Ints {
    static constexpr size_t kLanes = 8;
    static __m256i Broadcast(int32_t c) { return _mm256_set1_epi32(c); }
    static uint64_t Bits(__m256i m) {
        return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(m)));
    }
    static uint64_t Equal(const int32_t* p, __m256i c) {
        return Bits(_mm256_cmpeq_epi32(LoadInts(p), c));
    }
    static uint64_t Greater(const int32_t* p, __m256i c) {
        return Bits(_mm256_cmpgt_epi32(LoadInts(p), c));
    }
    static uint64_t Less(const int32_t* p, __m256i c) {
        return Bits(_mm256_cmpgt_epi32(c, LoadInts(p)));
    }
};

struct Longs {
    static constexpr size_t kLanes = 4;
    static __m256i Broadcast(int64_t c) { return _mm256_set1_epi64x(c); }
    static uint64_t Bits(__m256i m) {
        return static_cast<uint32_t>(_mm256_movemask_pd(_mm256_castsi256_pd(m)));
    }
    static uint64_t Equal(const int64_t* p, __m256i c) {
        return Bits(_mm256_cmpeq_epi64(LoadInts(p), c));
    }
    static uint64_t Greater(const int64_t* p, __m256i c) {
        return Bits(_mm256_cmpgt_epi64(LoadInts(p), c));
    }
    static uint64_t Less(const int64_t* p, __m256i c) {
        return Bits(_mm256_cmpgt_epi64(c, LoadInts(p)));
    }
};

// The instruction's number of the order; NaN as in C++ (only != holds), and quiet.
constexpr int Predicate(CompareOp op) {
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

struct Floats {
    static constexpr size_t kLanes = 8;
    static __m256 Broadcast(float c) { return _mm256_set1_ps(c); }
    template <CompareOp Op>
    static uint64_t Mask(const float* p, __m256 c) {
        const __m256 m = _mm256_cmp_ps(_mm256_loadu_ps(p), c, Predicate(Op));
        return static_cast<uint32_t>(_mm256_movemask_ps(m));
    }
};

struct Doubles {
    static constexpr size_t kLanes = 4;
    static __m256d Broadcast(double c) { return _mm256_set1_pd(c); }
    template <CompareOp Op>
    static uint64_t Mask(const double* p, __m256d c) {
        const __m256d m = _mm256_cmp_pd(_mm256_loadu_pd(p), c, Predicate(Op));
        return static_cast<uint32_t>(_mm256_movemask_pd(m));
    }
};

template <typename T>
struct LanesOf;
template <>
struct LanesOf<int8_t> : IntLanes<int8_t, Bytes> {};
template <>
struct LanesOf<int16_t> : IntLanes<int16_t, Shorts> {};
template <>
struct LanesOf<int32_t> : IntLanes<int32_t, Ints> {};
template <>
struct LanesOf<int64_t> : IntLanes<int64_t, Longs> {};
template <>
struct LanesOf<float> : Floats {};
template <>
struct LanesOf<double> : Doubles {};

}  // namespace

#define ELANUS_DEFINE_AVX2(T)                       \
    template <>                                     \
    const CompareKernels<T>& Avx2Comparisons<T>() { \
        return CompareLoops<T, LanesOf<T>>::kTable; \
    }
ELANUS_COMPARE_TYPES(ELANUS_DEFINE_AVX2)

}  // namespace elanus::simd
#endif
