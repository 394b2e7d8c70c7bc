// GraphBuilder: a one-layer neighbour graph over coded rows.
//
// Candidates come from dense blocks of near rows (near_blocks.h), not from searches: then the graph
// is made by four passes over all rows, each of them parallel and without locks. A row prunes what
// it picked in its blocks; every neighbour gets to know of those that chose it; lists that have
// grown too long are pruned, and at the end all are, and filled up.
// Pruning is Vamana's (DiskANN, NeurIPS 2019): going from near to far, a candidate is left out when
// a chosen one is nearer to it, by more than the factor alpha, than the row itself.
// Places that stay free are filled with what was pruned, nearest first.
// A build that may not take much memory finds its candidates in rounds, over a few blocks each.
// Invariants:
//   INV-GRAPH-1  The graph depends on (rows, options) alone, not on the number of threads. (The
//                memory bound is one of the options.)
//   INV-GRAPH-2  No row is its own neighbour, and none is in a list twice.
// Threads: Build() from one thread, once.
#pragma once

#include "base/mutex.h"
#include "base/status.h"
#include "sys/executor.h"
#include "vindex/build_progress.h"
#include "vindex/coded_rows.h"

#include <atomic>
#include <functional>
#include <span>
#include <vector>

namespace elanus::vindex {

struct GraphOptions {
    uint32_t degree = 32;
    uint32_t ef_construction = 200;  // the candidates that a list is chosen from grow with it
    uint64_t memory_max_bytes = 0;   // that the build should keep to besides the rows; 0: any
    float alpha = 1;                 // of squared distances; more makes longer edges and fewer hops
    uint64_t seed = 1;
    sys::Executor* executor = nullptr;  // null: the calling thread
    std::function<base::Status()> interrupt;
    Progress progress;
};

// Neighbour lists of up to `degree` rows.
struct NeighborLists {
    uint32_t degree = 0;
    std::vector<uint32_t> counts;
    std::vector<uint32_t> links;  // rows x degree
    std::vector<uint32_t> order;  // all rows, near ones one after the other

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

    void ForEachRow(const Progress& progress, const std::function<void(uint32_t, Worker&)>& task);
    bool Stopped();
    base::Status ChooseAmongNear(const Progress& progress);
    size_t CopiesOfARound(size_t copies, size_t picked_max) const;
    void Choose(uint32_t row, std::span<const uint32_t> candidates, Worker& worker);
    void LinkBack(const Progress& progress);
    void AddLinks(uint32_t row, std::span<const uint32_t> links, Worker& worker);
    std::span<const uint32_t> Listed(uint32_t row) const;
    void AddMet(uint32_t row, std::span<const uint32_t> others, Worker& worker) const;
    void Prune(uint32_t row, Worker& worker) const;
    bool Covered(uint32_t candidate, float cost, Worker& worker) const;
    NeighborLists Finish(const Progress& progress);

    const CodedRows& rows_;
    const GraphOptions options_;
    std::vector<uint32_t> order_;  // in which rows are gone through; near ones follow each other
    NeighborLists lists_;          // with room for half as many again
    std::atomic<bool> stopped_{false};
    base::Mutex status_mutex_;
    base::Status status_ GUARDED_BY(status_mutex_);
};

}  // namespace elanus::vindex
