#include "vindex/block_layout.h"

#include "simd/half.h"

#include <limits>

namespace elanus::vindex {
namespace {

void PutFactors(const BlockLayout& layout, float first, float second, size_t place,
                uint8_t* group) {
    if (layout.compact) {
        reinterpret_cast<uint32_t*>(group + layout.factors_offset())[place] =
            simd::BFloat16FromFloat(first) | static_cast<uint32_t>(simd::BFloat16FromFloat(second))
                                                 << 16;
        return;
    }
    auto* factors = reinterpret_cast<float*>(group + layout.factors_offset());
    factors[place] = first;
    factors[BlockLayout::kGroup + place] = second;
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

}  // namespace elanus::vindex
