// Quantisation kernels for AVX-512 (F, BW, DQ, VL): masked tails.
#if defined(__x86_64__)
#include "simd/quant_levels.h"
#include "simd/quant_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

struct Wide {
    using Reg = __m512;
    static constexpr size_t kWidth = 16;

    static Reg Zero() { return _mm512_setzero_ps(); }
    static Reg Set(float x) { return _mm512_set1_ps(x); }
    static Reg Load(const float* p) { return _mm512_loadu_ps(p); }
    static void Store(float* p, Reg x) { _mm512_storeu_ps(p, x); }
    static Reg MulAdd(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
    static Reg MulSub(Reg a, Reg b, Reg c) { return _mm512_fnmadd_ps(a, b, c); }
    static Reg Sub(Reg a, Reg b) { return _mm512_sub_ps(a, b); }
    static float Total(Reg a) { return _mm512_reduce_add_ps(a); }
    static Reg Min(Reg a, Reg b) { return _mm512_min_ps(a, b); }
    static Reg Max(Reg a, Reg b) { return _mm512_max_ps(a, b); }
    static float Least(Reg a) { return _mm512_reduce_min_ps(a); }
    static float Greatest(Reg a) { return _mm512_reduce_max_ps(a); }
    static void StoreBytes(uint8_t* p, Reg x) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                         _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(x)));
    }

    static __m128i Bytes(const uint8_t* p) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    }
    static Reg FromBytes(__m128i bytes) { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)); }
    static __mmask16 First(size_t n) { return static_cast<__mmask16>((1u << n) - 1); }

    struct Bits4 {
        static constexpr bool kTail = false;
        static __m128i Nibbles(const uint8_t* block, size_t i) {
            const __m128i both = Bytes(block);
            return _mm_and_si128(i % 32 == 0 ? both : _mm_srli_epi16(both, 4), _mm_set1_epi8(15));
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
            const __m128i pairs = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(block + 16));
            // Values i .. i + 7 have their high bits at 0 or 4, the next eight two bits above.
            const __m128i own = i % 32 == 0 ? pairs : _mm_srli_epi64(pairs, 4);
            const __m128i high = _mm_unpacklo_epi64(own, _mm_srli_epi64(own, 2));
            const __m128i top = _mm_slli_epi16(_mm_and_si128(high, _mm_set1_epi8(3)), 4);
            return FromBytes(_mm_or_si128(Bits4::Nibbles(block, i), top));
        }
        static Reg DecodeFirst(const uint8_t* row, size_t i, size_t) { return Decode(row, i); }
    };
    struct Bits8 {
        static constexpr bool kTail = true;
        static Reg Decode(const uint8_t* row, size_t i) { return FromBytes(Bytes(row + i)); }
        static Reg DecodeFirst(const uint8_t* row, size_t i, size_t n) {
            return FromBytes(_mm_maskz_loadu_epi8(First(n), row + i));
        }
    };
    struct Half {
        static constexpr bool kTail = true;
        static Reg Decode(const uint8_t* row, size_t i) {
            return _mm512_cvtph_ps(
                _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + 2 * i)));
        }
        static Reg DecodeFirst(const uint8_t* row, size_t i, size_t n) {
            return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(First(n), row + 2 * i));
        }
    };
    struct BHalf {
        static constexpr bool kTail = true;
        static Reg Up(__m256i halves) {
            return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
        }
        static Reg Decode(const uint8_t* row, size_t i) {
            return Up(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + 2 * i)));
        }
        static Reg DecodeFirst(const uint8_t* row, size_t i, size_t n) {
            return Up(_mm256_maskz_loadu_epi16(First(n), row + 2 * i));
        }
    };

    struct Best {
        Reg values = _mm512_set1_ps(__builtin_inff());
        __m512i panels = _mm512_setzero_si512();

        void Improve(Reg x, uint32_t panel) {
            const __mmask16 less = _mm512_cmp_ps_mask(x, values, _CMP_LT_OQ);
            values = _mm512_mask_mov_ps(values, less, x);
            panels = _mm512_mask_set1_epi32(panels, less, static_cast<int>(panel));
        }
        void Store(float* to, uint32_t* panel_of) const {
            _mm512_storeu_ps(to, values);
            _mm512_storeu_si512(panel_of, panels);
        }
    };
};

// Sums of the four lanes of words; lanes hold different positions of the same rows.
__m256i AddLanes(__m512i words) {
    const __m512i x = _mm512_add_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(words)),
                                       _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(words, 1)));
    return _mm256_add_epi32(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
}

// `all` counts even bytes plus 256 times odd ones, `odd` the odd ones.
void StoreSums(__m512i all, __m512i odd, uint32_t* sums) {
    const __m512i even = _mm512_sub_epi16(all, _mm512_slli_epi16(odd, 8));
    const __m512i both =
        _mm512_inserti64x4(_mm512_castsi256_si512(AddLanes(even)), AddLanes(odd), 1);
    const __m512i order = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    _mm512_storeu_si512(sums, _mm512_permutexvar_epi32(order, both));
}

void NibbleSums(const uint8_t* tables, const uint8_t* group, size_t positions, uint32_t* sums) {
    const __m512i low = _mm512_set1_epi8(15);
    __m512i a0 = _mm512_setzero_si512(), a1 = a0, b0 = a0, b1 = a0;
    for (size_t at = 0; at < NibbleGroupBytes(positions); at += 64) {
        const __m512i codes = _mm512_loadu_si512(group + at);
        const __m512i table = _mm512_loadu_si512(tables + at);
        const __m512i a = _mm512_shuffle_epi8(table, _mm512_and_si512(codes, low));
        const __m512i b =
            _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(codes, 4), low));
        a0 = _mm512_add_epi16(a0, a);
        a1 = _mm512_add_epi16(a1, _mm512_srli_epi16(a, 8));
        b0 = _mm512_add_epi16(b0, b);
        b1 = _mm512_add_epi16(b1, _mm512_srli_epi16(b, 8));
    }
    StoreSums(a0, a1, sums);
    StoreSums(b0, b1, sums + 16);
}

}  // namespace

const QuantKernels& Avx512Quant() {
    static constexpr QuantKernels kTable = MakeQuantKernels<Wide>(NibbleSums);
    return kTable;
}

}  // namespace elanus::simd
#endif
