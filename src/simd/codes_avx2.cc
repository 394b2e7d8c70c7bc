// Code kernels for AVX2: the two that a walk spends its time in; the compiler does the rest.
#if defined(__x86_64__)
#include "simd/codes_levels.h"
#include "simd/codes_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

__m256i Load(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

__m256i Wide(const int8_t* p) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

int32_t Dot(const int8_t* a, const int8_t* b, size_t n) {
    __m256i s0 = _mm256_setzero_si256(), s1 = s0;
    for (size_t i = 0; i < n; i += 32) {
        s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(Wide(a + i), Wide(b + i)));
        s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(Wide(a + i + 16), Wide(b + i + 16)));
    }
    const __m256i both = _mm256_add_epi32(s0, s1);
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
    return _mm_cvtsi128_si32(sum);
}

// Sums of the even and the odd bytes of two lanes -> 16 integers in order.
void Store(__m256i all, __m256i odd, uint32_t* out) {
    const __m256i even = _mm256_sub_epi16(all, _mm256_slli_epi16(odd, 8));
    alignas(32) uint16_t e[16], o[16];
    _mm256_store_si256(reinterpret_cast<__m256i*>(e), even);
    _mm256_store_si256(reinterpret_cast<__m256i*>(o), odd);
    for (size_t i = 0; i < 8; ++i) {
        out[2 * i] = static_cast<uint32_t>(e[i]) + e[i + 8];
        out[2 * i + 1] = static_cast<uint32_t>(o[i]) + o[i + 8];
    }
}

void Dots(const int8_t* a, const int8_t* const* rows, size_t count, size_t n, int32_t* out) {
    for (size_t i = 0; i < count; ++i) {
        out[i] = Dot(a, rows[i], n);
    }
}

uint32_t Scan(const SignQuery& query, const uint8_t* group, float own, float limit,
              const uint8_t* next, size_t next_bytes, float* costs) {
    BringNear(next, next_bytes);
    const __m256i low = _mm256_set1_epi8(15);
    __m256i a0 = _mm256_setzero_si256(), a1 = a0, b0 = a0, b1 = a0;
    for (size_t at = 0; at < GroupCodeBytes(query.n); at += 32) {
        const __m256i codes = Load(group + at);
        const __m256i table = Load(query.tables + at);
        const __m256i a = _mm256_shuffle_epi8(table, _mm256_and_si256(codes, low));
        const __m256i b =
            _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(codes, 4), low));
        a0 = _mm256_add_epi16(a0, a);
        a1 = _mm256_add_epi16(a1, _mm256_srli_epi16(a, 8));
        b0 = _mm256_add_epi16(b0, b);
        b1 = _mm256_add_epi16(b1, _mm256_srli_epi16(b, 8));
    }
    uint32_t sums[kGroupVectors];
    Store(a0, a1, sums);
    Store(b0, b1, sums + 16);
    return CostsLoop(query, group, sums, own, limit, costs);
}

}  // namespace

const CodeKernels& Avx2Codes() {
    static constexpr CodeKernels kTable{Dot,       Dots, EncodeLoop,  TablesLoop,
                                        SignsLoop, Scan, HadamardLoop};
    return kTable;
}

}  // namespace elanus::simd
#endif
