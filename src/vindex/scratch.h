// SearchScratch: the memory of one search, kept per thread and reused.
//
// Why per thread and not per index: a server has thousands of segments and a few threads; a visited
// table per index would multiply by both.
#pragma once

#include "vindex/probe_scratch.h"
#include "vindex/top_k.h"
#include "vindex/window_scratch.h"

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

// The same in one bit a row, for walks that mark few rows: clearing touches what was marked.
class VisitedBits {
  public:
    void Reset(size_t rows) {
        if (words_.size() < rows / 64 + 1) {
            words_.resize(rows / 64 + 1);
        }
        for (uint32_t word : touched_) {
            words_[word] = 0;
        }
        touched_.clear();
    }
    const uint64_t* words() const { return words_.data(); }
    bool Has(uint32_t row) const { return (words_[row / 64] >> (row % 64) & 1) != 0; }
    bool Insert(uint32_t row) {
        uint64_t& word = words_[row / 64];
        const uint64_t bit = uint64_t{1} << (row % 64);
        if ((word & bit) != 0) {
            return false;
        }
        if (word == 0) {
            touched_.push_back(row / 64);
        }
        word |= bit;
        return true;
    }

  private:
    std::vector<uint64_t> words_;
    std::vector<uint32_t> touched_;
};

// A row that a walk over a disk met, by a cost that may be off.
struct DoubtfulRow {
    uint64_t key = 0;
    float variance = 0;
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
    VisitedBits visited_bits;
    TopK top;
    std::vector<uint64_t> pool;        // best rows met so far
    std::vector<uint64_t> candidates;  // heap of rows to expand (filtered walk)
    std::vector<uint64_t> open;        // keys of rows to expand ...
    std::vector<uint64_t> taken;       // ... and of those that were (candidate_pool.h)
    std::vector<float> nearest;        // costs of the k best rows found, a heap (block graph)
    std::vector<float> rotated;        // the query as codes are compared with (block graph) ...
    std::vector<int8_t> coded;         // ... in 8 bits ...
    std::vector<int8_t> weights;       // ... laid out for rows of 4 bits ...
    std::vector<uint8_t> tables;       // ... and as tables of a scan
    std::vector<float> code_query;     // the query as quantised rows are compared with ...
    std::vector<float> refine_query;   // ... and as the rows that refine a walk
    std::vector<uint32_t> ids;
    std::vector<float> costs;
    std::vector<float> bounds;  // of estimated costs, from below
    std::vector<SparseTerm> terms;
    WindowScratch windows;        // sparse windows
    ProbeScratch probe;           // inverted files
    std::vector<uint8_t> blocks;  // of a disk graph, on their way from the disk
    std::vector<uint32_t> block_slots;
    std::vector<DoubtfulRow> doubtful;  // heap, the least cost in front
    std::vector<float> exact;           // costs of the k best of them that were read, a heap
};

SearchScratch& ThreadScratch();

}  // namespace elanus::vindex
