// Group kernels for AVX-512 with VBMI: a table of 256 bytes is four registers.
#if defined(__x86_64__)
#include "simd/group_costs_levels.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kPositionsAtOnce = 256;  // sums stay within 16 bits a lane

__m512i Load(const void* p) {
    return _mm512_loadu_si512(p);
}

// Four lanes of eight words -> eight integers.
__m256i AddLanes(__m512i words) {
    const __m512i x = _mm512_add_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(words)),
                                       _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(words, 1)));
    return _mm256_add_epi32(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
}

// Sums of the even and the odd bytes of four lanes -> 16 sums in order.
__m512i LaneSums(__m512i all, __m512i odd) {
    const __m512i even = _mm512_sub_epi16(all, _mm512_slli_epi16(odd, 8));
    const __m512i both =
        _mm512_inserti64x4(_mm512_castsi256_si512(AddLanes(even)), AddLanes(odd), 1);
    const __m512i order = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    return _mm512_permutexvar_epi32(order, both);
}

// Sums of 16 rows to costs.
uint64_t Finish(const GroupScan& scan, __m512i sums, size_t at, const float* terms,
                const float* factors, float* costs) {
    __m512 cost = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), _mm512_set1_ps(scan.step),
                                  _mm512_set1_ps(scan.shift));
    if (factors != nullptr) {
        cost = _mm512_mul_ps(cost, _mm512_loadu_ps(factors + at));
    }
    __m512 start = _mm512_set1_ps(scan.base);
    if (terms != nullptr) {
        start = _mm512_add_ps(start, _mm512_loadu_ps(terms + at));
    }
    cost = _mm512_add_ps(cost, start);
    _mm512_storeu_ps(costs + at, cost);
    const auto near = _mm512_cmp_ps_mask(cost, _mm512_set1_ps(scan.limit), _CMP_NGT_UQ);
    return static_cast<uint64_t>(near) << at;
}

uint64_t Nibbles(const GroupScan& scan, const uint8_t* group, const float* terms,
                 const float* factors, float* costs) {
    const __m512i low = _mm512_set1_epi8(15);
    __m512i first = _mm512_setzero_si512(), second = first;
    for (size_t p = 0; p < scan.positions; p += kPositionsAtOnce) {
        const size_t end =
            p + kPositionsAtOnce < scan.positions ? p + kPositionsAtOnce : scan.positions;
        __m512i a0 = _mm512_setzero_si512(), a1 = a0, b0 = a0, b1 = a0;
        for (size_t at = 16 * p; at < 16 * end; at += 64) {
            const __m512i codes = Load(group + at);
            const __m512i table = Load(scan.tables + at);
            const __m512i a = _mm512_shuffle_epi8(table, _mm512_and_si512(codes, low));
            const __m512i b =
                _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(codes, 4), low));
            a0 = _mm512_add_epi16(a0, a);
            a1 = _mm512_add_epi16(a1, _mm512_srli_epi16(a, 8));
            b0 = _mm512_add_epi16(b0, b);
            b1 = _mm512_add_epi16(b1, _mm512_srli_epi16(b, 8));
        }
        first = _mm512_add_epi32(first, LaneSums(a0, a1));
        second = _mm512_add_epi32(second, LaneSums(b0, b1));
    }
    return Finish(scan, first, 0, terms, factors, costs) |
           Finish(scan, second, 16, terms, factors, costs);
}

// Sums of 16-bit words, of the even bytes and of the odd ones, to integers in the order of bytes.
void Widen(__m512i even, __m512i odd, __m512i* sums) {
    // Words w of both: bytes 2w and 2w + 1.
    for (int half = 0; half < 2; ++half) {
        const __m256i e =
            half == 0 ? _mm512_castsi512_si256(even) : _mm512_extracti64x4_epi64(even, 1);
        const __m256i o =
            half == 0 ? _mm512_castsi512_si256(odd) : _mm512_extracti64x4_epi64(odd, 1);
        const __m512i wide_even = _mm512_cvtepu16_epi32(e), wide_odd = _mm512_cvtepu16_epi32(o);
        const __m512i lower =
            _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const __m512i upper =
            _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        sums[2 * half] =
            _mm512_add_epi32(sums[2 * half], _mm512_permutex2var_epi32(wide_even, lower, wide_odd));
        sums[2 * half + 1] = _mm512_add_epi32(
            sums[2 * half + 1], _mm512_permutex2var_epi32(wide_even, upper, wide_odd));
    }
}

uint64_t Bytes(const GroupScan& scan, const uint8_t* group, const float* terms,
               const float* factors, float* costs) {
    __m512i sums[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                       _mm512_setzero_si512()};
    for (size_t p = 0; p < scan.positions; p += kPositionsAtOnce) {
        const size_t end =
            p + kPositionsAtOnce < scan.positions ? p + kPositionsAtOnce : scan.positions;
        __m512i all = _mm512_setzero_si512(), odd = all;
        for (size_t at = p; at < end; ++at) {
            const uint8_t* table = scan.tables + 256 * at;
            const __m512i codes = Load(group + kByteGroup * at);
            const __m512i lower = _mm512_permutex2var_epi8(Load(table), codes, Load(table + 64));
            const __m512i upper =
                _mm512_permutex2var_epi8(Load(table + 128), codes, Load(table + 192));
            const __m512i part = _mm512_mask_mov_epi8(lower, _mm512_movepi8_mask(codes), upper);
            all = _mm512_add_epi16(all, part);
            odd = _mm512_add_epi16(odd, _mm512_srli_epi16(part, 8));
        }
        Widen(_mm512_sub_epi16(all, _mm512_slli_epi16(odd, 8)), odd, sums);
    }
    uint64_t near = 0;
    for (size_t i = 0; i < 4; ++i) {
        near |= Finish(scan, sums[i], 16 * i, terms, factors, costs);
    }
    return near;
}

}  // namespace

const GroupKernels& Avx512DotGroups() {
    static constexpr GroupKernels kTable{Nibbles, Bytes};
    return kTable;
}

}  // namespace elanus::simd
#endif
