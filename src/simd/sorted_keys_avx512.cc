// Insertion for AVX-512: eight keys are compared and moved at once, from the end down, so that the
// place is found while the keys behind it move.
#if defined(__x86_64__)
#include "simd/sorted_keys_levels.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kLanes = 8;

}  // namespace

size_t Avx512InsertKey(uint64_t* keys, size_t count, uint64_t key) {
    const __m512i wanted = _mm512_set1_epi64(static_cast<long long>(key));
    size_t end = count;
    while (end > 0) {
        const size_t begin = end > kLanes ? end - kLanes : 0;
        const auto lanes = static_cast<__mmask8>((1u << (end - begin)) - 1);
        const __m512i values = _mm512_maskz_loadu_epi64(lanes, keys + begin);
        const __mmask8 above = _mm512_mask_cmpge_epu64_mask(lanes, values, wanted);
        _mm512_mask_storeu_epi64(keys + begin + 1, above, values);
        if (above != lanes) {
            const size_t at = end - static_cast<size_t>(__builtin_popcount(above));
            keys[at] = key;
            return at;
        }
        end = begin;
    }
    keys[0] = key;
    return 0;
}

}  // namespace elanus::simd
#endif
