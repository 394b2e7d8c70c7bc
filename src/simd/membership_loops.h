// The loops of the membership scans, written once over a lane type V, which lives in the anonymous
// namespace of its membership_<level>.cc (see compare_loops.h). V offers
//     kLanes                                      a divisor of 64
//     Dense(const DenseBits&), Cuckoo(const CuckooSlots&)    each with
//         uint64_t Mask(const int64_t* values)    bit i: values[i] is in the set
#pragma once

#include "simd/membership.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

template <typename V>
struct MembershipLoops {
    template <typename Mask>
    static inline __attribute__((always_inline)) void ForEachWord(const int64_t* values,
                                                                  size_t count, uint64_t* words,
                                                                  Mask mask) {
        const auto word = [&](const int64_t* p) {
            uint64_t bits = 0;
#pragma GCC unroll 4
            for (size_t lane = 0; lane < 64; lane += V::kLanes) {
                bits |= mask(p + lane) << lane;
            }
            return bits;
        };
        size_t i = 0;
        for (; i + 64 <= count; i += 64) {
            *words++ = word(values + i);
        }
        if (const size_t left = count - i; left > 0) {
            int64_t block[64] = {};
            for (size_t j = 0; j < left; ++j) {
                block[j] = values[i + j];
            }
            *words = word(block) & ((uint64_t{1} << left) - 1);
        }
    }

    static void Dense(const DenseBits& set, const int64_t* values, size_t count, uint64_t* words) {
        const typename V::Dense in(set);
        ForEachWord(values, count, words, [in](const int64_t* p) { return in.Mask(p); });
    }
    static void Cuckoo(const CuckooSlots& set, const int64_t* values, size_t count,
                       uint64_t* words) {
        const typename V::Cuckoo in(set);
        ForEachWord(values, count, words, [in](const int64_t* p) { return in.Mask(p); });
    }

    static constexpr MembershipKernels kTable = {Dense, Cuckoo};
};

}  // namespace elanus::simd
