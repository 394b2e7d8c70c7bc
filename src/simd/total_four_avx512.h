// The totals of four registers of floats at once, for AVX-512: one register alone takes three
// times the instructions. Every total is added up as _mm512_reduce_add_ps does it, halves first, so
// that a pair's result is the same bits (INV-SIMD-1).
//
// In the anonymous namespace: included by distance_<level>.cc files only, each with its own copy
// (see distance_loops.h).
#pragma once

#include <immintrin.h>

namespace elanus::simd {
namespace {

inline __attribute__((always_inline)) __m128 TotalsOf(__m512 a, __m512 b, __m512 c, __m512 d) {
    // Quarters 0 and 1 of each two registers, and 2 and 3.
    const __m512 ab =
        _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
    const __m512 cd =
        _mm512_add_ps(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
    // One quarter is left of each.
    __m512 sum =
        _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
    sum = _mm512_add_ps(sum, _mm512_permute_ps(sum, 0x4e));
    sum = _mm512_add_ps(sum, _mm512_permute_ps(sum, 0xb1));
    return _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, sum));
}

}  // namespace
}  // namespace elanus::simd
