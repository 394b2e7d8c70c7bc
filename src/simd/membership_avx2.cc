// Membership for AVX2: four rows at once. Slots and words are loaded one by one, which is quicker
// than a gather; the places of slots are therefore numbers, whose 64-bit products are one
// instruction each, and not lanes.
#if defined(__x86_64__)
#include "simd/membership_levels.h"
#include "simd/membership_loops.h"

#include <array>

#include <immintrin.h>

namespace elanus::simd {
namespace {

__m256i Load(const int64_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
uint64_t Bits(__m256i mask) {
    return static_cast<uint32_t>(_mm256_movemask_pd(_mm256_castsi256_pd(mask)));
}
template <typename T>
__m256i LoadEach(const T* base, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    const auto at = [&](uint64_t i) { return static_cast<long long>(base[i]); };
    return _mm256_setr_epi64x(at(a), at(b), at(c), at(d));
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
            alignas(32) std::array<uint64_t, 4> at;
            _mm256_store_si256(reinterpret_cast<__m256i*>(at.data()), _mm256_srli_epi64(index, 6));
            const __m256i word = LoadEach(bits_, at[0], at[1], at[2], at[3]);
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
            : multipliers_{set.multipliers[0], set.multipliers[1]},
              shift_(set.shift),
              slots_(set.slots) {}
        __m256i At(const int64_t* p, uint64_t multiplier) const {
            const auto slot = [&](size_t i) {
                return static_cast<uint64_t>(p[i]) * multiplier >> shift_;
            };
            return LoadEach(slots_, slot(0), slot(1), slot(2), slot(3));
        }
        uint64_t Mask(const int64_t* p) const {
            const __m256i values = Load(p);
            return Bits(_mm256_or_si256(_mm256_cmpeq_epi64(At(p, multipliers_[0]), values),
                                        _mm256_cmpeq_epi64(At(p, multipliers_[1]), values)));
        }
        uint64_t multipliers_[2];
        int shift_;
        const int64_t* slots_;
    };
};

}  // namespace

const MembershipKernels& Avx2Memberships() {
    return MembershipLoops<Four>::kTable;
}

}  // namespace elanus::simd
#endif
