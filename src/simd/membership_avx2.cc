// Membership for AVX2: four rows at once; 64-bit products are put together from 32-bit ones.
#if defined(__x86_64__)
#include "simd/membership_levels.h"
#include "simd/membership_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

__m256i Load(const int64_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
uint64_t Bits(__m256i mask) {
    return static_cast<uint32_t>(_mm256_movemask_pd(_mm256_castsi256_pd(mask)));
}
// Into a register of zeros: without, each gather would wait for the one before it.
__m256i Gather(const void* base, __m256i index) {
    return _mm256_mask_i64gather_epi64(_mm256_setzero_si256(), static_cast<const long long*>(base),
                                       index, _mm256_set1_epi64x(-1), 8);
}
__m256i Broadcast(uint64_t value) {
    return _mm256_set1_epi64x(static_cast<long long>(value));
}

struct Four {
    static constexpr size_t kLanes = 4;

    struct Dense {
        explicit Dense(const DenseBits& set)
            : low_(Broadcast(set.low)), end_(Broadcast(set.span + 1)), bits_(set.bits) {}
        uint64_t Mask(const int64_t* p) const {
            // Signed order of numbers with their top bit turned is the unsigned order.
            const __m256i top = Broadcast(uint64_t{1} << 63);
            const __m256i bit = _mm256_sub_epi64(Load(p), low_);
            const __m256i outside =
                _mm256_cmpgt_epi64(_mm256_xor_si256(bit, top), _mm256_xor_si256(end_, top));
            const __m256i index = _mm256_blendv_epi8(bit, end_, outside);
            const __m256i word = Gather(bits_, _mm256_srli_epi64(index, 6));
            const __m256i shift =
                _mm256_sub_epi64(Broadcast(63), _mm256_and_si256(index, Broadcast(63)));
            return Bits(_mm256_sllv_epi64(word, shift));
        }
        __m256i low_;
        __m256i end_;
        const uint64_t* bits_;
    };

    struct Cuckoo {
        explicit Cuckoo(const CuckooSlots& set)
            : first_(Broadcast(set.multipliers[0])),
              second_(Broadcast(set.multipliers[1])),
              shift_(_mm_cvtsi32_si128(set.shift)),
              slots_(set.slots) {}
        static __m256i Product(__m256i a, __m256i b) {
            const __m256i low = _mm256_mul_epu32(a, b);
            const __m256i high = _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(a, 32), b),
                                                  _mm256_mul_epu32(a, _mm256_srli_epi64(b, 32)));
            return _mm256_add_epi64(low, _mm256_slli_epi64(high, 32));
        }
        __m256i At(__m256i values, __m256i multiplier) const {
            return Gather(slots_, _mm256_srl_epi64(Product(values, multiplier), shift_));
        }
        uint64_t Mask(const int64_t* p) const {
            const __m256i values = Load(p);
            return Bits(_mm256_or_si256(_mm256_cmpeq_epi64(At(values, first_), values),
                                        _mm256_cmpeq_epi64(At(values, second_), values)));
        }
        __m256i first_;
        __m256i second_;
        __m128i shift_;
        const int64_t* slots_;
    };
};

}  // namespace

const MembershipKernels& Avx2Memberships() {
    return MembershipLoops<Four>::kTable;
}

}  // namespace elanus::simd
#endif
