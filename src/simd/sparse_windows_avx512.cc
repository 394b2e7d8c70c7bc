// Window kernels for AVX-512 (F, BW, DQ, VL).
#if defined(__x86_64__)
#include "simd/sparse_windows_levels.h"
#include "simd/sparse_windows_loops.h"

#include <bit>

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kLanes = 32;

uint16_t Largest(const uint16_t* sums, size_t n) {
    __m512i most = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += kLanes) {
        most = _mm512_max_epu16(most, _mm512_loadu_si512(sums + i));
    }
    uint16_t lanes[kLanes];
    _mm512_storeu_si512(lanes, most);
    return *std::max_element(lanes, lanes + kLanes);
}

template <bool Clear, typename Sum>
size_t Pick(Sum* sums, size_t n, uint32_t low, uint32_t high, WindowHit* out) {
    size_t kept = 0;
    const __m512i lows = _mm512_set1_epi16(static_cast<int16_t>(low));
    const __m512i mosts = _mm512_set1_epi16(static_cast<int16_t>(high - 1));
    for (size_t i = 0; i < n; i += kLanes) {
        const __m512i v = _mm512_loadu_si512(sums + i);
        for (uint32_t mask =
                 _mm512_mask_cmple_epu16_mask(_mm512_cmpge_epu16_mask(v, lows), v, mosts);
             mask != 0; mask &= mask - 1) {
            const size_t at = i + static_cast<size_t>(std::countr_zero(mask));
            out[kept++] = WindowHit{sums[at]} << 16 | static_cast<uint32_t>(at);
        }
        if constexpr (Clear) {
            _mm512_storeu_si512(sums + i, _mm512_setzero_si512());
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
    constexpr size_t kSixteen = 16;
    size_t found = 0;
    size_t i = 0;
    const __m512i end = _mm512_set1_epi32(static_cast<int>(slots_end));
    __m512i place = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (; i + kSixteen <= n; i += kSixteen) {
        __m512i slot;
        if constexpr (sizeof(Slot) == 2) {
            slot = _mm512_cvtepu16_epi32(
                _mm256_loadu_si256(reinterpret_cast<const __m256i*>(slots + i * sizeof(Slot))));
        } else {
            slot = _mm512_loadu_si512(slots + i * sizeof(Slot));
        }
        const __mmask16 valid = _mm512_cmplt_epu32_mask(slot, end);
        const __m512i words = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), valid,
                                                          _mm512_srli_epi32(slot, 5), bits, 4);
        const __mmask16 set = _mm512_test_epi32_mask(
            words,
            _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_and_si512(slot, _mm512_set1_epi32(31))));
        _mm512_mask_compressstoreu_epi32(places + found, set, place);
        found += static_cast<size_t>(std::popcount(static_cast<uint32_t>(set)));
        place = _mm512_add_epi32(place, _mm512_set1_epi32(kSixteen));
    }
    return FindLoop<Slot>(slots, i, n, slots_end, bits, found, places);
}

}  // namespace

const WindowKernels& Avx512SparseWindows() {
    static constexpr WindowKernels kKernels = {AddLoop, Largest,        Collect,
                                               Sweep,   Find<uint16_t>, Find<uint32_t>};
    return kKernels;
}

}  // namespace elanus::simd
#endif
