// NearPairs: a quick look at many float queries and a block of rows, which tells what pairs may be
// among the best so that only these are measured (simd/query_panels.h).
//
// Every pair whose cost, by the kernels, is below the query's limit is told, and a few others: what
// rounding may come to, in this look and in the kernels, is allowed for. Lengths that are no
// numbers, or too small or large for their squares, let their pairs pass.
// Threads: one.
#pragma once

#include "sys/huge_memory.h"
#include "vindex/vectors.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace elanus::simd {
struct PanelKernel;
}

namespace elanus::vindex {

class NearPairs {
  public:
    // Queries that are looked at together, and whether as many are worth it.
    static size_t PanelQueries();
    static bool Fills(size_t queries) { return queries * 3 >= PanelQueries() * 2; }
    static bool Serves(VectorType type, Metric metric, uint32_t dim, size_t queries);
    // `by_lengths`: cosines are what products come to over both lengths; elsewhere rows and queries
    // have length one.
    NearPairs(Metric metric, uint32_t dim, bool by_lengths);

    // `count` prepared queries, one after another; they stay where they are.
    void SetQueries(const uint8_t* queries, size_t count);
    // A block of rows, one after another; used until the next.
    void SetRows(const uint8_t* rows, size_t count);

    struct Pair {
        uint32_t query;  // first + that
        uint32_t row;    // of the block
    };
    // The pairs of the queries from `first`, a multiple of PanelQueries(), by ascending rows.
    // limits[q] is the cost that query first + q looks below, NaN while it takes any row. Null when
    // all are better measured: a limit is NaN, or so many pairs may be near. At most PanelQueries()
    // limits; valid until the next call.
    const std::vector<Pair>* Find(size_t first, std::span<const float> limits);

  private:
    void MakePanels();
    void MeasureRows();
    void Look(size_t first, std::span<const float> limits);  // fills words_
    float LengthOf(float square) const;
    float FloorOfSquare(float square) const;

    const simd::PanelKernel& kernel_;
    const Metric metric_;
    const bool by_lengths_;
    const size_t dim_;
    const float rounding_;  // of a product, over the product of the lengths

    const float* queries_ = nullptr;
    size_t query_count_ = 0;
    std::shared_ptr<uint8_t> panels_;  // of the queries, once a pair is looked for
    std::vector<float> query_squares_;
    const float* rows_ = nullptr;
    bool rows_measured_ = false;  // likewise
    std::vector<float> row_scales_;
    std::vector<float> row_floors_;
    std::vector<uint64_t> words_;  // of the rows: which queries
    std::vector<Pair> pairs_;
};

}  // namespace elanus::vindex
