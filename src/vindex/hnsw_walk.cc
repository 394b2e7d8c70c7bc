#include "vindex/hnsw_walk.h"

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

// A walk for ef passing rows meets 1/selectivity times as many.
bool HnswWalk::ScanIsCheaper(size_t matches, size_t rows, size_t ef) {
    const double selectivity = static_cast<double>(matches) / static_cast<double>(rows);
    return static_cast<double>(matches) <= static_cast<double>(kDistancesPerEf * ef) / selectivity;
}

void HnswWalk::MakeRoom() {
    const size_t list_max = 2 * static_cast<size_t>(graph_.m);
    scratch_.ids.resize(std::max(scratch_.ids.size(), list_max));
    scratch_.costs.resize(std::max(scratch_.costs.size(), list_max));
}

bool HnswWalk::Start(uint64_t* entry) {
    MakeRoom();
    scratch_.visited.Reset(graph_.rows);
    if (!DescendToBottom(entry)) {
        return false;
    }
    scratch_.visited.Insert(PoolRow(*entry));
    return true;
}

WalkOutcome HnswWalk::Run(size_t ef, SearchCounters* counters, base::Status* interrupted) {
    MakeRoom();
    ef_ = ef;
    interrupted_ = interrupted;
    uint64_t best = 0;
    WalkOutcome outcome = WalkOutcome::kDamaged;
    if (DescendToBottom(&best)) {
        const bool filtered = params_.filter.present() && matches_ < graph_.rows;
        outcome = filtered ? WalkFiltered(best) : WalkPlain(best);
        counters->strategy = filtered ? Strategy::kFilteredWalk : Strategy::kWalk;
    }
    counters->distances += distances_;
    counters->hops += hops_;
    if (outcome == WalkOutcome::kDone) {
        for (uint64_t& key : scratch_.pool) {
            key = PlainKey(key);
        }
    }
    return outcome;
}

bool HnswWalk::Interrupted() {
    if (++hops_ % kInterruptHops == 0 && params_.interrupt) {
        *interrupted_ = params_.interrupt();
    }
    return !interrupted_->ok();
}

bool HnswWalk::DescendToBottom(uint64_t* best) {
    float* costs = scratch_.costs.data();
    scorer_.Costs(&graph_.entry, 1, costs);
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
            scorer_.Costs(list.data(), list.size(), costs);
            distances_ += list.size();
            ++hops_;
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
bool HnswWalk::NewNeighbours(uint32_t row) {
    std::span<const uint32_t> list;
    if (!graph_.List(row, 0, &list)) {
        return false;
    }
    uint32_t* ids = scratch_.ids.data();
    size_t fresh = 0;
    for (uint32_t id : list) {
        if (id >= graph_.rows) {
            return false;
        }
        ids[fresh] = id;
        fresh += scratch_.visited.Insert(id) ? 1 : 0;
    }
    scorer_.Costs(ids, fresh, scratch_.costs.data());
    fresh_ = fresh;
    distances_ += fresh;
    return true;
}

// A sorted pool of the ef best; the best one not yet expanded is next. For the ef of real searches
// moving a few hundred bytes is cheaper than keeping two heaps.
WalkOutcome HnswWalk::WalkPlain(uint64_t entry) {
    scratch_.visited.Reset(graph_.rows);
    scratch_.visited.Insert(PoolRow(entry));
    std::vector<uint64_t>& pool = scratch_.pool;
    pool.assign(1, entry);
    for (size_t at = 0; at < pool.size();) {
        if ((pool[at] & 1) != 0) {
            ++at;
            continue;
        }
        pool[at] |= 1;
        if (Interrupted()) {
            return WalkOutcome::kInterrupted;
        }
        if (!NewNeighbours(PoolRow(pool[at]))) {
            return WalkOutcome::kDamaged;
        }
        size_t lowest = at + 1;
        for (size_t i = 0; i < fresh_; ++i) {
            const uint64_t key = PoolKey(scratch_.costs[i], scratch_.ids[i]);
            if (pool.size() >= ef_) {
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
    return WalkOutcome::kDone;
}

// Two heaps: all rows to expand, and the passing ones found. It ends when the best row to expand is
// worse than the worst of ef passing ones, so selective filters make it go further by themselves.
WalkOutcome HnswWalk::WalkFiltered(uint64_t entry) {
    scratch_.visited.Reset(graph_.rows);
    scratch_.visited.Insert(PoolRow(entry));
    std::vector<uint64_t>& open = scratch_.candidates;  // smallest in front
    std::vector<uint64_t>& found = scratch_.pool;       // largest in front
    open.assign(1, entry);
    found.clear();
    if (params_.filter.Test(PoolRow(entry))) {
        found.push_back(entry);
    }
    while (!open.empty()) {
        std::pop_heap(open.begin(), open.end(), std::greater<>());
        const uint64_t next = open.back();
        open.pop_back();
        if (found.size() >= ef_ && next > found.front()) {
            break;
        }
        if (Interrupted()) {
            return WalkOutcome::kInterrupted;
        }
        if (!NewNeighbours(PoolRow(next))) {
            return WalkOutcome::kDamaged;
        }
        for (size_t i = 0; i < fresh_; ++i) {
            const uint64_t key = PoolKey(scratch_.costs[i], scratch_.ids[i]);
            const bool full = found.size() >= ef_;
            if (full && key >= found.front()) {
                continue;
            }
            open.push_back(key);
            std::push_heap(open.begin(), open.end(), std::greater<>());
            if (!params_.filter.Test(scratch_.ids[i])) {
                continue;
            }
            if (full) {
                std::pop_heap(found.begin(), found.end());
                found.pop_back();
            }
            found.push_back(key);
            std::push_heap(found.begin(), found.end());
        }
        if (distances_ > matches_) {
            return WalkOutcome::kGaveUp;
        }
    }
    std::sort_heap(found.begin(), found.end());
    return WalkOutcome::kDone;
}

}  // namespace elanus::vindex
