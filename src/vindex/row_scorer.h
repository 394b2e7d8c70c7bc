// RowScorer: the costs of rows to one prepared query, whatever form the rows have. Walks and scans
// ask for many rows at a time, so that the call costs nothing.
// Threads: belongs to one search.
#pragma once

#include "vindex/vectors.h"

#include <cstddef>
#include <cstdint>

namespace elanus::vindex {

class RowScorer {
  public:
    virtual ~RowScorer() = default;

    // costs[i] of row ids[i]; smaller is better.
    virtual void Costs(const uint32_t* ids, size_t count, float* costs) const = 0;
    // costs[i] of row first + i.
    virtual void BlockCosts(uint32_t first, size_t count, float* costs) const = 0;
};

// Rows as they are. `vectors` and `query` outlive the scorer.
class VectorScorer final : public RowScorer {
  public:
    VectorScorer(const VectorView& vectors, const Query& query)
        : vectors_(vectors), query_(query) {}

    void Costs(const uint32_t* ids, size_t count, float* costs) const override {
        vectors_.Costs(query_, ids, count, costs);
    }
    void BlockCosts(uint32_t first, size_t count, float* costs) const override {
        vectors_.BlockCosts(query_, first, count, costs);
    }

  private:
    const VectorView& vectors_;
    const Query& query_;
};

}  // namespace elanus::vindex
