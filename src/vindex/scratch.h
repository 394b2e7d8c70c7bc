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

// One dimension of a sparse query: its list, and the place a walk has reached in it.
struct SparseTerm {
    double weight = 0;        // the query's value
    double bound = 0;         // the most that the list can give to a score
    double bound_so_far = 0;  // the same of it and all lists with smaller bounds
    const uint32_t* first = nullptr;
    const uint32_t* at = nullptr;
    const uint32_t* end = nullptr;
    const float* values = nullptr;  // of the rows from `first` on
};

struct SearchScratch {
    std::vector<float> query;  // bytes of any type, aligned for all
    VisitedSet visited;
    TopK top;
    std::vector<uint64_t> pool;        // best rows met so far
    std::vector<uint64_t> candidates;  // heap of rows to expand (filtered walk)
    std::vector<uint32_t> ids;
    std::vector<float> costs;
    std::vector<SparseTerm> terms;
};

SearchScratch& ThreadScratch();

}  // namespace elanus::vindex
