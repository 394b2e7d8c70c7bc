// Scans over offsets for AVX2. Heads are loaded one by one: that is quicker than a gather.
#if defined(__x86_64__)
#include "simd/offset_scan_levels.h"
#include "simd/offset_scan_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

long long HeadAt(const uint8_t* p) {
    long long head = 0;
    std::memcpy(&head, p, sizeof(head));
    return head;
}

__m256i Load(const uint32_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

struct Eight {
    static constexpr size_t kLanes = 8;

    template <bool Exact>
    static uint64_t Lengths(const uint32_t* offsets, uint32_t length) {
        const __m256i lengths = _mm256_sub_epi32(Load(offsets + 1), Load(offsets));
        const __m256i wanted = _mm256_set1_epi32(static_cast<int>(length));
        const __m256i fits = Exact ? _mm256_cmpeq_epi32(lengths, wanted)
                                   : _mm256_cmpeq_epi32(_mm256_max_epu32(lengths, wanted), lengths);
        return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(fits)));
    }

    static uint64_t Heads(const uint8_t* bytes, const uint32_t* o, uint64_t head, uint64_t mask) {
        const __m256i wanted = _mm256_set1_epi64x(static_cast<long long>(head));
        const __m256i where = _mm256_set1_epi64x(static_cast<long long>(mask));
        const auto four = [&](const uint32_t* at) {
            const __m256i heads = _mm256_set_epi64x(HeadAt(bytes + at[3]), HeadAt(bytes + at[2]),
                                                    HeadAt(bytes + at[1]), HeadAt(bytes + at[0]));
            const __m256i equal = _mm256_cmpeq_epi64(_mm256_and_si256(heads, where), wanted);
            return static_cast<uint32_t>(_mm256_movemask_pd(_mm256_castsi256_pd(equal)));
        };
        return four(o) | four(o + 4) << 4;
    }
};

}  // namespace

const OffsetKernels& Avx2OffsetScans() {
    return OffsetLoops<Eight>::kTable;
}

}  // namespace elanus::simd
#endif
