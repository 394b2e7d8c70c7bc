// Window kernels for AVX2.
#if defined(__x86_64__)
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

// Two bits a lane: whether low <= sum <= most.
uint32_t Within(__m256i sums, __m256i low, __m256i most) {
    const __m256i above = _mm256_cmpeq_epi16(_mm256_max_epu16(sums, low), sums);
    const __m256i below = _mm256_cmpeq_epi16(_mm256_min_epu16(sums, most), sums);
    return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_and_si256(above, below)));
}

template <bool Clear, typename Sum>
size_t Pick(Sum* sums, size_t n, uint32_t low, uint32_t high, WindowHit* out) {
    size_t kept = 0;
    const __m256i lows = _mm256_set1_epi16(static_cast<int16_t>(low));
    const __m256i mosts = _mm256_set1_epi16(static_cast<int16_t>(high - 1));
    for (size_t i = 0; i < n; i += kLanes) {
        for (uint32_t mask = Within(Load(sums + i), lows, mosts) & 0x55555555u; mask != 0;
             mask &= mask - 1) {
            const size_t at = i + static_cast<size_t>(std::countr_zero(mask)) / 2;
            out[kept++] = WindowHit{sums[at]} << 16 | static_cast<uint32_t>(at);
        }
        if constexpr (Clear) {
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + i), _mm256_setzero_si256());
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
    static constexpr WindowKernels kKernels = {AddLoop, LargestLoop,    Collect,
                                               Sweep,   Find<uint16_t>, Find<uint32_t>};
    return kKernels;
}

}  // namespace elanus::simd
#endif
