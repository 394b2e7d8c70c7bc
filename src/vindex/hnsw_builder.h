// HnswBuilder: builds the graph of Malkov and Yashunin (arXiv 1603.09320) over stored vectors.
//
// Rows are inserted in parallel: first the row of the highest level, which is the entry point for
// good; then a few hundred alone, so that there is a graph to link to; then the rest in chunks.
// Invariants:
//   INV-HNSW-1  A row becomes reachable only after its own lists on all its levels are complete, so
//   a
//               walk never strands on a row that is half inserted.
//   INV-HNSW-2  Levels depend on (seed, row) alone; on one thread so does the whole graph.
// Threads: Build() from one thread; lists are guarded by striped locks while it runs.
#pragma once

#include "base/mutex.h"
#include "base/status.h"
#include "sys/executor.h"
#include "vindex/build_progress.h"
#include "vindex/hnsw_graph.h"
#include "vindex/scratch.h"
#include "vindex/vectors.h"

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <vector>

namespace elanus::vindex {

struct HnswBuildOptions {
    uint32_t m = 16;
    uint32_t ef_construction = 200;
    uint64_t seed = 1;
    sys::Executor* executor = nullptr;
    std::function<base::Status()> interrupt;
    Progress progress;
};

class HnswBuilder {
  public:
    HnswBuilder(const VectorView& vectors, const HnswBuildOptions& options);
    base::Result<HnswArrays> Build();

  private:
    // Memory of one inserting thread.
    struct Worker {
        std::vector<uint64_t> found;
        std::vector<uint32_t> ids;
        std::vector<float> costs;
        std::vector<uint64_t> around;
        std::array<std::vector<uint32_t>, kLevelsMax> chosen;  // per level
    };

    void AssignLevels();
    uint32_t LevelOf(uint32_t row) const;
    uint32_t LevelCount(uint32_t row) const {
        return arrays_.upper_start[row + 1] - arrays_.upper_start[row];
    }
    size_t ListMax(uint32_t level) const { return level == 0 ? 2 * options_.m : options_.m; }
    uint32_t* List(uint32_t row, uint32_t level);
    base::Mutex& LockOf(uint32_t row) { return locks_[row % kLocks]; }

    void InsertRange(uint32_t begin, uint32_t end, Worker& worker);
    void Insert(uint32_t row, Worker& worker);
    void CopyList(uint32_t row, uint32_t level, std::vector<uint32_t>* ids);
    uint64_t Descend(const Query& query, uint64_t best, uint32_t level, Worker& worker);
    void SearchLevel(const Query& query, uint64_t entry, uint32_t level, Worker& worker);
    void Choose(const Query& query, const std::vector<uint64_t>& sorted, size_t count_max,
                Worker& worker, std::vector<uint32_t>* chosen) const;
    bool Covered(uint32_t row, float cost, const std::vector<uint32_t>& chosen, float* costs) const;
    void LinkBack(uint32_t row, uint32_t level, uint32_t neighbour, Worker& worker);
    bool Stopped();

    static constexpr size_t kLocks = 4096;

    const VectorView vectors_;
    const HnswBuildOptions options_;
    HnswArrays arrays_;
    std::unique_ptr<base::Mutex[]> locks_;
    std::atomic<bool> stopped_{false};
    base::Mutex status_mutex_;
    base::Status status_ GUARDED_BY(status_mutex_);
};

}  // namespace elanus::vindex
