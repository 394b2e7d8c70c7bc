// Plane kernels for AVX-512 with VNNI.
#if defined(__x86_64__)
#include "simd/planes_levels.h"

#include <cstring>

#include <immintrin.h>

namespace elanus::simd {
namespace {

__m512i Load(const void* p) {
    return _mm512_loadu_si512(p);
}

// One register of codes: the sums of its 8 / kWidth parts.
template <unsigned kWidth, bool kHigh>
inline void AddParts(__m512i codes, const int8_t* high, const int8_t* low, size_t stride,
                     __m512i* most, __m512i* least) {
    const __m512i mask = _mm512_set1_epi8(static_cast<char>((1u << kWidth) - 1));
    for (unsigned s = 0; s < 8 / kWidth; ++s) {
        __m512i part = codes;
        if constexpr (kWidth < 8) {
            part = _mm512_and_si512(_mm512_srli_epi16(codes, s * kWidth), mask);
        }
        *least = _mm512_dpbusd_epi32(*least, part, Load(low + s * stride));
        if constexpr (kHigh) {
            *most = _mm512_dpbusd_epi32(*most, part, Load(high + s * stride));
        }
    }
}

// The sum of a row whose lanes of both parts fit together into 32 bits: of narrow codes.
float Together(__m512i most, __m512i least) {
    return static_cast<float>(
        _mm512_reduce_add_epi32(_mm512_add_epi32(_mm512_slli_epi32(most, 8), least)));
}

template <unsigned kWidth, bool kHigh>
void SumsOf(const uint8_t* rows, size_t stride, const uint32_t* ids, size_t count, size_t n,
            const int8_t* high, const int8_t* low, float* sums) {
    const size_t bytes = PlaneBytes(kWidth, n), weights = WeightStride(kWidth, n);
    const size_t whole = bytes / 64 * 64;
    const __mmask64 rest = (__mmask64{1} << (bytes - whole)) - 1;
    for (size_t i = 0; i < count; ++i) {
        const uint8_t* row = rows + (ids != nullptr ? ids[i] : i) * stride;
        __m512i most = _mm512_setzero_si512(), least = most;
        for (size_t at = 0; at < whole; at += 64) {
            AddParts<kWidth, kHigh>(Load(row + at), high + at, low + at, weights, &most, &least);
        }
        if (rest != 0) {
            AddParts<kWidth, kHigh>(_mm512_maskz_loadu_epi8(rest, row + whole), high + whole,
                                    low + whole, weights, &most, &least);
        }
        if constexpr (kWidth < 8) {
            sums[i] = Together(most, least);
            continue;
        }
        int64_t sum = _mm512_reduce_add_epi32(least);
        if constexpr (kHigh) {
            sum += 256 * static_cast<int64_t>(_mm512_reduce_add_epi32(most));
        }
        sums[i] = static_cast<float>(sum);
    }
}

// Single bits are masks.
template <bool kHigh>
void SumsOfBits(const uint8_t* rows, size_t stride, const uint32_t* ids, size_t count, size_t n,
                const int8_t* high, const int8_t* low, float* sums) {
    const __m512i one = _mm512_set1_epi8(1);
    for (size_t i = 0; i < count; ++i) {
        const uint8_t* row = rows + (ids != nullptr ? ids[i] : i) * stride;
        __m512i most = _mm512_setzero_si512(), least = most;
        for (size_t d = 0; d < n; d += 64) {
            __mmask64 set;
            std::memcpy(&set, row + d / 8, sizeof set);
            const __m512i bits = _mm512_maskz_mov_epi8(set, one);
            least = _mm512_dpbusd_epi32(least, bits, Load(low + d));
            if constexpr (kHigh) {
                most = _mm512_dpbusd_epi32(most, bits, Load(high + d));
            }
        }
        sums[i] = Together(most, least);
    }
}

template <unsigned kWidth>
void SumsOfWidth(const uint8_t* rows, size_t stride, const uint32_t* ids, size_t count, size_t n,
                 const int8_t* high, const int8_t* low, float* sums) {
    if (high != nullptr) {
        SumsOf<kWidth, true>(rows, stride, ids, count, n, high, low, sums);
    } else {
        SumsOf<kWidth, false>(rows, stride, ids, count, n, low, low, sums);
    }
}

void Sums(const uint8_t* rows, size_t stride, const uint32_t* ids, size_t count, unsigned width,
          size_t n, const int8_t* high, const int8_t* low, float* sums) {
    switch (width) {
        case 1:
            return high != nullptr ? SumsOfBits<true>(rows, stride, ids, count, n, high, low, sums)
                                   : SumsOfBits<false>(rows, stride, ids, count, n, low, low, sums);
        case 2:
            return SumsOfWidth<2>(rows, stride, ids, count, n, high, low, sums);
        case 4:
            return SumsOfWidth<4>(rows, stride, ids, count, n, high, low, sums);
        default:
            return SumsOfWidth<8>(rows, stride, ids, count, n, high, low, sums);
    }
}

}  // namespace

const PlaneKernels& Avx512DotPlanes() {
    static constexpr PlaneKernels kTable{Sums};
    return kTable;
}

}  // namespace elanus::simd
#endif
