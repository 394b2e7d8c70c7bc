// GraphBuilder: a one-layer neighbour graph over coded rows.
//
// Rows enter in batches: each batch searches the graph as it stood before, prunes what it met, and
// links back; the batches grow with the graph (prefix doubling, ParlayANN, arXiv 2305.04359). So
// every search of a batch may run in parallel and nothing is locked. Rows that enter early see
// too little of the graph: they search it with less effort, and with full effort at the end.
// The time of a build goes into waiting for rows, so a batch is taken in an order in which
// neighbours follow each other, and rows are fetched before they are scored.
// Pruning is Vamana's (DiskANN, NeurIPS 2019): going from near to far, a candidate is left out when
// a chosen one is nearer to it, by more than the factor alpha (1 by default), than the row itself.
// Candidates are the nearest few hundred of all rows that the search has scored: with too few of
// them a list holds no long edges, and recall saturates (docs/benchmarks/first-proof.md). Places
// that stay free are filled with what was pruned, nearest first.
// Invariants:
//   INV-GRAPH-1  The graph depends on (rows, options) alone, not on the number of threads.
//   INV-GRAPH-2  No row is its own neighbour, and none is in a list twice.
// Threads: Build() from one thread, once.
#pragma once

#include "base/mutex.h"
#include "base/status.h"
#include "sys/executor.h"
#include "vindex/coded_rows.h"

#include <atomic>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace elanus::vindex {

struct GraphOptions {
    uint32_t degree = 32;
    uint32_t ef_construction = 200;  // the candidates that a list is chosen from grow with it
    float alpha = 1;                 // of squared distances; more makes longer edges and fewer hops
    uint64_t seed = 1;
    sys::Executor* executor = nullptr;  // null: the calling thread
    std::function<base::Status()> interrupt;
};

// Neighbour lists of up to `degree` rows.
struct NeighborLists {
    uint32_t degree = 0;
    std::vector<uint32_t> counts;
    std::vector<uint32_t> links;  // rows x degree

    NeighborLists() = default;
    NeighborLists(uint32_t rows, uint32_t degree_in)
        : degree(degree_in), counts(rows), links(static_cast<size_t>(rows) * degree_in) {}
    const uint32_t* Links(uint32_t row) const {
        return links.data() + static_cast<size_t>(row) * degree;
    }
    void Set(uint32_t row, const std::vector<uint32_t>& list);
};

class GraphBuilder {
  public:
    // `rows` outlives the builder.
    GraphBuilder(const CodedRows& rows, const GraphOptions& options);
    base::Result<NeighborLists> Build();

  private:
    struct Worker;  // memory of one chunk of work
    using Link = std::pair<uint32_t, uint32_t>;

    void ForEach(size_t count, const std::function<void(size_t, Worker&)>& task);
    bool Stopped();
    void Shuffle();
    void FindHomes();
    void GoHomeByHome(uint32_t begin, uint32_t end);
    void Pass(uint32_t begin, uint32_t end, uint32_t inside, size_t window);
    void LinkBack(const std::vector<Link>& back, size_t begin, size_t end, Worker& worker);
    void Search(uint32_t row, uint32_t inside, size_t window, Worker& worker) const;
    void Start(uint32_t row, uint32_t inside, Worker& worker) const;
    void KeepNearest(uint32_t row, std::span<const uint32_t> others, Worker& worker) const;
    size_t Expand(uint32_t row, uint32_t node, size_t window, Worker& worker) const;
    std::span<const uint32_t> Listed(uint32_t row) const;
    // Leaves the costs in worker.costs.
    void Score(uint32_t row, std::span<const uint32_t> others, Worker& worker) const;
    void AddMet(uint32_t row, std::span<const uint32_t> others, Worker& worker) const;
    void Prune(uint32_t row, Worker& worker) const;
    bool Covered(uint32_t candidate, float cost, Worker& worker) const;
    NeighborLists Finish();

    const CodedRows& rows_;
    const GraphOptions options_;
    size_t early_window_ = 0;  // of the first search of the rows that enter early
    size_t window_ = 0;        // of all other searches
    size_t candidates_max_ = 0;
    NeighborLists lists_;          // with room for half as many again
    std::vector<uint32_t> order_;  // in which rows enter
    std::vector<uint32_t> homes_;  // of every row the starts nearest to it, nearest first
    std::atomic<bool> stopped_{false};
    base::Mutex status_mutex_;
    base::Status status_ GUARDED_BY(status_mutex_);
};

}  // namespace elanus::vindex
