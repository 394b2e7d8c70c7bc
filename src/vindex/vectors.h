// Rows of dense vectors of any element type and their cost to a query: a distance, or the negated
// inner product or cosine. Smaller is better for every metric.
//
// The kernel of (type, metric) is looked up when a view is made; the loops that use it know no
// types. Cosine has two forms: float rows are stored with length one, so that their cosine is an
// inner product; the other types would lose precision that way, so their rows stay as they are and
// the inverse of each length is kept beside them.
// Threads: values over constant bytes.
#pragma once

#include "base/buffer.h"
#include "codec/envelope.h"
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

// Fixed-width vectors of numbers or bits.
constexpr bool IsDense(VectorType type) {
    return type != VectorType::kSparseFloat && type != VectorType::kArrayOfVector;
}
// Bytes of one dense vector; 0 for the other types.
size_t RowBytes(VectorType type, uint64_t dim);
// L2, IP and COSINE for numbers; HAMMING, JACCARD and the structure tests for bits.
bool IsDenseMetric(VectorType type, Metric metric);
// The kernel whose result is the distance, or the inner product of IP and COSINE. Requires
// IsDenseMetric(type, metric).
const simd::RowKernel& KernelOf(VectorType type, Metric metric);
// Euclidean length of a vector of numbers.
float LengthOf(VectorType type, const void* vector, uint32_t dim);

// A query as kernels want it: aligned. Sparse queries are their bytes.
struct Query {
    const void* data = nullptr;
    size_t bytes = 0;
    float inverse_norm = 1;  // used where rows keep their lengths
};

// A view; the owner of `data` outlives it. A float query of a cosine view has length one (or zero).
struct VectorView {
    VectorView() = default;
    VectorView(VectorType type_in, Metric metric_in, uint32_t dim_in, uint32_t rows_in,
               const void* data_in, const float* inverse_norms_in)
        : metric(metric_in),
          dim(dim_in),
          rows(rows_in),
          row_bytes(RowBytes(type_in, dim_in)),
          data(static_cast<const uint8_t*>(data_in)),
          inverse_norms(inverse_norms_in),
          kernel(KernelOf(type_in, metric_in)) {}

    Metric metric = Metric::kL2;
    uint32_t dim = 0;
    uint32_t rows = 0;
    size_t row_bytes = 0;
    const uint8_t* data = nullptr;
    // COSINE over rows that keep their lengths; null otherwise.
    const float* inverse_norms = nullptr;
    simd::RowKernel kernel;

    const void* Row(uint32_t row) const { return data + row * row_bytes; }
    // A row in the part of the query.
    Query RowAsQuery(uint32_t row) const {
        return {Row(row), row_bytes, inverse_norms != nullptr ? inverse_norms[row] : 1.0f};
    }

    // costs[i] of row ids[i].
    void Costs(const Query& query, const uint32_t* ids, size_t count, float* costs) const {
        kernel.ids(query.data, data, ids, count, dim, costs);
        if (inverse_norms != nullptr) {
            for (size_t i = 0; i < count; ++i) {
                costs[i] *= query.inverse_norm * inverse_norms[ids[i]];
            }
        }
        NegateAll(count, costs);
    }
    // costs[i] of row first + i.
    void BlockCosts(const Query& query, uint32_t first, size_t count, float* costs) const {
        kernel.rows(query.data, Row(first), count, dim, costs);
        if (inverse_norms != nullptr) {
            for (size_t i = 0; i < count; ++i) {
                costs[i] *= query.inverse_norm * inverse_norms[first + i];
            }
        }
        NegateAll(count, costs);
    }

  private:
    // Rounding takes the cosine of equal vectors past 1; clients are promised [-1, 1].
    void NegateAll(size_t count, float* costs) const {
        if (metric == Metric::kCosine) {
            for (size_t i = 0; i < count; ++i) {
                costs[i] = std::clamp(0.0f - costs[i], -1.0f, 1.0f);
            }
        } else if (metric == Metric::kIp) {
            for (size_t i = 0; i < count; ++i) {
                costs[i] = 0.0f - costs[i];
            }
        }
    }
};

// The vectors of an index, in memory or mapped.
struct StoredVectors {
    base::Buffer values;         // row after row
    base::Buffer inverse_norms;  // f32 a row, 0 for a zero vector; COSINE but of float only

    // Copies `rows` vectors to cache-line boundaries; float ones get length one for COSINE. With
    // `order` row i of the copy is vector order[i].
    static StoredVectors CopyOf(VectorType type, Metric metric, uint32_t dim, uint64_t rows,
                                const void* vectors, const uint32_t* order = nullptr);
    // Finds the sections and checks their lengths.
    static base::Result<StoredVectors> Open(const codec::EnvelopeReader& reader,
                                            codec::SectionId values_section,
                                            codec::SectionId norms_section, VectorType type,
                                            Metric metric, uint32_t dim, uint64_t rows);
    void AddTo(codec::EnvelopeWriter& writer, codec::SectionId values_section,
               codec::SectionId norms_section) const;

    VectorView View(VectorType type, Metric metric, uint32_t dim, uint32_t rows) const;
    uint64_t bytes() const { return values.size() + inverse_norms.size(); }
};

}  // namespace elanus::vindex
