// Distance kernels for AVX2 with FMA and F16C.
#if defined(__x86_64__)
#include "simd/binary_loops.h"
#include "simd/distance_levels.h"
#include "simd/distance_loops.h"
#include "simd/first_bytes_avx2.h"
#include "simd/scan_ahead.h"
#include "simd/tile_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

inline float TotalOf(__m256 even, __m256 odd) {
    const __m256 a = _mm256_add_ps(even, odd);
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
    return _mm_cvtss_f32(sum);
}

struct Floats {
    using Value = float;
    using Data = __m256;
    using Sum = __m256;
    static constexpr size_t kWidth = 8;

    static Sum Zero() { return _mm256_setzero_ps(); }
    static Data Load(const float* p) { return _mm256_loadu_ps(p); }
    // The masked load does not touch what lies behind the first `n` values.
    static Data LoadFirst(const float* p, size_t n) {
        const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lanes);
        return _mm256_maskload_ps(p, mask);
    }
    static Sum AddL2(Sum sum, Data a, Data b) {
        const __m256 difference = _mm256_sub_ps(a, b);
        return _mm256_fmadd_ps(difference, difference, sum);
    }
    static Sum AddIp(Sum sum, Data a, Data b) { return _mm256_fmadd_ps(a, b, sum); }
    static float Total(Sum even, Sum odd) { return TotalOf(even, odd); }
};

struct Float16s : Floats {
    using Value = uint16_t;

    static Data Load(const uint16_t* p) {
        return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    }
    static Data LoadFirst(const uint16_t* p, size_t n) {
        return _mm256_cvtph_ps(_mm256_castsi256_si128(FirstBytes(p, n * sizeof *p)));
    }
};

// Even and odd elements are widened apart, by a shift and a mask: sums do not care for the order.
struct BFloat16s {
    using Value = uint16_t;
    using Data = __m256i;
    using Sum = __m256;
    static constexpr size_t kWidth = 16;

    static Sum Zero() { return _mm256_setzero_ps(); }
    static Data Load(const uint16_t* p) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    }
    static Data LoadFirst(const uint16_t* p, size_t n) { return FirstBytes(p, n * sizeof *p); }
    static __m256 Even(Data a) { return _mm256_castsi256_ps(_mm256_slli_epi32(a, 16)); }
    static __m256 Odd(Data a) {
        return _mm256_castsi256_ps(
            _mm256_and_si256(a, _mm256_set1_epi32(static_cast<int>(0xffff0000u))));
    }
    static Sum AddL2(Sum sum, Data a, Data b) {
        return Floats::AddL2(Floats::AddL2(sum, Even(a), Even(b)), Odd(a), Odd(b));
    }
    static Sum AddIp(Sum sum, Data a, Data b) {
        return Floats::AddIp(Floats::AddIp(sum, Even(a), Even(b)), Odd(a), Odd(b));
    }
    static float Total(Sum even, Sum odd) { return TotalOf(even, odd); }
};

// Widened to 16 bits; a 32-bit sum holds the squares of 32,768 dimensions.
struct Int8s {
    using Value = int8_t;
    using Data = __m256i;
    using Sum = __m256i;
    static constexpr size_t kWidth = 16;

    static Sum Zero() { return _mm256_setzero_si256(); }
    static Data Load(const int8_t* p) {
        return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    }
    static Data LoadFirst(const int8_t* p, size_t n) {
        return _mm256_cvtepi8_epi16(_mm256_castsi256_si128(FirstBytes(p, n)));
    }
    static Sum AddL2(Sum sum, Data a, Data b) {
        const __m256i difference = _mm256_sub_epi16(a, b);
        return _mm256_add_epi32(sum, _mm256_madd_epi16(difference, difference));
    }
    static Sum AddIp(Sum sum, Data a, Data b) {
        return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
    }
    static float Total(Sum even, Sum odd) {
        const __m256i a = _mm256_add_epi32(even, odd);
        __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
        sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
        sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
        return static_cast<float>(_mm_cvtsi128_si32(sum));
    }
};

struct Bits {
    using Reg = __m256i;
    static constexpr size_t kBytes = 32;
    static constexpr size_t kWordBytesMax = 64;

    static Reg Zero() { return _mm256_setzero_si256(); }
    static Reg Load(const uint8_t* p) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    }
    static Reg LoadFirst(const uint8_t* p, size_t n) { return FirstBytes(p, n); }
    static Reg Or(Reg a, Reg b) { return _mm256_or_si256(a, b); }
    static Reg Xor(Reg a, Reg b) { return _mm256_xor_si256(a, b); }
    static Reg AndNot(Reg a, Reg b) { return _mm256_andnot_si256(b, a); }
    // Bits of each half byte by table; the bytes of a word are summed into 64 bits.
    static Reg AddCount(Reg count, Reg bits) {
        const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1,
                                               1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        const __m256i low_mask = _mm256_set1_epi8(0x0f);
        const __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(bits, low_mask));
        const __m256i high =
            _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low_mask));
        return _mm256_add_epi64(
            count, _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256()));
    }
    static uint64_t Total(Reg count) {
        const __m128i sum =
            _mm_add_epi64(_mm256_castsi256_si128(count), _mm256_extracti128_si256(count, 1));
        return static_cast<uint64_t>(_mm_extract_epi64(sum, 0)) +
               static_cast<uint64_t>(_mm_extract_epi64(sum, 1));
    }
    static bool None(Reg a) { return _mm256_testz_si256(a, a) != 0; }
};

}  // namespace

const DistanceKernels& Avx2Distances(Element element) {
    switch (element) {
        case Element::kFloat16:
            return DistanceLoops<Float16s, kScanAheadBytes>::kTable;
        case Element::kBFloat16:
            return DistanceLoops<BFloat16s, kScanAheadBytes>::kTable;
        case Element::kInt8:
            return DistanceLoops<Int8s, kScanAheadBytes>::kTable;
        case Element::kFloat:
            break;
    }
    return DistanceLoops<Floats, kScanAheadBytes>::kTable;
}

const DistanceTiles& Avx2Tiles(Element element) {
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

const BinaryKernels& Avx2Binary() {
    return BinaryLoops<Bits, kScanAheadBytes>::kTable;
}

}  // namespace elanus::simd
#endif
