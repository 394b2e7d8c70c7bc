#include "vindex/lean_rows.h"

#include "simd/distance.h"
#include "vindex/coded_rows.h"
#include "vindex/nibble_rows.h"

#include <algorithm>
#include <cmath>

namespace elanus::vindex {
namespace {

constexpr uint64_t kRotationSeed = 0x1ea4;
constexpr size_t kDotsAtOnce = 64;
constexpr size_t kLine = 64;

}  // namespace

Rotation LeanRows::RotationOf(uint32_t dim) {
    return Rotation(dim, kRotationSeed);
}

LeanLayout LeanRows::LayoutOf(uint32_t dim, uint32_t degree) {
    return {.width = RotatedWidth(dim), .degree = degree};
}

LeanRows::LeanRows(Metric metric, uint32_t dim, uint32_t degree, uint8_t* blocks,
                   std::vector<float> centre, float longest)
    : metric_(metric),
      dim_(dim),
      layout_(LayoutOf(dim, degree)),
      block_bytes_(layout_.block_bytes()),
      rotation_(RotationOf(dim)),
      centre_(std::move(centre)),
      longest_(longest),
      blocks_(blocks) {}

void LeanRows::Set(uint32_t row, const float* vector, std::vector<float>& room) {
    const simd::CodeKernels& kernels = simd::Codes();
    const size_t width = layout_.width;
    room.resize(std::max(room.size(), width));
    RotateInto(rotation_, vector, nullptr, dim_, room.data());
    for (size_t d = 0; d < width; ++d) {
        room[d] -= centre_[d];
    }
    uint8_t* block = Block(row);
    std::fill(block + layout_.fine_offset() + width, block + block_bytes_, uint8_t{0});
    std::fill_n(Links(row), layout_.degree, kNoLink);
    const NibbleSums coarse = EncodeNibbles(room.data(), width, block + layout_.coarse_offset());
    auto* fine = reinterpret_cast<int8_t*>(block + layout_.fine_offset());
    const float scale = kernels.encode(room.data(), width, fine);
    const float norm = scale * scale * static_cast<float>(kernels.dot(fine, fine, width));
    const float lift = metric_ == Metric::kIp ? std::sqrt(std::max(0.0f, longest_ - norm)) : 0.0f;
    FactorsOf(row) = {
        .mass = norm + lift * lift, .weight = coarse.weight, .scale = scale, .lift = lift};
}

void LeanRows::Lay(LeanQuery* query) const {
    const size_t width = layout_.width;
    query->weights.assign(simd::WeightBytes(kNibbleBits, width), 0);
    query->middle = LayNibbleQuery(query->values.data(), width, query->weights.data());
}

void LeanRows::PrepareQuery(const float* vector, LeanQuery* query) const {
    const size_t width = layout_.width;
    query->rotated.resize(width);
    query->values.resize(width);
    RotateInto(rotation_, vector, nullptr, dim_, query->rotated.data());
    query->lift = 0;
    if (metric_ == Metric::kIp) {
        query->own = 0.0f - simd::InnerProduct(query->rotated.data(), centre_.data(), width);
        query->mass_part = 0;
        query->product_part = 1;
        query->least = -std::numeric_limits<float>::infinity();
        query->most = std::numeric_limits<float>::infinity();
    } else {
        for (size_t d = 0; d < width; ++d) {
            query->rotated[d] -= centre_[d];
        }
        const float square = simd::SquaredNorm(query->rotated.data(), width);
        const bool cosine =
            metric_ == Metric::kCosine;  // half the distance of unit vectors, less 1
        query->own = cosine ? square / 2 - 1 : square;
        query->mass_part = cosine ? 0.5f : 1.0f;
        query->product_part = cosine ? 1.0f : 2.0f;
        query->least = cosine ? -1.0f : 0.0f;
        query->most = cosine ? 1.0f : std::numeric_limits<float>::infinity();
    }
    query->scale = simd::Codes().encode(query->rotated.data(), width, query->values.data());
    Lay(query);
}

void LeanRows::PrepareRow(uint32_t row, LeanQuery* query) const {
    const LeanLayout::Factors& factors = FactorsOf(row);
    query->values.assign(Fine(row), Fine(row) + layout_.width);
    query->scale = factors.scale;
    query->own = factors.mass;
    query->mass_part = 1;
    query->product_part = 2;
    query->lift = factors.lift;
    Lay(query);
}

void LeanRows::CoarseCosts(const LeanQuery& query, std::span<const uint32_t> ids,
                           float* costs) const {
    const size_t width = layout_.width;
    simd::Planes().sums(blocks_ + layout_.coarse_offset(), block_bytes_, ids.data(), ids.size(),
                        kNibbleBits, width, nullptr, query.weights.data(), costs);
    for (size_t i = 0; i < ids.size(); ++i) {
        const LeanLayout::Factors& factors = FactorsOf(ids[i]);
        const float product = factors.weight * query.scale * (costs[i] - query.middle);
        costs[i] = query.own + query.mass_part * factors.mass -
                   query.product_part * (product + query.lift * factors.lift);
    }
}

void LeanRows::FineCosts(const LeanQuery& query, std::span<const uint32_t> ids,
                         float* costs) const {
    const int8_t* rows[kDotsAtOnce];
    int32_t dots[kDotsAtOnce];
    for (size_t at = 0; at < ids.size(); at += kDotsAtOnce) {
        const size_t count = std::min(kDotsAtOnce, ids.size() - at);
        for (size_t i = 0; i < count; ++i) {
            rows[i] = Fine(ids[at + i]);
        }
        simd::Codes().dots(query.values.data(), rows, count, layout_.width, dots);
        for (size_t i = 0; i < count; ++i) {
            const LeanLayout::Factors& factors = FactorsOf(ids[at + i]);
            const float product = query.scale * factors.scale * static_cast<float>(dots[i]);
            const float cost = query.own + query.mass_part * factors.mass -
                               query.product_part * (product + query.lift * factors.lift);
            costs[at + i] = std::clamp(cost, query.least, query.most);
        }
    }
}

void LeanRows::PairCosts(uint32_t a, std::span<const uint32_t> ids, float* costs) const {
    const LeanLayout::Factors& own = FactorsOf(a);
    const int8_t* rows[kDotsAtOnce];
    int32_t dots[kDotsAtOnce];
    for (size_t at = 0; at < ids.size(); at += kDotsAtOnce) {
        const size_t count = std::min(kDotsAtOnce, ids.size() - at);
        for (size_t i = 0; i < count; ++i) {
            rows[i] = Fine(ids[at + i]);
        }
        simd::Codes().dots(Fine(a), rows, count, layout_.width, dots);
        for (size_t i = 0; i < count; ++i) {
            const LeanLayout::Factors& factors = FactorsOf(ids[at + i]);
            const float product = own.scale * factors.scale * static_cast<float>(dots[i]);
            costs[at + i] = own.mass + factors.mass - 2 * (product + own.lift * factors.lift);
        }
    }
}

void LeanRows::Prefetch(uint32_t row, size_t begin, size_t end) const {
    const uint8_t* block = Block(row);
    for (size_t at = begin / kLine * kLine; at < end; at += kLine) {
        __builtin_prefetch(block + at, 0, 2);
    }
}

}  // namespace elanus::vindex
