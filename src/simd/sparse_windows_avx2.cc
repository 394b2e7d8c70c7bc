// Window kernels for AVX2. There is no instruction that packs the lanes of a mask, so a table tells
// which lane goes where.
#if defined(__x86_64__)
#include "simd/set_lanes.h"
#include "simd/sparse_windows_levels.h"
#include "simd/sparse_windows_loops.h"

#include <bit>

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kLanes = 16;

__m256i Load(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

void Store(void* p, __m256i v) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), v);
}

constexpr size_t kHits = 8;  // in a register

// Appends the sums of `mask`, the first of which is that of `row`; returns how many.
size_t Append(uint32_t mask, __m128i sums, size_t row, WindowHit* out) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i rows = _mm256_add_epi32(lanes, _mm256_set1_epi32(static_cast<int>(row)));
    const __m256i hits = _mm256_or_si256(_mm256_slli_epi32(_mm256_cvtepu16_epi32(sums), 16), rows);
    const __m256i order =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(&kSetLanes[mask])));
    Store(out, _mm256_permutevar8x32_epi32(hits, order));
    return static_cast<size_t>(std::popcount(mask));
}

uint16_t Largest(const uint16_t* sums, size_t n) {
    __m256i even = _mm256_setzero_si256();
    __m256i odd = _mm256_setzero_si256();
    for (size_t i = 0; i < n; i += 2 * kLanes) {
        even = _mm256_max_epu16(even, Load(sums + i));
        odd = _mm256_max_epu16(odd, Load(sums + i + kLanes));
    }
    const __m256i most = _mm256_max_epu16(even, odd);
    const __m128i eight =
        _mm_max_epu16(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
    // There is an instruction for the smallest: of what is missing to 65,535.
    const __m128i missing = _mm_minpos_epu16(_mm_xor_si128(eight, _mm_set1_epi16(-1)));
    return static_cast<uint16_t>(~_mm_cvtsi128_si32(missing));
}

// All bits of the lanes of low <= sum <= most.
__m256i Within(__m256i sums, __m256i low, __m256i most) {
    const __m256i above = _mm256_cmpeq_epi16(_mm256_max_epu16(sums, low), sums);
    const __m256i below = _mm256_cmpeq_epi16(_mm256_min_epu16(sums, most), sums);
    return _mm256_and_si256(above, below);
}

// One bit a lane.
uint32_t Bits(__m256i lanes) {
    return static_cast<uint32_t>(_mm_movemask_epi8(
        _mm_packs_epi16(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1))));
}

template <bool Clear, typename Sum>
size_t Pick(Sum* sums, size_t n, uint32_t low, uint32_t high, WindowHit* out) {
    size_t kept = 0;
    const __m256i lows = _mm256_set1_epi16(static_cast<int16_t>(low));
    const __m256i mosts = _mm256_set1_epi16(static_cast<int16_t>(high - 1));
    const auto append = [&](__m256i v, __m256i within, size_t i) {
        const uint32_t mask = Bits(within);
        kept += Append(mask % kMasks, _mm256_castsi256_si128(v), i, out + kept);
        kept += Append(mask / kMasks, _mm256_extracti128_si256(v, 1), i + kHits, out + kept);
    };
    for (size_t i = 0; i < n; i += kWindowGroup) {
        const __m256i left = Load(sums + i);
        const __m256i right = Load(sums + i + kLanes);
        if constexpr (Clear) {
            Store(sums + i, _mm256_setzero_si256());
            Store(sums + i + kLanes, _mm256_setzero_si256());
        }
        const __m256i left_within = Within(left, lows, mosts);
        const __m256i right_within = Within(right, lows, mosts);
        if (_mm256_movemask_epi8(_mm256_or_si256(left_within, right_within)) != 0) {
            append(left, left_within, i);
            append(right, right_within, i + kLanes);
        }
    }
    return kept;
}

size_t Collect(const uint16_t* sums, size_t n, uint32_t low, uint32_t high, WindowHit* out) {
    return low >= high || low >= kWindowRowsMax ? 0 : Pick<false>(sums, n, low, high, out);
}

size_t Sweep(uint16_t* sums, size_t n, uint32_t low, uint32_t high, WindowHit* out) {
    if (low >= high || low >= kWindowRowsMax) {
        std::memset(sums, 0, n * sizeof *sums);
        return 0;
    }
    return Pick<true>(sums, n, low, high, out);
}

template <typename Slot>
size_t Find(const uint8_t* slots, size_t n, uint32_t slots_end, const uint32_t* bits,
            uint32_t* places) {
    constexpr size_t kEight = 8;
    size_t found = 0;
    size_t i = 0;
    const __m256i last = _mm256_set1_epi32(static_cast<int>(slots_end - 1));
    for (; slots_end > 0 && i + kEight <= n; i += kEight) {
        __m256i slot;
        if constexpr (sizeof(Slot) == 2) {
            slot = _mm256_cvtepu16_epi32(
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(slots + i * sizeof(Slot))));
        } else {
            slot = Load(slots + i * sizeof(Slot));
        }
        const __m256i valid = _mm256_cmpeq_epi32(_mm256_min_epu32(slot, last), slot);
        const __m256i words =
            _mm256_mask_i32gather_epi32(_mm256_setzero_si256(), reinterpret_cast<const int*>(bits),
                                        _mm256_srli_epi32(slot, 5), valid, 4);
        const __m256i shifts =
            _mm256_sub_epi32(_mm256_set1_epi32(31), _mm256_and_si256(slot, _mm256_set1_epi32(31)));
        auto mask = static_cast<uint32_t>(
            _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_sllv_epi32(words, shifts))));
        for (; mask != 0; mask &= mask - 1) {
            places[found++] =
                static_cast<uint32_t>(i) + static_cast<uint32_t>(std::countr_zero(mask));
        }
    }
    return FindLoop<Slot>(slots, i, n, slots_end, bits, found, places);
}

}  // namespace

const WindowKernels& Avx2SparseWindows() {
    static constexpr WindowKernels kKernels = {AddLoop, Largest,        Collect,
                                               Sweep,   Find<uint16_t>, Find<uint32_t>};
    return kKernels;
}

}  // namespace elanus::simd
#endif
