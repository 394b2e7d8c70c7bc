#include "vindex/group_codes.h"

#include <algorithm>

namespace elanus::vindex {

void GroupCodes::CostsOfPicked(const simd::GroupScan& scan, const Slice& slice,
                               SliceCosts& out) const {
    float costs[simd::kByteGroup];
    uint32_t scored = UINT32_MAX;
    for (uint32_t i = 0; i < slice.count; ++i) {
        const uint32_t at = slice.picked[i];
        if (at / rows_per_group != scored) {
            scored = at / rows_per_group;
            Score(scan, scored, costs);
        }
        out.costs[i] = costs[at % rows_per_group];
    }
    out.Mark(slice.count, scan.limit);
}

// The first group may begin before the slice; the others are written in place, and what the last
// one writes behind the slice is not marked.
void GroupCodes::Costs(const simd::GroupScan& scan, const Slice& slice, SliceCosts& out) const {
    if (slice.picked != nullptr) {
        CostsOfPicked(scan, slice, out);
        return;
    }
    out.Clear();
    const uint32_t end = slice.first + slice.count;
    uint32_t at = slice.first;
    if (at % rows_per_group != 0) {
        float costs[simd::kByteGroup];
        const uint32_t skipped = at % rows_per_group;
        const uint64_t near = Score(scan, at / rows_per_group, costs);
        std::copy(costs + skipped, costs + rows_per_group, out.costs);
        out.Mark(0, near >> skipped);
        at += rows_per_group - skipped;
    }
    for (; at < end; at += rows_per_group) {
        out.Mark(at - slice.first, Score(scan, at / rows_per_group, out.costs + at - slice.first));
    }
    for (uint32_t word = slice.count / 64; word < SliceCosts::kWords; ++word) {
        out.near[word] &= word == slice.count / 64 ? (uint64_t{1} << (slice.count % 64)) - 1 : 0;
    }
}

}  // namespace elanus::vindex
