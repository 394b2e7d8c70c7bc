// Kernels over sign rows for AVX2.
#if defined(__x86_64__)
#include "simd/sign_rows_levels.h"
#include "simd/sign_rows_loops.h"

#include <algorithm>

#include <immintrin.h>

namespace elanus::simd {
namespace {

// 32 signs become 32 masks; pairs of values that are set add up in 16 bits: at most 128 steps of
// +-254.
int32_t SumOfSet(const int8_t* values, const uint8_t* signs, size_t n) {
    const __m256i spread =
        _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
    const __m256i one = _mm256_set1_epi8(1);
    __m256i sums = _mm256_setzero_si256();
    for (size_t d = 0; d < n; d += 32) {
        int32_t word;
        std::memcpy(&word, signs + d / 8, sizeof word);
        const __m256i bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(word), spread);
        const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit);
        const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + d));
        sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(one, _mm256_and_si256(x, set)));
    }
    const __m256i wide = _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
    return _mm_cvtsi128_si32(sum);
}

void Costs(const SignRowQuery& query, const uint8_t* rows, const uint32_t* ids, size_t count,
           float* costs, float* bounds) {
    const int32_t all = SumOf(query);
    const size_t bytes = SignRowBytes(query.n);
    for (size_t i = 0; i < count; ++i) {
        const uint8_t* ahead = rows + ids[std::min(i + kSignRowsAhead, count - 1)] * bytes;
        for (size_t at = 0; at < bytes; at += 64) {
            __builtin_prefetch(ahead + at);
        }
        const uint8_t* row = rows + ids[i] * bytes;
        Finish(query, row, SumOfSet(query.values, row, query.n), all, costs + i, bounds + i);
    }
}

}  // namespace

const SignRowKernels& Avx2SignRows() {
    static constexpr SignRowKernels kTable{Costs};
    return kTable;
}

}  // namespace elanus::simd
#endif
