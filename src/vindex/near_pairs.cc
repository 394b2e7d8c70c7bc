#include "vindex/near_pairs.h"

#include "simd/query_panels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace elanus::vindex {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
// A panel of more values a query does not stay in a core's cache.
constexpr size_t kDimMax = 8192;
// A pair measured alone takes several times what it takes in a tile.
constexpr size_t kPairShare = 8;

}  // namespace

size_t NearPairs::PanelQueries() {
    return simd::Panels().queries;
}

bool NearPairs::Serves(VectorType type, Metric metric, uint32_t dim, size_t queries) {
    return type == VectorType::kFloat && dim <= kDimMax && Fills(queries) &&
           (metric == Metric::kL2 || metric == Metric::kIp || metric == Metric::kCosine);
}

// A sum of `dim` products is off by at most dim / 2^24 of the sum of their absolute values, which
// is at most the product of the lengths. That is so here and in the kernels; lengths are off by
// less than as much again. A few roundings more are in the 8.
NearPairs::NearPairs(Metric metric, uint32_t dim, bool by_lengths)
    : kernel_(simd::Panels()),
      metric_(metric),
      by_lengths_(by_lengths && metric == Metric::kCosine),
      dim_(dim),
      rounding_(4.0f * static_cast<float>(dim + 8) * 0x1p-24f) {}

void NearPairs::SetQueries(const uint8_t* queries, size_t count) {
    queries_ = reinterpret_cast<const float*>(queries);
    query_count_ = count;
    panels_.reset();
}

void NearPairs::MakePanels() {
    const size_t width = kernel_.queries;
    panels_ = sys::AllocateHuge((query_count_ + width - 1) / width * width * dim_ * sizeof(float));
    query_squares_.resize(query_count_);
    for (size_t q = 0; q < query_count_; ++q) {
        const float* query = queries_ + q * dim_;
        float* place =
            reinterpret_cast<float*>(panels_.get()) + q / width * width * dim_ + q % width;
        for (size_t d = 0; d < dim_; ++d) {
            place[d * width] = query[d];
        }
        query_squares_[q] = simd::SquaredNorm(query, dim_);
    }
}

// NaN where the square tells too little about it. Where lengths only make the allowance, a small
// one may be taken for a larger.
float NearPairs::LengthOf(float square) const {
    const float known = by_lengths_ ? square : std::max(square, 1e-30f);
    return known >= 1e-30f && known < 1e30f ? std::sqrt(known) : kNone;
}

// L2 asks for |q|^2 + |r|^2 - 2qr below the limit: qr at or above half of the squares, less what
// they and the distance may be off by, less half of the limit. The squared differences add up to at
// most twice the squares.
float NearPairs::FloorOfSquare(float square) const {
    return square - 2.0f * rounding_ * square - std::numeric_limits<float>::min();
}

void NearPairs::SetRows(const uint8_t* rows, size_t count) {
    rows_ = reinterpret_cast<const float*>(rows);
    words_.resize(count);
    rows_measured_ = false;
}

void NearPairs::MeasureRows() {
    row_scales_.resize(words_.size());
    row_floors_.resize(words_.size());
    for (size_t i = 0; i < words_.size(); ++i) {
        const float square = simd::SquaredNorm(rows_ + i * dim_, dim_);
        row_scales_[i] = metric_ == Metric::kL2 ? 0 : LengthOf(square);
        row_floors_[i] = metric_ == Metric::kL2 ? 0.5f * FloorOfSquare(square) : 0;
    }
    rows_measured_ = true;
}

// IP and COSINE ask for a product above a bound: minus the limit for IP, and for COSINE where rows
// have length one; elsewhere the bound is that times both lengths.
void NearPairs::Look(size_t first, std::span<const float> limits) {
    alignas(64) float scales[simd::kPanelQueriesMax] = {};
    alignas(64) float floors[simd::kPanelQueriesMax] = {};
    for (size_t q = 0; q < limits.size(); ++q) {
        const float square = query_squares_[first + q];
        const float bound = 0.0f - limits[q];
        if (metric_ == Metric::kL2) {
            floors[q] = 0.5f * (FloorOfSquare(square) + bound);
        } else {
            scales[q] = (by_lengths_ ? rounding_ - bound : rounding_) * LengthOf(square);
            floors[q] = by_lengths_ ? 0 : bound;
        }
    }
    const float* panel = reinterpret_cast<const float*>(panels_.get()) + first * dim_;
    kernel_.near(panel, panel + kernel_.queries * dim_, rows_, words_.size(), dim_,
                 {scales, floors, row_scales_.data(), row_floors_.data()}, words_.data());
}

const std::vector<NearPairs::Pair>* NearPairs::Find(size_t first, std::span<const float> limits) {
    if (std::any_of(limits.begin(), limits.end(), [](float limit) { return std::isnan(limit); })) {
        return nullptr;
    }
    if (panels_ == nullptr) {
        MakePanels();
    }
    if (!rows_measured_) {
        MeasureRows();
    }
    Look(first, limits);
    pairs_.clear();
    const uint64_t known = ~uint64_t{0} >> (64 - limits.size());
    const size_t most = words_.size() * limits.size() / kPairShare + kernel_.queries;
    for (size_t i = 0; i < words_.size(); ++i) {
        for (uint64_t word = words_[i] & known; word != 0; word &= word - 1) {
            pairs_.push_back(
                {static_cast<uint32_t>(std::countr_zero(word)), static_cast<uint32_t>(i)});
        }
        if (pairs_.size() > most) {
            return nullptr;
        }
    }
    return &pairs_;
}

}  // namespace elanus::vindex
