// Sums of table bytes that AVX2 kernels look up by 4-bit codes, for 32 rows at a time (codes.h,
// group_costs.h and quant.h have the layout in common): bytes are added in 16-bit words, words in
// integers before they can overflow.
//
// In the anonymous namespace: included by *_avx2.cc files only, each with its own copy.
#pragma once

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

namespace elanus::simd {
namespace {

// Code bytes whose sums stay within the 16 bits of a word: 256 tables for each of two lanes.
constexpr size_t kNibbleBytesAtOnce = 2 * 256 * 16;

// Sums of bytes: of all (the odd ones 256 times), and of the odd ones.
struct WordSums {
    __m256i all = _mm256_setzero_si256();
    __m256i odd = _mm256_setzero_si256();

    void Add(__m256i bytes) {
        all = _mm256_add_epi16(all, bytes);
        odd = _mm256_add_epi16(odd, _mm256_srli_epi16(bytes, 8));
    }
    __m256i Even() const { return _mm256_sub_epi16(all, _mm256_slli_epi16(odd, 8)); }
};

inline __m256i LowerWords(__m256i words) {
    return _mm256_cvtepu16_epi32(_mm256_castsi256_si128(words));
}

inline __m256i UpperWords(__m256i words) {
    return _mm256_cvtepu16_epi32(_mm256_extracti128_si256(words, 1));
}

// Adds integers of the even and the odd of 16 bytes in their order.
inline void AddInOrder(__m256i even, __m256i odd, __m256i* sums) {
    const __m256i low = _mm256_unpacklo_epi32(even, odd), high = _mm256_unpackhi_epi32(even, odd);
    sums[0] = _mm256_add_epi32(sums[0], _mm256_permute2x128_si256(low, high, 0x20));
    sums[1] = _mm256_add_epi32(sums[1], _mm256_permute2x128_si256(low, high, 0x31));
}

// Adds the sums of two lanes, which are of the same 16 rows.
inline void AddLanes(const WordSums& words, __m256i* sums) {
    const __m256i even = words.Even();
    AddInOrder(_mm256_add_epi32(LowerWords(even), UpperWords(even)),
               _mm256_add_epi32(LowerWords(words.odd), UpperWords(words.odd)), sums);
}

// Adds what the tables have for 32 bytes of codes to the sums of rows 0 to 15 and 16 to 31.
inline __attribute__((always_inline)) void AddNibbles(const uint8_t* codes, const uint8_t* tables,
                                                      WordSums& first, WordSums& second) {
    const __m256i low = _mm256_set1_epi8(15);
    const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes));
    const __m256i table = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(tables));
    first.Add(_mm256_shuffle_epi8(table, _mm256_and_si256(both, low)));
    second.Add(_mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(both, 4), low)));
}

// Sets sums[0..3] to the sums of 32 rows over `bytes` (a multiple of 32) code bytes and as many of
// tables; step() is called before every 64 of them.
template <typename Step>
inline void SumNibbles(const uint8_t* codes, const uint8_t* tables, size_t bytes, const Step& step,
                       __m256i* sums) {
    sums[0] = sums[1] = sums[2] = sums[3] = _mm256_setzero_si256();
    for (size_t from = 0; from < bytes; from += kNibbleBytesAtOnce) {
        const size_t to = from + kNibbleBytesAtOnce < bytes ? from + kNibbleBytesAtOnce : bytes;
        WordSums first, second;
        size_t at = from;
        for (; at + 64 <= to; at += 64) {
            step();
            AddNibbles(codes + at, tables + at, first, second);
            AddNibbles(codes + at + 32, tables + at + 32, first, second);
        }
        if (at < to) {
            AddNibbles(codes + at, tables + at, first, second);
        }
        AddLanes(first, sums);
        AddLanes(second, sums + 2);
    }
}

}  // namespace
}  // namespace elanus::simd
