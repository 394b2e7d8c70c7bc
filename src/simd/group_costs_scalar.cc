// Group kernels for any processor: the reference that the others are compared with.
#include "simd/group_costs_levels.h"
#include "simd/group_costs_loops.h"

namespace elanus::simd {
namespace {

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
    static constexpr GroupKernels kTable{Nibbles, BytesLoop};
    return kTable;
}

}  // namespace elanus::simd
