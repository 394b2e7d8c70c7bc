// Group kernels in plain loops: the scalar reference, and what the wider levels leave to the
// compiler. Included once per group_costs_<level>.cc; internal linkage keeps the copies apart.
#pragma once

#include "simd/group_costs.h"

namespace elanus::simd {
namespace {

template <size_t kRows>
inline uint64_t CostsOfSums(const GroupScan& scan, const uint32_t* sums, const float* terms,
                            const float* factors, float* costs) {
    uint64_t near = 0;
    for (size_t i = 0; i < kRows; ++i) {
        const float value = scan.shift + scan.step * static_cast<float>(sums[i]);
        costs[i] = scan.base + (terms != nullptr ? terms[i] : 0.0f) +
                   (factors != nullptr ? factors[i] : 1.0f) * value;
    }
    for (size_t i = 0; i < kRows; ++i) {
        near |= static_cast<uint64_t>(!(costs[i] > scan.limit)) << i;
    }
    return near;
}

inline uint64_t BytesLoop(const GroupScan& scan, const uint8_t* group, const float* terms,
                          const float* factors, float* costs) {
    uint32_t sums[kByteGroup] = {};
    for (size_t p = 0; p < scan.positions; ++p) {
        const uint8_t* table = scan.tables + 256 * p;
        for (size_t i = 0; i < kByteGroup; ++i) {
            sums[i] += table[group[kByteGroup * p + i]];
        }
    }
    return CostsOfSums<kByteGroup>(scan, sums, terms, factors, costs);
}

}  // namespace
}  // namespace elanus::simd
