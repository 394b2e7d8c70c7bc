// Plane kernels for AVX2.
#if defined(__x86_64__)
#include "simd/planes_levels.h"

#include <cstring>

#include <immintrin.h>

namespace elanus::simd {
namespace {

// Four bits at a time: products of two bytes are added in 16 bits, and must fit.
__m256i Add(__m256i sum, __m256i codes, const int8_t* weights) {
    const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
    return _mm256_add_epi32(
        sum, _mm256_madd_epi16(_mm256_maddubs_epi16(codes, w), _mm256_set1_epi16(1)));
}

int32_t Total(__m256i sum) {
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1)));
}

// Every byte of codes is spread over eight, of which each lets a weight through for one bit. Sums
// of two weights of as many dimensions as are added at once fit 16 bits.
int64_t SumOfBits(const uint8_t* row, size_t n, const int8_t* weights) {
    constexpr size_t kDims = 32, kTogether = 64 * kDims;
    const __m256i spread = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2,
                                            2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m256i bits = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
    const __m256i ones = _mm256_set1_epi8(1);
    __m256i sum = _mm256_setzero_si256();
    for (size_t at = 0; at < n; at += kTogether) {
        const size_t end = at + kTogether < n ? at + kTogether : n;
        __m256i words = _mm256_setzero_si256();
        for (size_t d = at; d < end; d += kDims) {
            uint32_t four;
            std::memcpy(&four, row + d / 8, sizeof four);
            const __m256i codes =
                _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(four)), spread);
            const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(codes, bits), bits);
            const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights + d));
            words = _mm256_add_epi16(words, _mm256_maddubs_epi16(ones, _mm256_and_si256(set, w)));
        }
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(words, _mm256_set1_epi16(1)));
    }
    return Total(sum);
}

// Two products of a nibble and a weight come to 3,840 at most: those of both halves of four
// registers fit 16 bits.
int64_t SumOfNibbles(const uint8_t* row, size_t n, const int8_t* weights) {
    constexpr size_t kBytes = 32, kTogether = 4 * kBytes;
    const size_t bytes = PlaneBytes(4, n);
    const int8_t* odd = weights + WeightStride(4, n);
    const __m256i low = _mm256_set1_epi8(15);
    __m256i sum = _mm256_setzero_si256();
    for (size_t at = 0; at < bytes; at += kTogether) {
        const size_t end = at + kTogether < bytes ? at + kTogether : bytes;
        __m256i words = _mm256_setzero_si256();
        for (size_t i = at; i < end; i += kBytes) {
            const auto load = [i](const void* p) {
                return _mm256_loadu_si256(
                    reinterpret_cast<const __m256i*>(static_cast<const uint8_t*>(p) + i));
            };
            const __m256i codes = load(row);
            const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(codes, 4), low);
            words = _mm256_add_epi16(
                words,
                _mm256_add_epi16(_mm256_maddubs_epi16(_mm256_and_si256(codes, low), load(weights)),
                                 _mm256_maddubs_epi16(upper, load(odd))));
        }
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(words, _mm256_set1_epi16(1)));
    }
    return Total(sum);
}

int64_t SumOf(const uint8_t* row, unsigned width, size_t n, const int8_t* weights) {
    if (width == 1) {
        return SumOfBits(row, n, weights);
    }
    if (width == 4) {
        return SumOfNibbles(row, n, weights);
    }
    const unsigned step = width == 8 ? 4 : width;
    const __m256i mask = _mm256_set1_epi8(static_cast<char>((1u << step) - 1));
    const size_t bytes = PlaneBytes(width, n), stride = WeightStride(width, n);
    __m256i sum = _mm256_setzero_si256(), upper = sum;
    for (size_t i = 0; i < bytes; i += 32) {
        alignas(32) uint8_t tail[32] = {};
        const bool whole = i + 32 <= bytes;
        if (!whole) {
            std::memcpy(tail, row + i, bytes - i);
        }
        const __m256i codes =
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(whole ? row + i : tail));
        if (width == 8) {
            sum = Add(sum, _mm256_and_si256(codes, mask), weights + i);
            upper = Add(upper, _mm256_and_si256(_mm256_srli_epi16(codes, 4), mask), weights + i);
            continue;
        }
        for (unsigned s = 0; s < 8 / width; ++s) {
            const __m256i part = _mm256_and_si256(
                _mm256_srl_epi16(codes, _mm_cvtsi32_si128(static_cast<int>(s * width))), mask);
            sum = Add(sum, part, weights + s * stride + i);
        }
    }
    return int64_t{16} * Total(upper) + Total(sum);
}

void Sums(const uint8_t* rows, size_t stride, const uint32_t* ids, size_t count, unsigned width,
          size_t n, const int8_t* high, const int8_t* low, float* sums) {
    for (size_t i = 0; i < count; ++i) {
        const uint8_t* row = rows + (ids != nullptr ? ids[i] : i) * stride;
        const int64_t most = high != nullptr ? SumOf(row, width, n, high) : 0;
        sums[i] = static_cast<float>(256 * most + SumOf(row, width, n, low));
    }
}

}  // namespace

const PlaneKernels& Avx2Planes() {
    static constexpr PlaneKernels kTable{Sums};
    return kTable;
}

}  // namespace elanus::simd
#endif
