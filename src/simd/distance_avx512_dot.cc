// Distance kernels for AVX-512 with the dot products of VNNI and BF16, and VPOPCNTDQ (Zen 4,
// Sapphire Rapids and later). float and float16 gain nothing from them: those are the AVX-512 ones.
#if defined(__x86_64__)
#include "simd/binary_loops.h"
#include "simd/distance_levels.h"
#include "simd/distance_loops.h"
#include "simd/tile_loops.h"
#include "simd/total_four_avx512.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

// VDPBF16PS multiplies exactly and sums two products a lane in float, as the widened loop does, in
// another order; it takes numbers below 2^-126 for zero. Differences have no such instruction.
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
        const __m512 even = _mm512_sub_ps(Even(a), Even(b));
        const __m512 odd = _mm512_sub_ps(Odd(a), Odd(b));
        return _mm512_fmadd_ps(odd, odd, _mm512_fmadd_ps(even, even, sum));
    }
    static Sum AddIp(Sum sum, Data a, Data b) {
        return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
    }
    static float Total(Sum even, Sum odd) { return _mm512_reduce_add_ps(_mm512_add_ps(even, odd)); }
    static void TotalFour(const Sum (&even)[4], const Sum (&odd)[4], float* out) {
        _mm_storeu_ps(out,
                      TotalsOf(_mm512_add_ps(even[0], odd[0]), _mm512_add_ps(even[1], odd[1]),
                               _mm512_add_ps(even[2], odd[2]), _mm512_add_ps(even[3], odd[3])));
    }
};

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
        return _mm512_dpwssd_epi32(sum, difference, difference);
    }
    static Sum AddIp(Sum sum, Data a, Data b) { return _mm512_dpwssd_epi32(sum, a, b); }
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
    static Reg AddCount(Reg count, Reg bits) {
        return _mm512_add_epi64(count, _mm512_popcnt_epi64(bits));
    }
    static uint64_t Total(Reg count) {
        return static_cast<uint64_t>(_mm512_reduce_add_epi64(count));
    }
    static bool None(Reg a) { return _mm512_test_epi64_mask(a, a) == 0; }
};

}  // namespace

const DistanceKernels& Avx512DotDistances(Element element) {
    switch (element) {
        case Element::kBFloat16:
            return DistanceLoops<BFloat16s>::kTable;
        case Element::kInt8:
            return DistanceLoops<Int8s>::kTable;
        default:
            return Avx512Distances(element);
    }
}

const DistanceTiles& Avx512DotTiles(Element element) {
    switch (element) {
        case Element::kBFloat16:
            return TileLoops<BFloat16s>::kTiles;
        case Element::kInt8:
            return TileLoops<Int8s>::kTiles;
        default:
            return Avx512Tiles(element);
    }
}

const BinaryKernels& Avx512DotBinary() {
    return BinaryLoops<Bits>::kTable;
}

}  // namespace elanus::simd
#endif
