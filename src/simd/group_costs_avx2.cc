// Group kernels for AVX2. A table of 256 bytes is sixteen shuffles, of which each bit of a code's
// upper half leaves one of two.
#if defined(__x86_64__)
#include "simd/group_costs_levels.h"

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

// Sums of bytes in 16-bit words: of all bytes (the odd ones 256 times) and of the odd ones.
struct WordSums {
    __m256i all = _mm256_setzero_si256();
    __m256i odd = _mm256_setzero_si256();

    void Add(__m256i bytes) {
        all = _mm256_add_epi16(all, bytes);
        odd = _mm256_add_epi16(odd, _mm256_srli_epi16(bytes, 8));
    }
    __m256i Even() const { return _mm256_sub_epi16(all, _mm256_slli_epi16(odd, 8)); }
};

__m256i Lower(__m256i words) {
    return _mm256_cvtepu16_epi32(_mm256_castsi256_si128(words));
}

__m256i Upper(__m256i words) {
    return _mm256_cvtepu16_epi32(_mm256_extracti128_si256(words, 1));
}

// Adds integers of the even and the odd of 16 bytes in their order.
void AddInOrder(__m256i even, __m256i odd, __m256i* sums) {
    const __m256i low = _mm256_unpacklo_epi32(even, odd), high = _mm256_unpackhi_epi32(even, odd);
    sums[0] = _mm256_add_epi32(sums[0], _mm256_permute2x128_si256(low, high, 0x20));
    sums[1] = _mm256_add_epi32(sums[1], _mm256_permute2x128_si256(low, high, 0x31));
}

// Adds the sums of two lanes, which are of the same 16 rows.
void AddLanes(const WordSums& words, __m256i* sums) {
    const __m256i even = words.Even();
    AddInOrder(_mm256_add_epi32(Lower(even), Upper(even)),
               _mm256_add_epi32(Lower(words.odd), Upper(words.odd)), sums);
}

// Adds the sums of 32 rows.
void AddWords(const WordSums& words, __m256i* sums) {
    const __m256i even = words.Even();
    AddInOrder(Lower(even), Lower(words.odd), sums);
    AddInOrder(Upper(even), Upper(words.odd), sums + 2);
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
    const __m256i low = _mm256_set1_epi8(15);
    __m256i sums[kNibbleGroup / 8] = {};
    for (size_t p = 0; p < scan.positions; p += kPositionsAtOnce) {
        const size_t end =
            p + kPositionsAtOnce < scan.positions ? p + kPositionsAtOnce : scan.positions;
        WordSums first, second;
        for (size_t at = 16 * p; at < 16 * end; at += 32) {
            const __m256i codes = Load(group + at);
            const __m256i table = Load(scan.tables + at);
            first.Add(_mm256_shuffle_epi8(table, _mm256_and_si256(codes, low)));
            second.Add(
                _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(codes, 4), low)));
        }
        AddLanes(first, sums);
        AddLanes(second, sums + 2);
    }
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
