#include "vindex/block_query.h"

#include "simd/distance.h"
#include "vindex/coded_rows.h"
#include "vindex/nibble_rows.h"

#include <algorithm>
#include <cmath>

namespace elanus::vindex {
namespace {

constexpr float kAcrossMin = 1.0f / 64;  // of a query's squared length, see NibbleVariance()

}  // namespace

BlockQuery::BlockQuery(const BlockLayout& layout, Metric metric, const Rotation& rotation,
                       const float* query, const float* centre, uint32_t dim,
                       SearchScratch& scratch)
    : kernels_(&simd::Codes()), layout_(layout), ip_(metric == Metric::kIp) {
    const size_t width = layout.width;
    scratch.rotated.resize(std::max(scratch.rotated.size(), width));
    scratch.coded.resize(std::max(scratch.coded.size(), width));
    // An inner product with a centred row differs from that with the row by the same for all rows.
    RotateInto(rotation, query, ip_ ? nullptr : centre, dim, scratch.rotated.data());
    rotated_ = scratch.rotated.data();
    scale = kernels_->encode(rotated_, width, scratch.coded.data());
    coded = scratch.coded.data();
    if (layout.is_short()) {
        scratch.weights.resize(
            std::max(scratch.weights.size(), simd::WeightBytes(kNibbleBits, width)));
        middle_ = LayNibbleQuery(coded, width, scratch.weights.data());
        weights_ = scratch.weights.data();
    }
    const float square = simd::SquaredNorm(rotated_, width);
    norm = ip_ ? 0.0f : square;
    length = std::sqrt(square);
}

void BlockQuery::PrepareScan(SearchScratch& scratch) {
    const size_t dims = layout_.coded();
    scratch.tables.resize(std::max(scratch.tables.size(), simd::GroupCodeBytes(dims)));
    kernels_->tables(rotated_, dims, scratch.tables.data(), &signs);
    scan_ = layout_.scan();
}

float BlockQuery::OwnCost(const uint8_t* block) const {
    const BlockLayout::Own own = OwnOf(block);
    const uint8_t* row = block + sizeof own;
    if (layout_.is_short()) {
        float sum = 0;
        simd::Planes().sums(row, layout_.row_bytes(), nullptr, 1, kNibbleBits, layout_.width,
                            nullptr, weights_, &sum);
        return norm + (ip_ ? 0.0f : own.square) - 2 * scale * own.scale * (sum - middle_);
    }
    const auto* values = reinterpret_cast<const int8_t*>(row);
    const auto dot = static_cast<float>(kernels_->dot(coded, values, layout_.width));
    return norm + own.norm - 2 * scale * own.scale * dot;
}

// An 8-bit value is off by a step over the root of 12, a cost by twice that times the length of the
// other side.
float BlockQuery::OwnVariance(const BlockLayout::Own& own, float cost) const {
    if (layout_.is_short()) {
        return NibbleVariance(own, cost);
    }
    const float of_query = own.scale * length, of_row = scale * scale * own.square;
    return 4 * (of_query * of_query + of_row) / 12;
}

// The error of 4-bit values stands at right angles to the row, and knows nothing of what of the
// query does so. How much that is follows from the cost itself, which is off as well: a part of the
// query is taken for certain.
float BlockQuery::NibbleVariance(const BlockLayout::Own& own, float cost) const {
    const float of_query = length * length;
    const float product = ip_ ? cost / 2 : (of_query + own.square - cost) / 2;
    const float across = of_query - product * product / own.square;
    const float bounded = across < of_query ? std::max(across, of_query * kAcrossMin) : of_query;
    return 4 * bounded * own.norm / static_cast<float>(layout_.width - 1);
}

}  // namespace elanus::vindex
