// BlockLayout: where the parts of a node of a block graph (block_graph.h) lie, and how an edge is
// coded into a place of its groups. Format: docs/formats/block-graph.md
// Threads: plain functions and values.
#pragma once

#include "simd/codes.h"

#include <cstddef>
#include <cstdint>

namespace elanus::vindex {

// Sizes in bytes. Every part starts on a cache line.
struct BlockLayout {
    size_t width = 0;  // dimensions of the codes
    uint32_t degree = 0;

    struct Own {  // then `width` 8-bit values
        float scale;
        float norm;    // squared length of the row; 0 for IP
        uint32_t row;  // whose node this is
        float square;  // squared length of the row
    };
    static constexpr size_t kGroup = simd::kGroupVectors;

    uint32_t groups() const { return degree / static_cast<uint32_t>(kGroup); }
    size_t own_bytes() const { return (sizeof(Own) + width + 63) / 64 * 64; }
    size_t factors_offset() const { return simd::GroupCodeBytes(width); }
    size_t ids_offset() const { return simd::GroupBytes(width); }
    size_t group_bytes() const { return ids_offset() + kGroup * sizeof(uint32_t); }
    size_t block_bytes() const { return own_bytes() + groups() * group_bytes(); }
};

inline const uint32_t* GroupIds(const BlockLayout& layout, const uint8_t* group) {
    return reinterpret_cast<const uint32_t*>(group + layout.ids_offset());
}

// scale * values: where an edge leads.
struct EdgeEnd {
    float scale = 0;
    const int8_t* values = nullptr;  // width of them
    uint32_t id = 0;                 // what a search that takes the edge gets
};

// Writes the code of the edge from `start` (width values), its two factors and the id into `place`
// of a group, where bits of the code were zero. `ip`: for costs that are inner products.
void PutEdge(const BlockLayout& layout, const EdgeEnd& end, const float* start, bool ip,
             size_t place, uint8_t* group);
// Leaves a place free: infinitely far.
void PutNoEdge(const BlockLayout& layout, size_t place, uint8_t* group);

}  // namespace elanus::vindex
