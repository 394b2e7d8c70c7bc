// Distance kernels for AVX-512 (F, BW, DQ, VL): masked tails.
#if defined(__x86_64__)
#include "simd/binary_loops.h"
#include "simd/distance_levels.h"
#include "simd/distance_loops.h"
#include "simd/tile_loops.h"
#include "simd/total_four_avx512.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

struct Floats {
    using Value = float;
    using Data = __m512;
    using Sum = __m512;
    static constexpr size_t kWidth = 16;

    static Sum Zero() { return _mm512_setzero_ps(); }
    static Data Load(const float* p) { return _mm512_loadu_ps(p); }
    // The masked load does not touch what lies behind the first `n` values.
    static Data LoadFirst(const float* p, size_t n) {
        return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
    }
    static Sum AddL2(Sum sum, Data a, Data b) {
        const __m512 difference = _mm512_sub_ps(a, b);
        return _mm512_fmadd_ps(difference, difference, sum);
    }
    static Sum AddIp(Sum sum, Data a, Data b) { return _mm512_fmadd_ps(a, b, sum); }
    static float Total(Sum even, Sum odd) { return _mm512_reduce_add_ps(_mm512_add_ps(even, odd)); }
    static void TotalFour(const Sum (&even)[4], const Sum (&odd)[4], float* out) {
        _mm_storeu_ps(out,
                      TotalsOf(_mm512_add_ps(even[0], odd[0]), _mm512_add_ps(even[1], odd[1]),
                               _mm512_add_ps(even[2], odd[2]), _mm512_add_ps(even[3], odd[3])));
    }
};

struct Float16s : Floats {
    using Value = uint16_t;

    static Data Load(const uint16_t* p) {
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    }
    static Data LoadFirst(const uint16_t* p, size_t n) {
        return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(static_cast<__mmask16>((1u << n) - 1), p));
    }
};

// Even and odd elements are widened apart, by a shift and a mask: sums do not care for the order.
struct BFloat16s {
    using Value = uint16_t;
    using Data = __m512i;
    using Sum = __m512;
    static constexpr size_t kWidth = 32;

    static Sum Zero() { return _mm512_setzero_ps(); }
    static Data Load(const uint16_t* p) { return _mm512_loadu_si512(p); }
    static Data LoadFirst(const uint16_t* p, size_t n) {
        return _mm512_maskz_loadu_epi16((__mmask32{1} << n) - 1, p);
    }
    static __m512 Even(Data a) { return _mm512_castsi512_ps(_mm512_slli_epi32(a, 16)); }
    static __m512 Odd(Data a) {
        return _mm512_castsi512_ps(
            _mm512_and_si512(a, _mm512_set1_epi32(static_cast<int>(0xffff0000u))));
    }
    static Sum AddL2(Sum sum, Data a, Data b) {
        return Floats::AddL2(Floats::AddL2(sum, Even(a), Even(b)), Odd(a), Odd(b));
    }
    static Sum AddIp(Sum sum, Data a, Data b) {
        return Floats::AddIp(Floats::AddIp(sum, Even(a), Even(b)), Odd(a), Odd(b));
    }
    static float Total(Sum even, Sum odd) { return Floats::Total(even, odd); }
    static void TotalFour(const Sum (&even)[4], const Sum (&odd)[4], float* out) {
        Floats::TotalFour(even, odd, out);
    }
};

// Widened to 16 bits; a 32-bit sum holds the squares of 32,768 dimensions.
struct Int8s {
    using Value = int8_t;
    using Data = __m512i;
    using Sum = __m512i;
    static constexpr size_t kWidth = 32;

    static Sum Zero() { return _mm512_setzero_si512(); }
    static Data Load(const int8_t* p) {
        return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    }
    static Data LoadFirst(const int8_t* p, size_t n) {
        return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8((__mmask32{1} << n) - 1, p));
    }
    static Sum AddL2(Sum sum, Data a, Data b) {
        const __m512i difference = _mm512_sub_epi16(a, b);
        return _mm512_add_epi32(sum, _mm512_madd_epi16(difference, difference));
    }
    static Sum AddIp(Sum sum, Data a, Data b) {
        return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
    }
    static float Total(Sum even, Sum odd) {
        return static_cast<float>(_mm512_reduce_add_epi32(_mm512_add_epi32(even, odd)));
    }
};

struct Bits {
    using Reg = __m512i;
    static constexpr size_t kBytes = 64;
    static constexpr size_t kWordBytesMax = 32;

    static Reg Zero() { return _mm512_setzero_si512(); }
    static Reg Load(const uint8_t* p) { return _mm512_loadu_si512(p); }
    static Reg LoadFirst(const uint8_t* p, size_t n) {
        return _mm512_maskz_loadu_epi8((__mmask64{1} << n) - 1, p);
    }
    static Reg Or(Reg a, Reg b) { return _mm512_or_si512(a, b); }
    static Reg Xor(Reg a, Reg b) { return _mm512_xor_si512(a, b); }
    static Reg AndNot(Reg a, Reg b) { return _mm512_andnot_si512(b, a); }
    // Bits of each half byte by table; the bytes of a word are summed into 64 bits.
    static Reg AddCount(Reg count, Reg bits) {
        const __m512i table =
            _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
        const __m512i low_mask = _mm512_set1_epi8(0x0f);
        const __m512i low = _mm512_shuffle_epi8(table, _mm512_and_si512(bits, low_mask));
        const __m512i high =
            _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(bits, 4), low_mask));
        return _mm512_add_epi64(
            count, _mm512_sad_epu8(_mm512_add_epi8(low, high), _mm512_setzero_si512()));
    }
    static uint64_t Total(Reg count) {
        return static_cast<uint64_t>(_mm512_reduce_add_epi64(count));
    }
    static bool None(Reg a) { return _mm512_test_epi64_mask(a, a) == 0; }
};

}  // namespace

const DistanceKernels& Avx512Distances(Element element) {
    switch (element) {
        case Element::kFloat16:
            return DistanceLoops<Float16s>::kTable;
        case Element::kBFloat16:
            return DistanceLoops<BFloat16s>::kTable;
        case Element::kInt8:
            return DistanceLoops<Int8s>::kTable;
        case Element::kFloat:
            break;
    }
    return DistanceLoops<Floats>::kTable;
}

const DistanceTiles& Avx512Tiles(Element element) {
    switch (element) {
        case Element::kFloat16:
            return TileLoops<Float16s>::kTiles;
        case Element::kBFloat16:
            return TileLoops<BFloat16s>::kTiles;
        case Element::kInt8:
            return TileLoops<Int8s>::kTiles;
        case Element::kFloat:
            break;
    }
    return TileLoops<Floats>::kTiles;
}

const BinaryKernels& Avx512Binary() {
    return BinaryLoops<Bits>::kTable;
}

}  // namespace elanus::simd
#endif
