// HnswWalk: one search of an HnswGraph, over rows of any form (row_scorer.h).
//
// From the entry row down the levels to the best row met, then on the bottom level:
//   without a filter, a pool of the ef best rows, of which the best not yet expanded is next;
//   with one, all rows are traversed and passing ones kept, until ef of them are found and no row
//   to expand is better; it gives up when it has scored as many rows as a scan would.
// Every list and row number is checked where it is used (hnsw_graph.h).
// Threads: belongs to one search.
#pragma once

#include "base/status.h"
#include "vindex/graph_index.h"
#include "vindex/hnsw_graph.h"
#include "vindex/row_scorer.h"
#include "vindex/scratch.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace elanus::vindex {

class HnswWalk {
  public:
    // All outlive the walk. `matches` rows pass the filter.
    HnswWalk(const HnswGraph& graph, const RowScorer& scorer, const SearchParams& params,
             size_t matches, SearchScratch& scratch)
        : graph_(graph), scorer_(scorer), params_(params), matches_(matches), scratch_(scratch) {}

    // Leaves in scratch.pool up to `ef` passing rows as plain keys, best first, and adds to
    // `counters`. `interrupted` gets the reason of WalkOutcome::kInterrupted.
    WalkOutcome Run(size_t ef, SearchCounters* counters, base::Status* interrupted);

    // The same step by step (graph_iterator.h). Start() leaves the key of the row to start from;
    // Step() the neighbours of a row that were not met before in ids() and costs(). False: damaged.
    bool Start(uint64_t* entry);
    bool Step(uint32_t row) { return NewNeighbours(row); }
    std::span<const uint32_t> ids() const { return {scratch_.ids.data(), fresh_}; }
    std::span<const float> costs() const { return {scratch_.costs.data(), fresh_}; }

    // Whether scoring `matches` rows costs no more than a walk for ef of them.
    static bool ScanIsCheaper(size_t matches, size_t rows, size_t ef);

  private:
    void MakeRoom();
    bool Interrupted();
    bool DescendToBottom(uint64_t* best);
    bool NewNeighbours(uint32_t row);
    WalkOutcome WalkPlain(uint64_t entry);
    WalkOutcome WalkFiltered(uint64_t entry);

    const HnswGraph& graph_;
    const RowScorer& scorer_;
    const SearchParams& params_;
    const size_t matches_;
    SearchScratch& scratch_;
    size_t ef_ = 0;
    base::Status* interrupted_ = nullptr;
    uint64_t distances_ = 0;
    uint64_t hops_ = 0;
    size_t fresh_ = 0;  // neighbours in scratch.ids whose costs are in scratch.costs
};

}  // namespace elanus::vindex
