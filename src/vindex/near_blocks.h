// NearBlocks: candidates for the neighbours of all rows, from dense blocks of near rows.
//
// A graph is usually built by searching it for every row, and such a search waits for a row of
// memory at every step. Here rows are put into blocks of some hundred that lie near each other,
// each row into several; in a block all distances come from one product of matrices that stays in
// the cache, and every row picks its neighbours from the square of them (PiPNN, arXiv 2602.21247).
//
// Blocks are balls around leaders drawn at random: a row goes to its `copies` nearest leaders, and
// a ball of more than `rows_max` is carved again, each row going to one of its own leaders.
// A row picks as a neighbour list is pruned (graph_builder.h): from near to far, leaving out what
// a row picked before is nearer to. So what it picks are near rows in all directions, not only its
// nearest, out to the border of the block.
//
// Cost a row: dim x (leaders + copies x half the rows of a block) multiply-adds in 8 bits, and a
// pass over the distances of the block for every row picked. Memory: BytesPerRow(), and about 3 MB
// a thread.
// Invariants:
//   INV-BLOCK-1  The candidates depend on (rows, options) alone, not on the number of threads.
//   INV-BLOCK-2  No row is its own candidate.
// Threads: FindCandidates() from one thread; it uses those of the executor.
#pragma once

#include "base/status.h"
#include "sys/executor.h"
#include "vindex/build_progress.h"
#include "vindex/coded_rows.h"

#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace elanus::vindex {

struct NearBlockOptions {
    size_t copies = 10;         // blocks a row is in
    size_t rows_max = 1024;     // of a block; at most 2^16
    size_t rows_typical = 512;  // rows x copies / leaders
    size_t picked_max = 12;     // by a row in one block
    float alpha = 1;            // as in graph_builder.h
    uint64_t seed = 1;
    sys::Executor* executor = nullptr;  // null: the calling thread
    std::function<base::Status()> interrupt;
    Progress progress;
};

// Of every row what it picked, block by block, with repetitions.
class Candidates {
  public:
    static constexpr uint32_t kNone = ~uint32_t{0};  // fills free places

    // While candidates are found; `copies` of the options.
    static constexpr size_t BytesPerRow(size_t copies, size_t picked_max) {
        return 24 + copies * (picked_max * sizeof(uint32_t) + 16);
    }

    Candidates(size_t rows, size_t per_row)
        : per_row_(per_row), ids_(rows * per_row, kNone), order_(rows) {
        std::iota(order_.begin(), order_.end(), 0u);
    }
    std::span<const uint32_t> Of(uint32_t row) const {
        return std::span(ids_).subspan(row * per_row_, per_row_);
    }
    uint32_t* At(uint32_t row, size_t place) { return &ids_[row * per_row_ + place]; }
    // All rows, near ones one after the other: who goes through them so finds in the cache much of
    // what a row and its candidates need.
    const std::vector<uint32_t>& order() const { return order_; }
    void SetOrder(std::vector<uint32_t> order) { order_ = std::move(order); }

  private:
    size_t per_row_;
    std::vector<uint32_t> ids_;
    std::vector<uint32_t> order_;
};

base::Result<Candidates> FindCandidates(const CodedRows& rows, const NearBlockOptions& options);

}  // namespace elanus::vindex
