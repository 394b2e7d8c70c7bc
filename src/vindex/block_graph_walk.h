// The walk of a BlockGraphIndex: its state, and the loop over candidates, which the search and the
// build (block_graph_reach.cc) both run. Internal to block_graph*.cc.
#pragma once

#include "vindex/block_graph.h"
#include "vindex/block_query.h"
#include "vindex/candidate_pool.h"
#include "vindex/least_costs.h"
#include "vindex/scratch.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace elanus::vindex {

struct BlockGraphIndex::Walk {
    Walk(const Query& query_in, const SearchParams& params_in, SearchScratch& scratch_in,
         base::Status* interrupted_in)
        : query(query_in),
          params(params_in),
          scratch(scratch_in),
          interrupted(interrupted_in),
          found(scratch_in.pool) {}

    const Query& query;
    const SearchParams& params;
    SearchScratch& scratch;
    base::Status* interrupted;
    BlockQuery codes;
    size_t ef = 0;
    size_t matches = 0;
    size_t hops_max = std::numeric_limits<size_t>::max();  // after them the scan is cheaper
    uint64_t hops = 0;
    uint64_t distances = 0;
    // Keys of the rows of visited nodes, by the costs of their 8-bit rows. (Candidates are nodes.)
    std::vector<uint64_t>& found;

    bool Interrupted() {
        if (++hops % kInterruptHops == 0 && params.interrupt) {
            *interrupted = params.interrupt();
        }
        return !interrupted->ok();
    }
};

// The block of the next hop, on its way from memory. A core waits for some twenty lines at a time
// and stalls when more are asked for, so a block is asked for in parts, between everything that a
// hop does: what is computed meanwhile costs nothing.
class BlockAhead {
  public:
    // `block` may be null; `bytes` are whole lines.
    BlockAhead(const uint8_t* block, size_t bytes)
        : at_(block), end_(block != nullptr ? block + bytes : nullptr) {}

    void Fetch() { FetchUntil(at_ + std::min(kPart, static_cast<size_t>(end_ - at_))); }
    void FetchRest() { FetchUntil(end_); }
    // What a scan fetches, of `scans` that are left: all but a part after each of them and one
    // more.
    std::span<const uint8_t> ForScan(size_t scans) {
        const auto left = static_cast<size_t>(end_ - at_);
        const size_t bytes = left - std::min(left, (scans + 1) * kPart);
        const std::span some(at_, bytes / scans / kLine * kLine);
        at_ += some.size();
        return some;
    }

  private:
    static constexpr size_t kLine = 64;
    static constexpr size_t kPart = 8 * kLine;

    void FetchUntil(const uint8_t* stop) {
        for (; at_ < stop; at_ += kLine) {
            __builtin_prefetch(at_, 0, 2);
        }
    }

    const uint8_t* at_;
    const uint8_t* end_;
};

// Scores the neighbours in a block, whose node costs `own`; offers those below `limit`. Fetches the
// next block meanwhile. False: damaged.
template <typename Offer>
bool BlockGraphIndex::Visit(Walk& walk, const uint8_t* block, float own, BlockAhead& ahead,
                            float limit, const Offer& offer) const {
    const uint8_t* group = block + layout_.own_bytes();
    float costs[simd::kGroupVectors];
    for (uint32_t left = layout_.groups(); left > 0; --left, group += layout_.group_bytes()) {
        const std::span<const uint8_t> next = ahead.ForScan(left);
        const uint32_t below = walk.codes.Scan(group, own, limit, next.data(), next.size(), costs);
        ahead.Fetch();
        const uint32_t* ids = GroupIds(layout_, group);
        if (!offer(costs, ids, below)) {
            return false;
        }
    }
    ahead.FetchRest();
    walk.distances += layout_.degree;
    return true;
}

// Expands the candidates of the pool, the best first, until none is left or `goal.IsDone(cost)` of
// the best one; nothing that costs `goal.limit()` is worth keeping. Takes it one hop ahead, so that
// its block is on the way while the one before is scanned. A node may be in the pool more than
// once, with estimates from several neighbours; the best of them counts. `goal.Keep(cost, row)`
// gets the row of each expanded node by the cost of its 8-bit row.
template <typename Goal>
WalkOutcome BlockGraphIndex::Expand(Walk& walk, CandidatePool& pool, Goal&& goal) const {
    if (!Enter(walk)) {
        return WalkOutcome::kDamaged;
    }
    VisitedBits& visited = walk.scratch.visited_bits;
    for (uint64_t key : walk.scratch.candidates) {
        pool.Insert(KeyCost(key), PoolRow(key));
    }
    const auto take = [&](uint32_t* node) {
        for (float cost = 0; pool.Take(node, &cost);) {
            if (goal.IsDone(cost)) {
                return false;
            }
            if (visited.Insert(*node)) {
                return true;
            }
        }
        return false;
    };
    const auto offer = [&](const float* costs, const uint32_t* ids, uint32_t below) {
        return pool.Offer(costs, ids, below, visited, size());
    };
    uint32_t node = 0, next = 0;
    for (bool more = take(&node); more; node = next) {
        more = take(&next);
        if (walk.Interrupted()) {
            return WalkOutcome::kInterrupted;
        }
        BlockAhead ahead(more ? Block(next) : nullptr, block_bytes_);
        ahead.Fetch();
        const uint8_t* block = Block(node);
        const uint32_t row = RowOf(node);
        if (row >= size()) {
            return WalkOutcome::kDamaged;
        }
        const float own = walk.codes.OwnCost(block);
        goal.Keep(own, row);
        const float limit = std::min(pool.limit(), goal.limit());
        if (!Visit(walk, block, own, ahead, limit, offer)) {
            return WalkOutcome::kDamaged;
        }
        more = more || take(&next);
        if (walk.hops > walk.hops_max) {
            return WalkOutcome::kGaveUp;
        }
    }
    return WalkOutcome::kDone;
}

// The goal of a walk whose pool says when it ends.
struct BlockGraphIndex::WholePool {
    std::vector<uint64_t>& found;

    bool IsDone(float /*cost*/) const { return false; }
    float limit() const { return std::numeric_limits<float>::infinity(); }
    void Keep(float cost, uint32_t row) { found.push_back(MakeKey(cost, row)); }
};

}  // namespace elanus::vindex
