// Group kernels for any processor: the reference that the others are compared with.
#include "simd/group_costs_levels.h"

namespace elanus::simd {
namespace {

template <size_t kRows>
uint64_t CostsOfSums(const GroupScan& scan, const uint32_t* sums, const float* terms,
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

uint64_t Bytes(const GroupScan& scan, const uint8_t* group, const float* terms,
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

uint64_t Nibbles(const GroupScan& scan, const uint8_t* group, const float* terms,
                 const float* factors, float* costs) {
    uint32_t sums[kNibbleGroup] = {};
    for (size_t at = 0; at < 16 * scan.positions; at += 16) {
        for (size_t i = 0; i < 16; ++i) {
            sums[i] += scan.tables[at + (group[at + i] & 15)];
            sums[i + 16] += scan.tables[at + (group[at + i] >> 4)];
        }
    }
    return CostsOfSums<kNibbleGroup>(scan, sums, terms, factors, costs);
}

}  // namespace

const GroupKernels& ScalarGroups() {
    static constexpr GroupKernels kTable{Nibbles, Bytes};
    return kTable;
}

}  // namespace elanus::simd
