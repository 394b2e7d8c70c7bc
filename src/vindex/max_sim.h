// MaxSim: the exact cost of lists of vectors to a list of query vectors (metric.h).
//
// A list's cost is the sum, over the vectors of the query, of the smallest cost of any vector of
// the list: a similarity's cost is its negative, so that one rule serves all metrics. Neighbouring
// lists are compared in one go, the vectors of the query passing over a block that stays in the
// cache.
// Threads: belongs to one search.
#pragma once

#include "base/bitmap.h"
#include "vindex/index.h"
#include "vindex/vectors.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace elanus::vindex {

class MaxSimScorer {
  public:
    // `query` holds the bytes of whole vectors, at any alignment; it is copied. Requires
    // IsDenseMetric(type, ElementMetric(metric)).
    MaxSimScorer(VectorType type, Metric metric, uint32_t dim, std::string_view query);

    size_t query_vectors() const { return query_inverse_norms_.size(); }
    std::string_view QueryVector(size_t i) const {
        return {reinterpret_cast<const char*>(query_.data()) + i * row_bytes_, row_bytes_};
    }
    // costs[i] of list ids[i]. The ids ascend; an empty list costs infinity.
    void Costs(const VectorLists& lists, const uint32_t* ids, size_t count, float* costs);

  private:
    // Of the lists [first, first + count), none of them empty.
    void RunCosts(const VectorLists& lists, uint32_t first, size_t count, float* costs);
    void FindInverseNorms(const uint8_t* vectors, size_t count);

    const VectorType type_;
    const Metric metric_;  // of elements
    const uint32_t dim_;
    const size_t row_bytes_;
    const simd::RowKernel& kernel_;
    std::vector<float> query_;                // bytes of any type, aligned for all
    std::vector<float> query_inverse_norms_;  // one a query vector
    std::vector<float> costs_;                // of one query vector to a block
    std::vector<float> inverse_norms_;        // of a block; cosine only
};

// The bits of the vectors of lists whose bit is set; `lists` many. Null for an absent filter.
base::Bitmap VectorsOfLists(base::BitmapView filter, const uint32_t* offsets, size_t lists);

// The list that vector `vector` belongs to: the last that begins at or before it and is not empty.
uint32_t ListOfVector(const uint32_t* offsets, size_t lists, uint32_t vector);

}  // namespace elanus::vindex
