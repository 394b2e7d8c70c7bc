// Group kernels for AVX2. A table of 256 bytes does not fit its registers: those are looked up one
// by one.
#if defined(__x86_64__)
#include "simd/group_costs_levels.h"
#include "simd/group_costs_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kPositionsAtOnce = 256;  // sums stay within 16 bits a lane

__m256i Load(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

// Adds the sums of the even and the odd bytes of two lanes, in order.
void AddSums(__m256i all, __m256i odd, uint32_t* sums) {
    const __m256i even = _mm256_sub_epi16(all, _mm256_slli_epi16(odd, 8));
    alignas(32) uint16_t e[16], o[16];
    _mm256_store_si256(reinterpret_cast<__m256i*>(e), even);
    _mm256_store_si256(reinterpret_cast<__m256i*>(o), odd);
    for (size_t i = 0; i < 8; ++i) {
        sums[2 * i] += static_cast<uint32_t>(e[i]) + e[i + 8];
        sums[2 * i + 1] += static_cast<uint32_t>(o[i]) + o[i + 8];
    }
}

uint64_t Nibbles(const GroupScan& scan, const uint8_t* group, const float* terms,
                 const float* factors, float* costs) {
    const __m256i low = _mm256_set1_epi8(15);
    uint32_t sums[kNibbleGroup] = {};
    for (size_t p = 0; p < scan.positions; p += kPositionsAtOnce) {
        const size_t end =
            p + kPositionsAtOnce < scan.positions ? p + kPositionsAtOnce : scan.positions;
        __m256i a0 = _mm256_setzero_si256(), a1 = a0, b0 = a0, b1 = a0;
        for (size_t at = 16 * p; at < 16 * end; at += 32) {
            const __m256i codes = Load(group + at);
            const __m256i table = Load(scan.tables + at);
            const __m256i a = _mm256_shuffle_epi8(table, _mm256_and_si256(codes, low));
            const __m256i b =
                _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(codes, 4), low));
            a0 = _mm256_add_epi16(a0, a);
            a1 = _mm256_add_epi16(a1, _mm256_srli_epi16(a, 8));
            b0 = _mm256_add_epi16(b0, b);
            b1 = _mm256_add_epi16(b1, _mm256_srli_epi16(b, 8));
        }
        AddSums(a0, a1, sums);
        AddSums(b0, b1, sums + 16);
    }
    return CostsOfSums<kNibbleGroup>(scan, sums, terms, factors, costs);
}

}  // namespace

const GroupKernels& Avx2Groups() {
    static constexpr GroupKernels kTable{Nibbles, BytesLoop};
    return kTable;
}

}  // namespace elanus::simd
#endif
