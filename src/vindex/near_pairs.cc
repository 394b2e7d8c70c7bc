#include "vindex/near_pairs.h"

#include "simd/query_panels.h"

#include <bit>
#include <cmath>
#include <limits>

namespace elanus::vindex {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
// A panel of more values a query does not stay in a core's cache.
constexpr size_t kDimMax = 8192;

// NaN where the square tells too little about it.
float LengthOf(float square) {
    return square > 1e-30f && square < 1e30f ? std::sqrt(square) : kNone;
}

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
    const size_t panels = (count + kernel_.queries - 1) / kernel_.queries;
    const size_t bytes = panels * kernel_.queries * dim_ * sizeof(float);
    if (bytes > panels_bytes_) {
        panels_ = sys::AllocateHuge(bytes);
        panels_bytes_ = bytes;
    }
    query_squares_.resize(count);
    const auto* values = reinterpret_cast<const float*>(queries);
    for (size_t q = 0; q < count; ++q) {
        const float* query = values + q * dim_;
        float* place = reinterpret_cast<float*>(panels_.get()) +
                       q / kernel_.queries * kernel_.queries * dim_ + q % kernel_.queries;
        for (size_t d = 0; d < dim_; ++d) {
            place[d * kernel_.queries] = query[d];
        }
        query_squares_[q] = simd::SquaredNorm(query, dim_);
    }
}

// L2 asks for |q|^2 + |r|^2 - 2qr below the limit: qr at or above half of the squares, less what
// they and the distance may be off by, less half of the limit. The squared differences add up to at
// most twice the squares.
float NearPairs::FloorOfSquare(float square) const {
    return square - 2.0f * rounding_ * square - std::numeric_limits<float>::min();
}

void NearPairs::SetRows(const uint8_t* rows, size_t count) {
    rows_ = reinterpret_cast<const float*>(rows);
    row_scales_.resize(count);
    row_floors_.resize(count);
    words_.resize(count);
    for (size_t i = 0; i < count; ++i) {
        const float square = simd::SquaredNorm(rows_ + i * dim_, dim_);
        row_scales_[i] = metric_ == Metric::kL2 ? 0 : LengthOf(square);
        row_floors_[i] = metric_ == Metric::kL2 ? 0.5f * FloorOfSquare(square) : 0;
    }
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

std::span<const NearPairs::Pair> NearPairs::Find(size_t first, std::span<const float> limits) {
    Look(first, limits);
    pairs_.clear();
    const uint64_t known = ~uint64_t{0} >> (64 - limits.size());
    for (size_t i = 0; i < words_.size(); ++i) {
        for (uint64_t word = words_[i] & known; word != 0; word &= word - 1) {
            pairs_.push_back(
                {static_cast<uint32_t>(std::countr_zero(word)), static_cast<uint32_t>(i)});
        }
    }
    return pairs_;
}

}  // namespace elanus::vindex
