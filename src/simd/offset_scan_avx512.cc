// Scans over offsets for AVX-512 (F). Heads are loaded one by one: that is quicker than a gather.
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

struct Sixteen {
    static constexpr size_t kLanes = 16;

    template <bool Exact>
    static uint64_t Lengths(const uint32_t* offsets, uint32_t length) {
        const __m512i lengths =
            _mm512_sub_epi32(_mm512_loadu_si512(offsets + 1), _mm512_loadu_si512(offsets));
        const __m512i wanted = _mm512_set1_epi32(static_cast<int>(length));
        return Exact ? _mm512_cmpeq_epi32_mask(lengths, wanted)
                     : _mm512_cmpge_epu32_mask(lengths, wanted);
    }

    static uint64_t Heads(const uint8_t* bytes, const uint32_t* o, uint64_t head, uint64_t mask) {
        const __m512i wanted = _mm512_set1_epi64(static_cast<long long>(head));
        const __m512i where = _mm512_set1_epi64(static_cast<long long>(mask));
        const auto eight = [&](const uint32_t* at) {
            const __m512i heads = _mm512_set_epi64(HeadAt(bytes + at[7]), HeadAt(bytes + at[6]),
                                                   HeadAt(bytes + at[5]), HeadAt(bytes + at[4]),
                                                   HeadAt(bytes + at[3]), HeadAt(bytes + at[2]),
                                                   HeadAt(bytes + at[1]), HeadAt(bytes + at[0]));
            return static_cast<uint64_t>(
                _mm512_cmpeq_epi64_mask(_mm512_and_si512(heads, where), wanted));
        };
        return eight(o) | eight(o + 8) << 8;
    }
};

}  // namespace

const OffsetKernels& Avx512OffsetScans() {
    return OffsetLoops<Sixteen>::kTable;
}

}  // namespace elanus::simd
#endif
