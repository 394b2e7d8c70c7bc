// DenseKeys: the keys of dense vectors to a query, smaller is better for every metric: the distance
// itself, or the negated inner product or cosine. What exact scans compare rows by.
// Threads: belongs to one search.
#pragma once

#include "segment/segment.h"
#include "vindex/vectors.h"

#include <algorithm>
#include <vector>

namespace elanus::segment {

class DenseKeys {
  public:
    DenseKeys() = default;
    // The type of the queries has the metric. `query` outlives the object.
    explicit DenseKeys(const VectorQuery& query)
        : query_(&query),
          type_(static_cast<vindex::VectorType>(query.queries.type)),
          width_(schema::FixedWidth(query.queries.type, query.queries.dim)),
          kernel_(vindex::KernelOf(type_, query.metric)) {
        for (uint32_t q = 0; q < query.nq() && query.metric == vindex::Metric::kCosine; ++q) {
            lengths_.push_back(vindex::LengthOf(type_, query.Vector(q).data(), query.queries.dim));
        }
    }

    // keys[i] of row ids[i] of the column; `norms` are its rows' lengths, or null.
    void OfIds(uint32_t q, const schema::ColumnView& column, const float* norms,
               const uint32_t* ids, size_t count, float* keys) const {
        kernel_.ids(query_->Vector(q).data(), column.values, ids, count, column.dim, keys);
        if (vindex::LargerIsBetter(query_->metric)) {
            ToKeys(q, column, norms, ids, count, keys);
        }
    }
    // The same of rows that follow each other: `ids` names them.
    void OfBlock(uint32_t q, const schema::ColumnView& column, const float* norms,
                 const uint32_t* ids, size_t count, float* keys) const {
        kernel_.rows(query_->Vector(q).data(), column.values + size_t{ids[0]} * width_, count,
                     column.dim, keys);
        if (vindex::LargerIsBetter(query_->metric)) {
            ToKeys(q, column, norms, ids, count, keys);
        }
    }

  private:
    // Inner products become keys: negated, and for cosine divided by both lengths first. A zero
    // vector scores 0.
    void ToKeys(uint32_t q, const schema::ColumnView& column, const float* norms,
                const uint32_t* ids, size_t count, float* keys) const {
        for (size_t i = 0; i < count; ++i) {
            float score = keys[i];
            if (query_->metric == vindex::Metric::kCosine) {
                const float length =
                    norms != nullptr
                        ? norms[ids[i]]
                        : vindex::LengthOf(type_, column.values + size_t{ids[i]} * width_,
                                           column.dim);
                const float product = length * lengths_[q];
                // Rounding takes the cosine of equal vectors past 1; clients are promised [-1, 1].
                score = product > 0 ? std::clamp(score / product, -1.0f, 1.0f) : 0.0f;
            }
            keys[i] = 0.0f - score;
        }
    }

    const VectorQuery* query_ = nullptr;
    vindex::VectorType type_ = vindex::VectorType::kFloat;
    size_t width_ = 0;  // bytes of a vector
    simd::RowKernel kernel_;
    std::vector<float> lengths_;  // of the queries; COSINE only
};

}  // namespace elanus::segment
