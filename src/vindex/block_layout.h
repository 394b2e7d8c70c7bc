// BlockLayout: where the parts of a node of a block graph (block_graph.h, disk_blocks.h) lie, and
// how a row and its edges are coded into them. Formats: docs/formats/block-graph.md, disk-blocks.md
//
// In the compact form the row itself has 4 bits a dimension instead of 8, edges are coded by up to
// 7 of 12 dimensions (any are as good as others after the rotation; an edge's whole length is
// kept), and their factors have 16 bits: .57 of the bytes for half as many hops again. In the form
// for disks edges are coded by all dimensions, and the rest is as in the compact one: with 768
// dimensions a node of 32 edges is a block of a disk.
// Threads: plain functions and values.
#pragma once

#include "simd/codes.h"
#include "vindex/coded_rows.h"
#include "vindex/nibble_rows.h"
#include "vindex/rotation.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace elanus::vindex {

enum class BlockForm : uint8_t { kFast, kCompact, kDisk };

// Sizes in bytes. Every part starts on a cache line.
struct BlockLayout {
    size_t width = 0;  // rotated dimensions
    uint32_t degree = 0;
    BlockForm form = BlockForm::kFast;

    struct Own {       // then the row: `width` 8-bit values, or as nibble_rows.h has it
        float scale;   // of the values; of 4 bits: the weight of their products
        float norm;    // squared length of the row, 0 for IP; of 4 bits: that of their error
        uint32_t row;  // whose node this is
        float square;  // squared length of the row
    };
    static constexpr size_t kGroup = simd::kGroupVectors;
    using ScanFunction = decltype(simd::CodeKernels::scan);

    // Whether blocks of that form are much smaller than vectors of so many dimensions, with one
    // group of places: of few dimensions what is not codes weighs too much, and some are padded a
    // lot by the rotation.
    static bool FitsCompact(uint32_t dim) {
        const BlockLayout layout{RotatedWidth(dim), static_cast<uint32_t>(kGroup),
                                 BlockForm::kCompact};
        return layout.block_bytes() * 20 <= dim * sizeof(float) * 17;
    }

    // Whether rows have 4 bits and factors 16, instead of 8 and 32.
    bool is_short() const { return form != BlockForm::kFast; }
    // Dimensions of the codes of edges, the first ones.
    size_t coded() const { return form == BlockForm::kCompact ? width * 7 / 12 / 64 * 64 : width; }
    uint32_t groups() const { return degree / static_cast<uint32_t>(kGroup); }
    size_t row_bytes() const { return is_short() ? NibbleRowBytes(width) : width; }
    size_t own_bytes() const { return (sizeof(Own) + row_bytes() + 63) / 64 * 64; }
    size_t factors_offset() const { return simd::GroupCodeBytes(coded()); }
    size_t ids_offset() const {
        return is_short() ? simd::ShortGroupBytes(coded()) : simd::GroupBytes(coded());
    }
    ScanFunction scan() const { return is_short() ? simd::Codes().scan_short : simd::Codes().scan; }
    size_t group_bytes() const { return ids_offset() + kGroup * sizeof(uint32_t); }
    size_t block_bytes() const { return own_bytes() + groups() * group_bytes(); }
};

inline BlockLayout::Own OwnOf(const uint8_t* block) {
    BlockLayout::Own own;
    std::memcpy(&own, block, sizeof own);
    return own;
}

inline const uint32_t* GroupIds(const BlockLayout& layout, const uint8_t* group) {
    return reinterpret_cast<const uint32_t*>(group + layout.ids_offset());
}
// Whether all numbers of a group are below `limit`.
inline bool GroupIdsBelow(const BlockLayout& layout, const uint8_t* group, uint32_t limit) {
    const uint32_t* ids = GroupIds(layout, group);
    return std::all_of(ids, ids + BlockLayout::kGroup, [limit](uint32_t id) { return id < limit; });
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

// Writes the node of a row, with edges to the rows `links` (at most `degree`), into a block of
// zeros. `nodes` says which node each row is. `ip`: for costs that are inner products.
void PutNode(const BlockLayout& layout, const CodedRows& rows, uint32_t row,
             std::span<const uint32_t> links, std::span<const uint32_t> nodes, bool ip,
             uint8_t* block);

}  // namespace elanus::vindex
