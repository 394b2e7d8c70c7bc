// Kernels over sign rows for AVX-512 with VNNI.
#if defined(__x86_64__)
#include "simd/sign_rows_levels.h"
#include "simd/sign_rows_loops.h"

#include <algorithm>

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kTogether = 4;  // rows: one load of the query's values, sums that do not wait

__m128i Halve(__m512i sum) {
    const __m256i half =
        _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

__m512i AddSet(__m512i sum, const uint8_t* signs, __m512i x) {
    __mmask64 set;
    std::memcpy(&set, signs, sizeof set);
    return _mm512_dpbusd_epi32(sum, _mm512_maskz_mov_epi8(set, _mm512_set1_epi8(1)), x);
}

// Of four rows the sums of the values whose sign is set.
__m128i SumsOfSet(const int8_t* values, const uint8_t* const* rows, size_t n) {
    __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
    for (size_t d = 0; d < n; d += 64) {
        const __m512i x = _mm512_loadu_si512(values + d);
        s0 = AddSet(s0, rows[0] + d / 8, x);
        s1 = AddSet(s1, rows[1] + d / 8, x);
        s2 = AddSet(s2, rows[2] + d / 8, x);
        s3 = AddSet(s3, rows[3] + d / 8, x);
    }
    return _mm_hadd_epi32(_mm_hadd_epi32(Halve(s0), Halve(s1)),
                          _mm_hadd_epi32(Halve(s2), Halve(s3)));
}

// The three factors and four bytes of padding.
__m128 Factors(const uint8_t* row, size_t n) {
    return _mm_loadu_ps(reinterpret_cast<const float*>(row + n / 8));
}

void Costs(const SignRowQuery& query, const uint8_t* rows, const uint32_t* ids, size_t count,
           float* costs, float* bounds) {
    const size_t n = query.n, bytes = SignRowBytes(n);
    const __m128i all = _mm_set1_epi32(SumOf(query));
    const __m128 scale = _mm_set1_ps(query.scale), own = _mm_set1_ps(query.own);
    const __m128 reach = _mm_set1_ps(query.reach);
    for (size_t i = 0; i < count; i += kTogether) {
        const uint8_t* four[kTogether];
        for (size_t j = 0; j < kTogether; ++j) {
            four[j] = rows + ids[std::min(i + j, count - 1)] * bytes;
            const uint8_t* ahead = rows + ids[std::min(i + j + kSignRowsAhead, count - 1)] * bytes;
            for (size_t at = 0; at < bytes; at += 64) {
                _mm_prefetch(reinterpret_cast<const char*>(ahead + at), _MM_HINT_T0);
            }
        }
        const __m128i set = SumsOfSet(query.values, four, n);
        const __m128 estimate =
            _mm_mul_ps(_mm_cvtepi32_ps(_mm_sub_epi32(_mm_add_epi32(set, set), all)), scale);
        __m128 first = Factors(four[0], n), second = Factors(four[1], n);
        __m128 error = Factors(four[2], n), padding = Factors(four[3], n);
        _MM_TRANSPOSE4_PS(first, second, error, padding);
        const __m128 cost = _mm_fmadd_ps(second, estimate, _mm_add_ps(own, first));
        const auto taken = static_cast<__mmask8>((1u << std::min(kTogether, count - i)) - 1);
        _mm_mask_storeu_ps(costs + i, taken, cost);
        _mm_mask_storeu_ps(bounds + i, taken, _mm_fnmadd_ps(reach, error, cost));
    }
}

}  // namespace

const SignRowKernels& Avx512DotSignRows() {
    static constexpr SignRowKernels kTable{Costs};
    return kTable;
}

}  // namespace elanus::simd
#endif
