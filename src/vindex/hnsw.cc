#include "vindex/hnsw.h"

#include "vindex/scratch.h"

#include <algorithm>
#include <functional>

namespace elanus::vindex {
namespace {

// A walk computes about this many distances per row of ef (measured on the package catalogue, M
// 18).
constexpr size_t kDistancesPerEf = 15;

uint64_t PlainKey(uint64_t pool_key) {
    return (pool_key & ~uint64_t{0xffffffff}) | PoolRow(pool_key);
}

}  // namespace

struct HnswIndex::Walk {
    const Query& query;
    const SearchParams& params;
    SearchScratch& scratch;
    size_t ef;
    size_t distances_max;
    base::Status* interrupted;
    uint64_t distances = 0;
    uint64_t hops = 0;
    size_t fresh = 0;  // neighbours in scratch.ids whose costs are in scratch.costs

    bool Interrupted() {
        if (++hops % kInterruptHops == 0 && params.interrupt) {
            *interrupted = params.interrupt();
        }
        return !interrupted->ok();
    }
};

// A walk for ef passing rows meets 1/selectivity times as many.
bool HnswIndex::ScanIsCheaper(size_t matches, size_t ef) const {
    const double selectivity = static_cast<double>(matches) / size();
    return static_cast<double>(matches) <= static_cast<double>(kDistancesPerEf * ef) / selectivity;
}

// Leaves in scratch.pool up to ef passing rows as plain keys, best first.
HnswIndex::Outcome HnswIndex::WalkFor(const Query& query, const SearchParams& params,
                                      size_t matches, size_t ef, SearchScratch& scratch,
                                      Neighbors* out, base::Status* interrupted) const {
    const size_t list_max = 2 * static_cast<size_t>(graph_.m);
    scratch.ids.resize(std::max(scratch.ids.size(), list_max));
    scratch.costs.resize(std::max(scratch.costs.size(), list_max));
    Walk walk{query, params, scratch, ef, matches, interrupted};
    uint64_t best = 0;
    Outcome outcome = Outcome::kDamaged;
    if (DescendToBottom(walk, &best)) {
        const bool filtered = params.filter.present() && matches < size();
        outcome = filtered ? WalkFiltered(walk, best) : WalkPlain(walk, best);
        out->counters.strategy = filtered ? Strategy::kFilteredWalk : Strategy::kWalk;
    }
    out->counters.distances += walk.distances;
    out->counters.hops += walk.hops;
    if (outcome == Outcome::kDone) {
        for (uint64_t& key : scratch.pool) {
            key = PlainKey(key);
        }
    }
    return outcome;
}

bool HnswIndex::DescendToBottom(Walk& walk, uint64_t* best) const {
    float* costs = walk.scratch.costs.data();
    view_.Costs(walk.query, &graph_.entry, 1, costs);
    *best = PoolKey(costs[0], graph_.entry);
    for (uint32_t level = graph_.level_max; level > 0; --level) {
        for (bool moved = true; moved;) {
            moved = false;
            std::span<const uint32_t> list;
            if (!graph_.List(PoolRow(*best), level, &list) ||
                std::any_of(list.begin(), list.end(),
                            [this](uint32_t id) { return id >= graph_.rows; })) {
                return false;
            }
            view_.Costs(walk.query, list.data(), list.size(), costs);
            walk.distances += list.size();
            ++walk.hops;
            for (size_t i = 0; i < list.size(); ++i) {
                const uint64_t key = PoolKey(costs[i], list[i]);
                moved = moved || key < *best;
                *best = std::min(*best, key);
            }
        }
    }
    return true;
}

// Computes the costs of the neighbours of `row` that this walk has not met. False: damaged.
bool HnswIndex::NewNeighbours(Walk& walk, uint32_t row) const {
    std::span<const uint32_t> list;
    if (!graph_.List(row, 0, &list)) {
        return false;
    }
    uint32_t* ids = walk.scratch.ids.data();
    size_t fresh = 0;
    for (uint32_t id : list) {
        if (id >= graph_.rows) {
            return false;
        }
        ids[fresh] = id;
        fresh += walk.scratch.visited.Insert(id) ? 1 : 0;
    }
    view_.Costs(walk.query, ids, fresh, walk.scratch.costs.data());
    walk.fresh = fresh;
    walk.distances += fresh;
    return true;
}

// A sorted pool of the ef best; the best one not yet expanded is next. For the ef of real searches
// moving a few hundred bytes is cheaper than keeping two heaps.
HnswIndex::Outcome HnswIndex::WalkPlain(Walk& walk, uint64_t entry) const {
    SearchScratch& scratch = walk.scratch;
    scratch.visited.Reset(graph_.rows);
    scratch.visited.Insert(PoolRow(entry));
    std::vector<uint64_t>& pool = scratch.pool;
    pool.assign(1, entry);
    for (size_t at = 0; at < pool.size();) {
        if ((pool[at] & 1) != 0) {
            ++at;
            continue;
        }
        pool[at] |= 1;
        if (walk.Interrupted()) {
            return Outcome::kInterrupted;
        }
        if (!NewNeighbours(walk, PoolRow(pool[at]))) {
            return Outcome::kDamaged;
        }
        size_t lowest = at + 1;
        for (size_t i = 0; i < walk.fresh; ++i) {
            const uint64_t key = PoolKey(scratch.costs[i], scratch.ids[i]);
            if (pool.size() >= walk.ef) {
                if (key >= pool.back()) {
                    continue;
                }
                pool.pop_back();
            }
            const auto place = std::upper_bound(pool.begin(), pool.end(), key);
            lowest = std::min(lowest, static_cast<size_t>(place - pool.begin()));
            pool.insert(place, key);
        }
        at = lowest;
        if (at < pool.size()) {
            __builtin_prefetch(graph_.links0.data() + PoolRow(pool[at]) * graph_.links0_stride());
        }
    }
    return Outcome::kDone;
}

// Two heaps: all rows to expand, and the passing ones found. It ends when the best row to expand is
// worse than the worst of ef passing ones, so selective filters make it go further by themselves.
HnswIndex::Outcome HnswIndex::WalkFiltered(Walk& walk, uint64_t entry) const {
    SearchScratch& scratch = walk.scratch;
    scratch.visited.Reset(graph_.rows);
    scratch.visited.Insert(PoolRow(entry));
    std::vector<uint64_t>& open = scratch.candidates;  // smallest in front
    std::vector<uint64_t>& found = scratch.pool;       // largest in front
    open.assign(1, entry);
    found.clear();
    if (walk.params.filter.Test(PoolRow(entry))) {
        found.push_back(entry);
    }
    while (!open.empty()) {
        std::pop_heap(open.begin(), open.end(), std::greater<>());
        const uint64_t next = open.back();
        open.pop_back();
        if (found.size() >= walk.ef && next > found.front()) {
            break;
        }
        if (walk.Interrupted()) {
            return Outcome::kInterrupted;
        }
        if (!NewNeighbours(walk, PoolRow(next))) {
            return Outcome::kDamaged;
        }
        for (size_t i = 0; i < walk.fresh; ++i) {
            const uint64_t key = PoolKey(scratch.costs[i], scratch.ids[i]);
            const bool full = found.size() >= walk.ef;
            if (full && key >= found.front()) {
                continue;
            }
            open.push_back(key);
            std::push_heap(open.begin(), open.end(), std::greater<>());
            if (!walk.params.filter.Test(scratch.ids[i])) {
                continue;
            }
            if (full) {
                std::pop_heap(found.begin(), found.end());
                found.pop_back();
            }
            found.push_back(key);
            std::push_heap(found.begin(), found.end());
        }
        if (walk.distances > walk.distances_max) {
            return Outcome::kGaveUp;
        }
    }
    std::sort_heap(found.begin(), found.end());
    return Outcome::kDone;
}

}  // namespace elanus::vindex
