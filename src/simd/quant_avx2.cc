// Quantisation kernels for AVX2 with FMA and F16C.
#if defined(__x86_64__)
#include "simd/first_bytes_avx2.h"
#include "simd/nibble_sums_avx2.h"
#include "simd/quant_levels.h"
#include "simd/quant_loops.h"
#include "simd/scan_ahead.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

struct Wide {
    using Reg = __m256;
    static constexpr size_t kWidth = 8;

    static Reg Zero() { return _mm256_setzero_ps(); }
    static Reg Set(float x) { return _mm256_set1_ps(x); }
    static Reg Load(const float* p) { return _mm256_loadu_ps(p); }
    static void Store(float* p, Reg x) { _mm256_storeu_ps(p, x); }
    static Reg MulAdd(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
    static Reg MulSub(Reg a, Reg b, Reg c) { return _mm256_fnmadd_ps(a, b, c); }
    static Reg Sub(Reg a, Reg b) { return _mm256_sub_ps(a, b); }
    static float Total(Reg a) {
        __m128 sum = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
        sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
        return _mm_cvtss_f32(sum);
    }

    static Reg Min(Reg a, Reg b) { return _mm256_min_ps(a, b); }
    static Reg Max(Reg a, Reg b) { return _mm256_max_ps(a, b); }
    static float Least(Reg a) {
        __m128 least = _mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        least = _mm_min_ps(least, _mm_movehl_ps(least, least));
        return _mm_cvtss_f32(_mm_min_ss(least, _mm_movehdup_ps(least)));
    }
    static float Greatest(Reg a) {
        __m128 most = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        most = _mm_max_ps(most, _mm_movehl_ps(most, most));
        return _mm_cvtss_f32(_mm_max_ss(most, _mm_movehdup_ps(most)));
    }
    static void StoreBytes(uint8_t* p, Reg x) {
        const __m256i numbers = _mm256_cvttps_epi32(x);
        const __m128i words =
            _mm_packus_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
    }

    static __m128i Eight(const uint8_t* p) {
        return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    }
    static Reg FromBytes(__m128i bytes) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)); }

    struct Bits4 {
        static constexpr bool kTail = false;
        static __m128i Nibbles(const uint8_t* block, size_t i) {
            const __m128i both = Eight(block + i % 16);
            return _mm_and_si128(i % 32 < 16 ? both : _mm_srli_epi16(both, 4), _mm_set1_epi8(15));
        }
        static Reg Decode(const uint8_t* row, size_t i) {
            return FromBytes(Nibbles(row + i / 32 * 16, i));
        }
        static Reg DecodeFirst(const uint8_t* row, size_t i, size_t) { return Decode(row, i); }
    };
    struct Bits6 {
        static constexpr bool kTail = false;
        static Reg Decode(const uint8_t* row, size_t i) {
            const uint8_t* block = row + i / 32 * 24;
            const __m128i high = _mm_srl_epi64(Eight(block + 16),
                                               _mm_cvtsi32_si128(static_cast<int>(i % 32 / 8 * 2)));
            const __m128i top = _mm_slli_epi16(_mm_and_si128(high, _mm_set1_epi8(3)), 4);
            return FromBytes(_mm_or_si128(Bits4::Nibbles(block, i), top));
        }
        static Reg DecodeFirst(const uint8_t* row, size_t i, size_t) { return Decode(row, i); }
    };
    struct Bits8 {
        static constexpr bool kTail = true;
        static Reg Decode(const uint8_t* row, size_t i) { return FromBytes(Eight(row + i)); }
        static Reg DecodeFirst(const uint8_t* row, size_t i, size_t n) {
            return FromBytes(_mm256_castsi256_si128(FirstBytes(row + i, n)));
        }
    };
    struct Half {
        static constexpr bool kTail = true;
        static Reg Decode(const uint8_t* row, size_t i) {
            return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 2 * i)));
        }
        static Reg DecodeFirst(const uint8_t* row, size_t i, size_t n) {
            return _mm256_cvtph_ps(_mm256_castsi256_si128(FirstBytes(row + 2 * i, 2 * n)));
        }
    };
    struct BHalf {
        static constexpr bool kTail = true;
        static Reg Decode(const uint8_t* row, size_t i) {
            return FromHalves(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 2 * i)));
        }
        static Reg DecodeFirst(const uint8_t* row, size_t i, size_t n) {
            return FromHalves(_mm256_castsi256_si128(FirstBytes(row + 2 * i, 2 * n)));
        }
        static Reg FromHalves(__m128i halves) {
            return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
        }
    };

    struct Best {
        Reg values = _mm256_set1_ps(__builtin_inff());
        __m256i panels = _mm256_setzero_si256();

        void Improve(Reg x, uint32_t panel) {
            const Reg less = _mm256_cmp_ps(x, values, _CMP_LT_OQ);
            values = _mm256_blendv_ps(values, x, less);
            panels = _mm256_blendv_epi8(panels, _mm256_set1_epi32(static_cast<int>(panel)),
                                        _mm256_castps_si256(less));
        }
        void Store(float* to, uint32_t* panel_of) const {
            _mm256_storeu_ps(to, values);
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(panel_of), panels);
        }
    };
};

void NibbleSums(const uint8_t* tables, const uint8_t* group, size_t positions, uint32_t* sums) {
    __m256i all[kNibbleRows / 8];
    SumNibbles(group, tables, NibbleGroupBytes(positions), [] {}, all);
    for (size_t i = 0; i < kNibbleRows; i += 8) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + i), all[i / 8]);
    }
}

}  // namespace

const QuantKernels& Avx2Quant() {
    static constexpr QuantKernels kTable = MakeQuantKernels<Wide, kScanAheadBytes>(NibbleSums);
    return kTable;
}

}  // namespace elanus::simd
#endif
