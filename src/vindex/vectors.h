// Rows of float vectors and their cost to a query: squared distance, or the negated inner product
// or cosine. Smaller is better for every metric.
#pragma once

#include "base/buffer.h"
#include "simd/distance.h"
#include "vindex/metric.h"

#include <algorithm>
#include <cstdint>

namespace elanus::vindex {

inline float ScoreOfCost(Metric metric, float cost) {
    return LargerIsBetter(metric) ? 0.0f - cost : cost;
}
inline float CostOfScore(Metric metric, float score) {
    return ScoreOfCost(metric, score);
}

// A view; the owner of `data` outlives it. Queries of a cosine view have length one (or zero).
struct VectorView {
    Metric metric = Metric::kL2;
    uint32_t dim = 0;
    uint32_t rows = 0;
    const float* data = nullptr;
    // For cosine: false when rows have their own lengths, which are then divided out.
    bool normalised = true;

    const float* Row(uint32_t row) const { return data + static_cast<size_t>(row) * dim; }

    // costs[i] of row ids[i].
    void Costs(const float* query, const uint32_t* ids, size_t count, float* costs) const {
        const simd::DistanceKernels& kernels = simd::Distances();
        if (metric == Metric::kL2) {
            kernels.l2.ids(query, data, ids, count, dim, costs);
            return;
        }
        kernels.ip.ids(query, data, ids, count, dim, costs);
        if (metric == Metric::kCosine && !normalised) {
            for (size_t i = 0; i < count; ++i) {
                costs[i] *= InverseNorm(ids[i]);
            }
        }
        NegateAll(count, costs);
    }
    // costs[i] of row first + i.
    void BlockCosts(const float* query, uint32_t first, size_t count, float* costs) const {
        const simd::DistanceKernels& kernels = simd::Distances();
        if (metric == Metric::kL2) {
            kernels.l2.rows(query, Row(first), count, dim, costs);
            return;
        }
        kernels.ip.rows(query, Row(first), count, dim, costs);
        if (metric == Metric::kCosine && !normalised) {
            for (size_t i = 0; i < count; ++i) {
                costs[i] *= InverseNorm(first + static_cast<uint32_t>(i));
            }
        }
        NegateAll(count, costs);
    }

  private:
    float InverseNorm(uint32_t row) const {
        const float norm = simd::Norm(Row(row), dim);
        return norm > 0 ? 1.0f / norm : 0.0f;
    }
    // Rounding takes the cosine of equal vectors past 1; clients are promised [-1, 1].
    void NegateAll(size_t count, float* costs) const {
        if (metric == Metric::kCosine) {
            for (size_t i = 0; i < count; ++i) {
                costs[i] = std::clamp(0.0f - costs[i], -1.0f, 1.0f);
            }
            return;
        }
        for (size_t i = 0; i < count; ++i) {
            costs[i] = 0.0f - costs[i];
        }
    }
};

// A copy of `rows` vectors as the engine stores them: on cache-line boundaries, and of length one
// for cosine.
base::Buffer StoredVectors(Metric metric, uint32_t dim, uint64_t rows, const float* vectors);

}  // namespace elanus::vindex
