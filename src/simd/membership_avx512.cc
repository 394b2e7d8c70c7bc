// Membership for AVX-512 (F, DQ): eight rows at once.
#if defined(__x86_64__)
#include "simd/membership_levels.h"
#include "simd/membership_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

__m512i Broadcast(uint64_t value) {
    return _mm512_set1_epi64(static_cast<long long>(value));
}

// Into a register of zeros: without, each gather would wait for the one before it.
__m512i Gather(const void* base, __m512i index) {
    return _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), 0xff, index, base, 8);
}

struct Eight {
    static constexpr size_t kLanes = 8;

    struct Dense {
        explicit Dense(const DenseBits& set)
            : low_(Broadcast(set.low)), end_(Broadcast(set.span + 1)), bits_(set.bits) {}
        uint64_t Mask(const int64_t* p) const {
            const __m512i index =
                _mm512_min_epu64(_mm512_sub_epi64(_mm512_loadu_si512(p), low_), end_);
            const __m512i word = Gather(bits_, _mm512_srli_epi64(index, 6));
            const __m512i bit = _mm512_rorv_epi64(word, index);  // by the last 6 bits of the index
            return _mm512_test_epi64_mask(bit, Broadcast(1));
        }
        __m512i low_;
        __m512i end_;
        const uint64_t* bits_;
    };

    struct Cuckoo {
        explicit Cuckoo(const CuckooSlots& set)
            : first_(Broadcast(set.multipliers[0])),
              second_(Broadcast(set.multipliers[1])),
              shift_(_mm_cvtsi32_si128(set.shift)),
              slots_(set.slots) {}
        __mmask8 At(__m512i values, __m512i multiplier) const {
            const __m512i slot = _mm512_srl_epi64(_mm512_mullo_epi64(values, multiplier), shift_);
            return _mm512_cmpeq_epi64_mask(Gather(slots_, slot), values);
        }
        uint64_t Mask(const int64_t* p) const {
            const __m512i values = _mm512_loadu_si512(p);
            return static_cast<uint64_t>(At(values, first_) | At(values, second_));
        }
        __m512i first_;
        __m512i second_;
        __m128i shift_;
        const int64_t* slots_;
    };
};

}  // namespace

const MembershipKernels& Avx512Memberships() {
    return MembershipLoops<Eight>::kTable;
}

}  // namespace elanus::simd
#endif
