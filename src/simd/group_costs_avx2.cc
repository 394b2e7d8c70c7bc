// Group kernels for AVX2. A table of 256 bytes is sixteen shuffles, of which each bit of a code's
// upper half leaves one of two.
#if defined(__x86_64__)
#include "simd/group_costs_levels.h"
#include "simd/nibble_sums_avx2.h"
#include "simd/scan_ahead.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kPositionsAtOnce = 256;  // sums stay within 16 bits a lane

__m256i Load(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

__m256i LoadTwice(const void* p) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}

// Adds the sums of 32 rows.
void AddWords(const WordSums& words, __m256i* sums) {
    const __m256i even = words.Even();
    AddInOrder(LowerWords(even), LowerWords(words.odd), sums);
    AddInOrder(UpperWords(even), UpperWords(words.odd), sums + 2);
}

// Sums of eight rows to costs.
uint64_t Finish(const GroupScan& scan, __m256i sums, size_t at, const float* terms,
                const float* factors, float* costs) {
    __m256 cost = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), _mm256_set1_ps(scan.step),
                                  _mm256_set1_ps(scan.shift));
    if (factors != nullptr) {
        cost = _mm256_mul_ps(cost, _mm256_loadu_ps(factors + at));
    }
    __m256 start = _mm256_set1_ps(scan.base);
    if (terms != nullptr) {
        start = _mm256_add_ps(start, _mm256_loadu_ps(terms + at));
    }
    cost = _mm256_add_ps(cost, start);
    _mm256_storeu_ps(costs + at, cost);
    const __m256 near = _mm256_cmp_ps(cost, _mm256_set1_ps(scan.limit), _CMP_NGT_UQ);
    return static_cast<uint64_t>(static_cast<unsigned>(_mm256_movemask_ps(near))) << at;
}

template <size_t kRows>
uint64_t FinishAll(const GroupScan& scan, const __m256i (&sums)[kRows / 8], const float* terms,
                   const float* factors, float* costs) {
    uint64_t near = 0;
    for (size_t at = 0; at < kRows; at += 8) {
        near |= Finish(scan, sums[at / 8], at, terms, factors, costs);
    }
    return near;
}

uint64_t Nibbles(const GroupScan& scan, const uint8_t* group, const float* terms,
                 const float* factors, float* costs) {
    __m256i sums[kNibbleGroup / 8];
    const uint8_t* behind = group + kScanAheadBytes;
    const auto ask = [&] {
        __builtin_prefetch(behind);
        behind += 64;
    };
    SumNibbles(group, scan.tables, 16 * scan.positions, ask, sums);
    return FinishAll<kNibbleGroup>(scan, sums, terms, factors, costs);
}

// table[code] of 32 codes. A blend looks at the highest bit of each byte, so the codes are shifted
// until the bit in question is there.
__m256i LookUp(const uint8_t* table, __m256i codes) {
    const __m256i place = _mm256_and_si256(codes, _mm256_set1_epi8(15));
    const __m256i bit4 = _mm256_slli_epi16(codes, 3);
    const __m256i bit5 = _mm256_slli_epi16(codes, 2);
    const __m256i bit6 = _mm256_slli_epi16(codes, 1);
    const auto of = [&](size_t part) {
        return _mm256_shuffle_epi8(LoadTwice(table + 16 * part), place);
    };
    const auto two = [&](size_t part) { return _mm256_blendv_epi8(of(part), of(part + 1), bit4); };
    const auto four = [&](size_t part) {
        return _mm256_blendv_epi8(two(part), two(part + 2), bit5);
    };
    return _mm256_blendv_epi8(_mm256_blendv_epi8(four(0), four(4), bit6),
                              _mm256_blendv_epi8(four(8), four(12), bit6), codes);
}

uint64_t Bytes(const GroupScan& scan, const uint8_t* group, const float* terms,
               const float* factors, float* costs) {
    __m256i sums[kByteGroup / 8] = {};
    for (size_t p = 0; p < scan.positions; p += kPositionsAtOnce) {
        const size_t end =
            p + kPositionsAtOnce < scan.positions ? p + kPositionsAtOnce : scan.positions;
        WordSums first, second;
        for (size_t at = p; at < end; ++at) {
            const uint8_t* codes = group + kByteGroup * at;
            first.Add(LookUp(scan.tables + 256 * at, Load(codes)));
            second.Add(LookUp(scan.tables + 256 * at, Load(codes + 32)));
        }
        AddWords(first, sums);
        AddWords(second, sums + 4);
    }
    return FinishAll<kByteGroup>(scan, sums, terms, factors, costs);
}

}  // namespace

const GroupKernels& Avx2Groups() {
    static constexpr GroupKernels kTable{Nibbles, Bytes};
    return kTable;
}

}  // namespace elanus::simd
#endif
