// The walk of a BlockGraphIndex: its state, and the loop over candidates, which the search and the
// build (block_graph_reach.cc) both run. Internal to block_graph*.cc.
#pragma once

#include "vindex/block_graph.h"
#include "vindex/candidate_pool.h"
#include "vindex/scratch.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace elanus::vindex {

struct BlockGraphIndex::Walk {
    const Query& query;
    const SearchParams& params;
    SearchScratch& scratch;
    size_t ef;
    size_t matches;
    size_t hops_max;  // after them the scan is cheaper
    base::Status* interrupted;
    const simd::CodeKernels& kernels = simd::Codes();
    simd::SignQuery signs;
    const int8_t* coded = nullptr;  // the query in 8 bits
    float scale = 0;                // of it
    float norm = 0;                 // its squared length; 0 for IP
    float length = 0;               // its length
    uint64_t hops = 0;
    uint64_t distances = 0;
    std::vector<uint64_t>& found;  // keys of visited rows, by the costs of their 8-bit rows

    bool Interrupted() {
        if (++hops % kInterruptHops == 0 && params.interrupt) {
            *interrupted = params.interrupt();
        }
        return !interrupted->ok();
    }
};

// Scores the neighbours in a block, whose node costs `own`; offers those below `limit`. Fetches the
// block `next` (may be null) meanwhile. False: damaged.
template <typename Offer>
bool BlockGraphIndex::Visit(Walk& walk, const uint8_t* block, float own, const uint8_t* next,
                            float limit, const Offer& offer) const {
    const size_t next_bytes = next != nullptr ? block_bytes_ / layout_.groups() : 0;
    const uint8_t* group = block + layout_.own_bytes();
    float costs[simd::kGroupVectors];
    for (uint32_t g = 0; g < layout_.groups(); ++g, group += layout_.group_bytes()) {
        const uint32_t below =
            walk.kernels.scan(walk.signs, group, own, limit, next, next_bytes, costs);
        next += next_bytes;
        const auto* ids = reinterpret_cast<const uint32_t*>(group + layout_.ids_offset());
        if (!offer(costs, ids, below)) {
            return false;
        }
    }
    walk.distances += layout_.degree;
    return true;
}

// Expands the candidates of the pool, the best first, until none is left or `goal.IsDone(cost)` of
// the best one; nothing that costs `goal.limit()` is worth keeping. Takes it one hop ahead, so that
// its block is on the way while the one before is scanned. A row may be in the pool more than once,
// with estimates from several neighbours; the best of them counts. `goal.Keep(cost, row)` gets each
// expanded row by the cost of its 8-bit row.
template <typename Goal>
WalkOutcome BlockGraphIndex::Expand(Walk& walk, CandidatePool& pool, Goal&& goal) const {
    if (!Enter(walk)) {
        return WalkOutcome::kDamaged;
    }
    VisitedBits& visited = walk.scratch.visited_bits;
    for (uint64_t key : walk.scratch.candidates) {
        pool.Insert(KeyCost(key), PoolRow(key));
    }
    const auto take = [&](uint32_t* row) {
        for (float cost = 0; pool.Take(row, &cost);) {
            if (goal.IsDone(cost)) {
                return false;
            }
            if (visited.Insert(*row)) {
                return true;
            }
        }
        return false;
    };
    const auto offer = [&](const float* costs, const uint32_t* ids, uint32_t below) {
        return pool.Offer(costs, ids, below, visited, size());
    };
    uint32_t row = 0, next = 0;
    for (bool more = take(&row); more; row = next) {
        more = take(&next);
        if (walk.Interrupted()) {
            return WalkOutcome::kInterrupted;
        }
        const uint8_t* block = Block(row);
        const float own = OwnCost(walk, block);
        goal.Keep(own, row);
        const float limit = std::min(pool.limit(), goal.limit());
        if (!Visit(walk, block, own, more ? Block(next) : nullptr, limit, offer)) {
            return WalkOutcome::kDamaged;
        }
        more = more || take(&next);
        if (walk.hops > walk.hops_max) {
            return WalkOutcome::kGaveUp;
        }
    }
    return WalkOutcome::kDone;
}

// The k least of some costs, in a heap.
class LeastCosts {
  public:
    LeastCosts(size_t k, std::vector<float>& memory) : k_(k), costs_(memory) { costs_.clear(); }
    // Whether there are k of them; then worst() is the largest.
    bool complete() const { return costs_.size() == k_; }
    float worst() const { return costs_.front(); }
    void Add(float cost) {
        if (complete()) {
            if (!(cost < worst())) {
                return;
            }
            std::pop_heap(costs_.begin(), costs_.end());
            costs_.pop_back();
        }
        costs_.push_back(cost);
        std::push_heap(costs_.begin(), costs_.end());
    }

  private:
    size_t k_;
    std::vector<float>& costs_;
};

// The goal of a walk whose pool says when it ends.
struct BlockGraphIndex::WholePool {
    std::vector<uint64_t>& found;

    bool IsDone(float /*cost*/) const { return false; }
    float limit() const { return std::numeric_limits<float>::infinity(); }
    void Keep(float cost, uint32_t row) { found.push_back(MakeKey(cost, row)); }
};

}  // namespace elanus::vindex
