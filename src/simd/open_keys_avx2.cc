// Unsorted keys for AVX2: four keys at once, and what is kept is packed together by a permutation
// from a table instead of a branch a key. Keys are compared as signed numbers, turned by the
// highest bit.
#if defined(__x86_64__)
#include "simd/open_keys_levels.h"
#include "simd/open_keys_loops.h"

#include <array>
#include <bit>

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kLanes = 4;

// For each mask of lanes the halves of the keys that it keeps, moved to the front.
constexpr std::array<std::array<uint32_t, 8>, 16> MakeFronts() {
    std::array<std::array<uint32_t, 8>, 16> fronts{};
    for (uint32_t mask = 0; mask < 16; ++mask) {
        size_t kept = 0;
        for (uint32_t lane = 0; lane < kLanes; ++lane) {
            if ((mask >> lane & 1) != 0) {
                fronts[mask][2 * kept] = 2 * lane;
                fronts[mask][2 * kept + 1] = 2 * lane + 1;
                ++kept;
            }
        }
    }
    return fronts;
}

alignas(32) constexpr std::array<std::array<uint32_t, 8>, 16> kFronts = MakeFronts();

__m256i Load(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

__m256i Turned(__m256i keys) {
    return _mm256_xor_si256(keys, _mm256_set1_epi64x(static_cast<long long>(uint64_t{1} << 63)));
}

// Four keys, turned; what lies behind the last is the largest.
__m256i LoadTurned(const uint64_t* keys, size_t count) {
    if (count >= kLanes) {
        return Turned(Load(keys));
    }
    const __m256i places = _mm256_setr_epi64x(0, 1, 2, 3);
    const __m256i real =
        _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<long long>(count)), places);
    const __m256i some = _mm256_maskload_epi64(reinterpret_cast<const long long*>(keys), real);
    const __m256i largest = _mm256_set1_epi64x(0x7fffffffffffffff);
    return _mm256_blendv_epi8(largest, Turned(some), real);
}

unsigned LanesOf(__m256i mask) {
    return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(mask)));
}

__m256i Lesser(__m256i a, __m256i b) {
    return _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b));
}

size_t Least(const uint64_t* keys, size_t count) {
    __m256i a = LoadTurned(keys, count), b = a;
    size_t i = 0;
    for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
        a = Lesser(a, Turned(Load(keys + i)));
        b = Lesser(b, Turned(Load(keys + i + kLanes)));
    }
    for (; i < count; i += kLanes) {
        a = Lesser(a, LoadTurned(keys + i, count - i));
    }
    a = Lesser(a, b);
    a = Lesser(a, _mm256_permute4x64_epi64(a, 0x4e));
    a = Lesser(a, _mm256_permute4x64_epi64(a, 0xb1));
    for (i = 0;; i += kLanes) {
        const unsigned equal = LanesOf(_mm256_cmpeq_epi64(LoadTurned(keys + i, count - i), a));
        if (equal != 0) {
            return i + _tzcnt_u32(equal);
        }
    }
}

size_t CountBelow(const uint64_t* keys, size_t count, uint64_t limit) {
    const __m256i bound = Turned(_mm256_set1_epi64x(static_cast<long long>(limit)));
    __m256i below = _mm256_setzero_si256();
    for (size_t i = 0; i < count; i += kLanes) {
        below = _mm256_sub_epi64(below, _mm256_cmpgt_epi64(bound, LoadTurned(keys + i, count - i)));
    }
    alignas(32) uint64_t parts[kLanes];
    _mm256_store_si256(reinterpret_cast<__m256i*>(parts), below);
    return parts[0] + parts[1] + parts[2] + parts[3];
}

size_t KeepBelow(uint64_t* keys, size_t count, uint64_t limit) {
    const __m256i bound = Turned(_mm256_set1_epi64x(static_cast<long long>(limit)));
    size_t kept = 0;
    for (size_t i = 0; i < count; i += kLanes) {
        const __m256i some = LoadTurned(keys + i, count - i);
        const unsigned lanes = LanesOf(_mm256_cmpgt_epi64(bound, some));
        const __m256i front =
            _mm256_permutevar8x32_epi32(Turned(some), Load(kFronts[lanes].data()));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(keys + kept), front);
        kept += static_cast<size_t>(std::popcount(lanes));
    }
    return kept;
}

}  // namespace

constinit const OpenKeys kAvx2OpenKeys{OfferLoop, Least, CountBelow, KeepBelow};

}  // namespace elanus::simd
#endif
