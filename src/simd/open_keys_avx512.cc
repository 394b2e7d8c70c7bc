// Unsorted keys for AVX-512: eight keys at once, and what is kept is packed together by one
// instruction instead of a branch a key.
#if defined(__x86_64__)
#include "simd/open_keys_levels.h"

#include <bit>

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kLanes = 8;

__mmask8 FirstLanes(size_t count) {
    return static_cast<__mmask8>(count < kLanes ? (1u << count) - 1 : 0xff);
}

// To a register first: packing straight into memory is slow on some processors.
size_t Pack(__m512i keys, __mmask8 lanes, uint64_t* out) {
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi64(lanes, keys));
    return static_cast<size_t>(std::popcount(static_cast<unsigned>(lanes)));
}

// As integers of the same order; both zeros are equal, what is no number is the largest.
__m512i Ordered(__m512 costs) {
    const __mmask16 numbers = _mm512_cmp_ps_mask(costs, costs, _CMP_ORD_Q);
    const __m512i bits = _mm512_castps_si512(_mm512_add_ps(costs, _mm512_setzero_ps()));
    const __m512i flip =
        _mm512_or_si512(_mm512_srai_epi32(bits, 31), _mm512_set1_epi32(static_cast<int>(1u << 31)));
    return _mm512_mask_xor_epi32(_mm512_set1_epi32(-1), numbers, bits, flip);
}

__m512i KeysOf(__m256i ordered, __m256i rows) {
    return _mm512_or_si512(_mm512_slli_epi64(_mm512_cvtepu32_epi64(ordered), 32),
                           _mm512_slli_epi64(_mm512_cvtepu32_epi64(rows), 1));
}

// The chosen ones of 16 rows that are not marked.
__mmask16 Fresh(__mmask16 chosen, __m512i ids, const uint64_t* marks) {
    const __m512i words = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), chosen,
                                                      _mm512_srli_epi32(ids, 5), marks, 4);
    const __m512i bits =
        _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_and_si512(ids, _mm512_set1_epi32(31)));
    return _mm512_mask_testn_epi32_mask(chosen, words, bits);
}

size_t Offer(const float* costs, const uint32_t* ids, uint32_t chosen, const uint64_t* marks,
             uint32_t rows, uint64_t* out) {
    size_t count = 0;
    for (size_t half = 0; half < 2; ++half) {
        auto lanes = static_cast<__mmask16>(chosen >> (16 * half));
        const __m512i rows_of = _mm512_loadu_si512(ids + 16 * half);
        if (_mm512_mask_cmpge_epu32_mask(lanes, rows_of,
                                         _mm512_set1_epi32(static_cast<int>(rows))) != 0) {
            return kBadRow;
        }
        lanes = Fresh(lanes, rows_of, marks);
        const __m512i ordered = Ordered(_mm512_loadu_ps(costs + 16 * half));
        count += Pack(KeysOf(_mm512_castsi512_si256(ordered), _mm512_castsi512_si256(rows_of)),
                      static_cast<__mmask8>(lanes), out + count);
        count += Pack(
            KeysOf(_mm512_extracti64x4_epi64(ordered, 1), _mm512_extracti64x4_epi64(rows_of, 1)),
            static_cast<__mmask8>(lanes >> 8), out + count);
    }
    return count;
}

size_t Least(const uint64_t* keys, size_t count) {
    const __m512i none = _mm512_set1_epi64(-1);
    __m512i a = none, b = none;
    size_t i = 0;
    for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
        a = _mm512_min_epu64(a, _mm512_loadu_si512(keys + i));
        b = _mm512_min_epu64(b, _mm512_loadu_si512(keys + i + kLanes));
    }
    for (; i < count; i += kLanes) {
        a = _mm512_min_epu64(a, _mm512_mask_loadu_epi64(none, FirstLanes(count - i), keys + i));
    }
    const __m512i least =
        _mm512_set1_epi64(static_cast<long long>(_mm512_reduce_min_epu64(_mm512_min_epu64(a, b))));
    for (i = 0; i < count; i += kLanes) {
        const __mmask8 lanes = FirstLanes(count - i);
        const __mmask8 equal =
            _mm512_mask_cmpeq_epu64_mask(lanes, _mm512_maskz_loadu_epi64(lanes, keys + i), least);
        if (equal != 0) {
            return i + static_cast<size_t>(std::countr_zero(static_cast<unsigned>(equal)));
        }
    }
    return 0;
}

size_t CountBelow(const uint64_t* keys, size_t count, uint64_t limit) {
    const __m512i bound = _mm512_set1_epi64(static_cast<long long>(limit));
    size_t below = 0;
    for (size_t i = 0; i < count; i += kLanes) {
        const __mmask8 lanes = FirstLanes(count - i);
        below +=
            static_cast<size_t>(std::popcount(static_cast<unsigned>(_mm512_mask_cmplt_epu64_mask(
                lanes, _mm512_maskz_loadu_epi64(lanes, keys + i), bound))));
    }
    return below;
}

size_t KeepBelow(uint64_t* keys, size_t count, uint64_t limit) {
    const __m512i bound = _mm512_set1_epi64(static_cast<long long>(limit));
    size_t kept = 0;
    for (size_t i = 0; i < count; i += kLanes) {
        const __mmask8 lanes = FirstLanes(count - i);
        const __m512i some = _mm512_maskz_loadu_epi64(lanes, keys + i);
        kept += Pack(some, _mm512_mask_cmplt_epu64_mask(lanes, some, bound), keys + kept);
    }
    return kept;
}

}  // namespace

const OpenKeys kAvx512OpenKeys{Offer, Least, CountBelow, KeepBelow};

}  // namespace elanus::simd
#endif
