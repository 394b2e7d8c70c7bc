// GroupCodes: codes that lie in groups of 32 or 64 positions and are scored a group at a time
// (simd/group_costs.h), whatever lists the positions are in.
// Threads: a view over constant bytes.
#pragma once

#include "simd/group_costs.h"
#include "vindex/list_codes.h"

#include <cstdint>

namespace elanus::vindex {

struct GroupCodes {
    simd::GroupCosts kernel = nullptr;
    uint32_t rows_per_group = 0;
    size_t group_bytes = 0;
    const uint8_t* codes = nullptr;
    // By position, for whole groups; null: none.
    const float* terms = nullptr;
    const float* factors = nullptr;

    static size_t Groups(uint32_t rows, uint32_t rows_per_group) {
        return (static_cast<size_t>(rows) + rows_per_group - 1) / rows_per_group;
    }
    void Costs(const simd::GroupScan& scan, const Slice& slice, SliceCosts& out) const;

  private:
    uint64_t Score(const simd::GroupScan& scan, uint32_t group, float* costs) const {
        const size_t first = static_cast<size_t>(group) * rows_per_group;
        return kernel(scan, codes + group * group_bytes, terms != nullptr ? terms + first : nullptr,
                      factors != nullptr ? factors + first : nullptr, costs);
    }
    void CostsOfPicked(const simd::GroupScan& scan, const Slice& slice, SliceCosts& out) const;
};

}  // namespace elanus::vindex
