// SearchScratch: the memory of one search, kept per thread and reused.
//
// Why per thread and not per index: a server has thousands of segments and a few threads; a visited
// table per index would multiply by both.
#pragma once

#include "vindex/top_k.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace elanus::vindex {

// Remembers which rows a walk has met. A new walk takes the next epoch instead of clearing.
class VisitedSet {
  public:
    void Reset(size_t rows) {
        if (marks_.size() < rows) {
            marks_.resize(rows, 0);
        }
        if (++epoch_ == 0) {
            std::fill(marks_.begin(), marks_.end(), uint16_t{0});
            epoch_ = 1;
        }
    }
    // True the first time `row` (below the rows of Reset) is met.
    bool Insert(uint32_t row) {
        const bool first = marks_[row] != epoch_;
        marks_[row] = epoch_;
        return first;
    }

  private:
    std::vector<uint16_t> marks_;
    uint16_t epoch_ = 0;
};

struct SearchScratch {
    std::vector<float> query;
    VisitedSet visited;
    TopK top;
    std::vector<uint64_t> pool;        // best rows met so far
    std::vector<uint64_t> candidates;  // heap of rows to expand (filtered walk)
    std::vector<uint32_t> ids;
    std::vector<float> costs;
};

SearchScratch& ThreadScratch();

}  // namespace elanus::vindex
