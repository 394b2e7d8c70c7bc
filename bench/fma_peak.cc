#include "fma_peak.h"

#include <cstddef>

namespace elanus::bench {
namespace {

#if defined(__AVX512F__)
constexpr size_t kLanes = 16;
#elif defined(__AVX__)
constexpr size_t kLanes = 8;
#else
constexpr size_t kLanes = 4;
#endif
using Lanes [[gnu::vector_size(kLanes * sizeof(float))]] = float;
constexpr size_t kSums = 12;  // more than latency times units, and fewer than registers

}  // namespace

double FmaRounds(size_t rounds) {
    Lanes sums[kSums] = {};
    Lanes factor = Lanes{} + 1.0001f;
    Lanes term = Lanes{} + 0.5f;
    asm volatile("" : "+m"(factor), "+m"(term));
    for (size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
        for (size_t i = 0; i < kSums; ++i) {
            sums[i] = factor * term + sums[i];
        }
#pragma GCC unroll 12
        for (size_t i = 0; i < kSums; ++i) {
            asm volatile("" : "+v"(sums[i]));  // a sum of its own every round
        }
    }
    Lanes all = {};
#pragma GCC unroll 12
    for (size_t i = 0; i < kSums; ++i) {
        all += sums[i];  // unrolled as all loops here: otherwise the sums live in memory
    }
    asm volatile("" : "+m"(all));
    return 2.0 * static_cast<double>(kSums * kLanes) * static_cast<double>(rounds);
}

}  // namespace elanus::bench
