#include "vindex/block_layout.h"

#include "simd/half.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace elanus::vindex {
namespace {

void PutFactors(const BlockLayout& layout, float first, float second, size_t place,
                uint8_t* group) {
    if (layout.is_short()) {
        reinterpret_cast<uint32_t*>(group + layout.factors_offset())[place] =
            simd::BFloat16FromFloat(first) | static_cast<uint32_t>(simd::BFloat16FromFloat(second))
                                                 << 16;
        return;
    }
    auto* factors = reinterpret_cast<float*>(group + layout.factors_offset());
    factors[place] = first;
    factors[BlockLayout::kGroup + place] = second;
}

// `decoded` is the row.
void PutOwn(const BlockLayout& layout, const CodedRows& rows, uint32_t row,
            const std::vector<float>& decoded, bool ip, uint8_t* block) {
    BlockLayout::Own own{.scale = rows.Scale(row),
                         .norm = ip ? 0.0f : rows.Norm(row),
                         .row = row,
                         .square = rows.Norm(row)};
    if (layout.is_short()) {
        const NibbleSums sums = EncodeNibbles(decoded.data(), layout.width, block + sizeof own);
        own.scale = sums.weight;
        own.norm = sums.error;
    } else {
        std::memcpy(block + sizeof own, rows.Values(row), layout.width);
    }
    std::memcpy(block, &own, sizeof own);
}

}  // namespace

// A search adds up own + first + second * (sum of +-query), which estimates
//   |q - v|^2 + |r|^2 - 2 <q - v, r>   for L2 and COSINE,
//   -2 <q, v> - 2 <q, r>               for IP,
// r being the edge and v its start: <y, r> is estimated by <y, signs of r> |r|^2 / |r|_1. Where
// only some dimensions are coded, the products and |r|_1 are those in them, |r|^2 is not.
void PutEdge(const BlockLayout& layout, const EdgeEnd& end, const float* start, bool ip,
             size_t place, uint8_t* group) {
    uint8_t bits[simd::kCodeDimMax / 8];
    const size_t coded = layout.coded();
    const simd::SignSums sums =
        simd::Codes().signs(end.scale, end.values, start, layout.width, bits);
    const simd::SignSums part = coded < layout.width
                                    ? simd::Codes().signs(end.scale, end.values, start, coded, bits)
                                    : sums;
    const size_t shift = place / 16 * 4;
    for (size_t b = 0; b < coded / 8; ++b) {
        uint8_t* at = group + b * 32 + place % 16;
        at[0] |= static_cast<uint8_t>((bits[b] & 15) << shift);
        at[16] |= static_cast<uint8_t>(bits[b] >> 4 << shift);
    }
    const float weight = part.length > 0 ? sums.square / part.length : 0;
    PutFactors(layout, (ip ? -2 * sums.product : sums.square) + 2 * weight * part.along,
               -2 * weight, place, group);
    reinterpret_cast<uint32_t*>(group + layout.ids_offset())[place] = end.id;
}

void PutNoEdge(const BlockLayout& layout, size_t place, uint8_t* group) {
    PutFactors(layout, std::numeric_limits<float>::infinity(), 0, place, group);
}

void PutNode(const BlockLayout& layout, const CodedRows& rows, uint32_t row,
             std::span<const uint32_t> links, std::span<const uint32_t> nodes, bool ip,
             uint8_t* block) {
    std::for_each(links.begin(), links.end(), [&](uint32_t link) { rows.Prefetch(link); });
    std::vector<float> start(layout.width);
    for (size_t d = 0; d < layout.width; ++d) {
        start[d] = rows.Scale(row) * static_cast<float>(rows.Values(row)[d]);
    }
    PutOwn(layout, rows, row, start, ip, block);
    for (uint32_t i = 0; i < layout.degree; ++i) {
        uint8_t* group =
            block + layout.own_bytes() + i / BlockLayout::kGroup * layout.group_bytes();
        const size_t place = i % BlockLayout::kGroup;
        if (i < links.size()) {
            const uint32_t link = links[i];
            PutEdge(layout, {rows.Scale(link), rows.Values(link), nodes[link]}, start.data(), ip,
                    place, group);
        } else {
            PutNoEdge(layout, place, group);
        }
    }
}

}  // namespace elanus::vindex
