// DenseKeys: the keys of dense vectors to a query, smaller is better for every metric: the distance
// itself, or the negated inner product or cosine. What exact scans compare rows by.
// Threads: belongs to one search.
#pragma once

#include "segment/segment.h"
#include "simd/compare.h"
#include "vindex/row_tiles.h"
#include "vindex/vectors.h"

#include <algorithm>
#include <cmath>
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
    // The same from what a kernel said of rows whose lengths are given (COSINE only).
    void FromResults(uint32_t q, const float* lengths, size_t count, float* keys) const {
        for (size_t i = 0; i < count && vindex::LargerIsBetter(query_->metric); ++i) {
            keys[i] = KeyOf(q, keys[i], lengths != nullptr ? lengths[i] : 1.0f);
        }
    }
    // Whether any of the results may come to a key below `limit`; true if that is no number.
    bool AnyBelow(uint32_t q, const float* results, const float* lengths, size_t count,
                  float limit) const {
        if (std::isnan(limit)) {
            return true;
        }
        if (query_->metric == vindex::Metric::kCosine) {
            return AnyCosineBelow(q, results, lengths, count, limit);
        }
        uint64_t words[vindex::RowTiles::kRowsMax / 64 + 1];
        const bool similarity = vindex::LargerIsBetter(query_->metric);
        simd::Compare<float>(similarity ? simd::CompareOp::kGt : simd::CompareOp::kLt, results,
                             count, similarity ? 0.0f - limit : limit, words);
        return std::any_of(words, words + (count + 63) / 64,
                           [](uint64_t word) { return word != 0; });
    }
    float LengthOf(const uint8_t* row, uint32_t dim) const {
        return vindex::LengthOf(type_, row, dim);
    }

  private:
    void ToKeys(uint32_t q, const schema::ColumnView& column, const float* norms,
                const uint32_t* ids, size_t count, float* keys) const {
        for (size_t i = 0; i < count; ++i) {
            float length = 1;
            if (query_->metric == vindex::Metric::kCosine) {
                length = norms != nullptr
                             ? norms[ids[i]]
                             : LengthOf(column.values + size_t{ids[i]} * width_, column.dim);
            }
            keys[i] = KeyOf(q, keys[i], length);
        }
    }

    // An inner product becomes a key: negated, and for cosine divided by both lengths first. A zero
    // vector scores 0.
    float KeyOf(uint32_t q, float score, float length) const {
        if (query_->metric == vindex::Metric::kCosine) {
            const float product = length * lengths_[q];
            // Rounding takes the cosine of equal vectors past 1; clients are promised [-1, 1].
            score = product > 0 ? std::clamp(score / product, -1.0f, 1.0f) : 0.0f;
        }
        return 0.0f - score;
    }

    // By a multiplication with some room for its rounding, as a division takes much longer. The
    // inner loop is of a fixed length, so that the compiler makes one vector of it.
    bool AnyCosineBelow(uint32_t q, const float* results, const float* lengths, size_t count,
                        float limit) const {
        constexpr float kRoom = 1e-6f;
        constexpr float kTiny = 1e-30f;  // products below lose their precision
        constexpr size_t kStep = 16;
        const float length = lengths_[q];
        const float bound = 0.0f - limit - kRoom;
        const auto may = [&](size_t i) {
            const float product = lengths[i] * length;
            return static_cast<int>(!(results[i] < bound * product)) |
                   static_cast<int>(!(product > kTiny));
        };
        size_t i = 0;
        for (; i + kStep <= count; i += kStep) {
            int any = 0;
            for (size_t j = i; j < i + kStep; ++j) {
                any |= may(j);
            }
            if (any != 0) {
                return true;
            }
        }
        for (; i < count; ++i) {
            if (may(i) != 0) {
                return true;
            }
        }
        return false;
    }

    const VectorQuery* query_ = nullptr;
    vindex::VectorType type_ = vindex::VectorType::kFloat;
    size_t width_ = 0;  // bytes of a vector
    simd::RowKernel kernel_;
    std::vector<float> lengths_;  // of the queries; COSINE only
};

}  // namespace elanus::segment
