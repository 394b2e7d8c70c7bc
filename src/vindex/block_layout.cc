#include "vindex/block_layout.h"

#include <limits>

namespace elanus::vindex {

// A search adds up own + first + second * (sum of +-query), which estimates
//   |q - v|^2 + |r|^2 - 2 <q - v, r>   for L2 and COSINE,
//   -2 <q, v> - 2 <q, r>               for IP,
// r being the edge and v its start: <y, r> is estimated by <y, signs of r> |r|^2 / |r|_1.
void PutEdge(const BlockLayout& layout, const EdgeEnd& end, const float* start, bool ip,
             size_t place, uint8_t* group) {
    uint8_t bits[simd::kCodeDimMax / 8];
    const simd::SignSums sums =
        simd::Codes().signs(end.scale, end.values, start, layout.width, bits);
    const size_t shift = place / 16 * 4;
    for (size_t b = 0; b < layout.width / 8; ++b) {
        uint8_t* at = group + b * 32 + place % 16;
        at[0] |= static_cast<uint8_t>((bits[b] & 15) << shift);
        at[16] |= static_cast<uint8_t>(bits[b] >> 4 << shift);
    }
    const float weight = sums.length > 0 ? sums.square / sums.length : 0;
    auto* factors = reinterpret_cast<float*>(group + layout.factors_offset());
    factors[place] = (ip ? -2 * sums.product : sums.square) + 2 * weight * sums.along;
    factors[BlockLayout::kGroup + place] = -2 * weight;
    reinterpret_cast<uint32_t*>(group + layout.ids_offset())[place] = end.id;
}

void PutNoEdge(const BlockLayout& layout, size_t place, uint8_t* group) {
    reinterpret_cast<float*>(group + layout.factors_offset())[place] =
        std::numeric_limits<float>::infinity();
}

}  // namespace elanus::vindex
