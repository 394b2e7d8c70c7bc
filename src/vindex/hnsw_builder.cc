#include "vindex/hnsw_builder.h"

#include "base/hash.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace elanus::vindex {
namespace {

constexpr uint32_t kRowsAlone = 256;
constexpr uint32_t kChunkRows = 64;

// Keys of a level search carry a mark "expanded" below the row (as in hnsw.cc).
uint64_t PoolKey(float cost, uint32_t row) {
    return MakeKey(cost, row << 1);
}
uint32_t PoolRow(uint64_t key) {
    return KeyRow(key) >> 1;
}

}  // namespace

HnswBuilder::HnswBuilder(const VectorView& vectors, const HnswBuildOptions& options)
    : vectors_(vectors), options_(options), locks_(new base::Mutex[kLocks]) {}

uint32_t HnswBuilder::LevelOf(uint32_t row) const {
    const uint64_t hash = base::Hash64(base::Hash64(options_.seed) + row);
    const double uniform = (static_cast<double>(hash >> 11) + 1.0) * 0x1.0p-53;  // in (0, 1]
    const double level = -std::log(uniform) / std::log(static_cast<double>(options_.m));
    return std::min(static_cast<uint32_t>(level), kLevelsMax - 1);
}

void HnswBuilder::AssignLevels() {
    const uint32_t rows = vectors_.rows;
    arrays_.upper_start.assign(static_cast<size_t>(rows) + 1, 0);
    for (uint32_t row = 0; row < rows; ++row) {
        const uint32_t level = LevelOf(row);
        arrays_.upper_start[row + 1] = arrays_.upper_start[row] + level;
        if (level > arrays_.level_max) {
            arrays_.level_max = level;
            arrays_.entry = row;
        }
    }
    arrays_.links0.assign(rows * (1 + 2 * static_cast<size_t>(options_.m)), 0);
    arrays_.upper_links.assign(arrays_.upper_start[rows] * (1 + static_cast<size_t>(options_.m)),
                               0);
}

uint32_t* HnswBuilder::List(uint32_t row, uint32_t level) {
    if (level == 0) {
        return arrays_.links0.data() + row * (1 + 2 * static_cast<size_t>(options_.m));
    }
    const size_t block = static_cast<size_t>(arrays_.upper_start[row]) + level - 1;
    return arrays_.upper_links.data() + block * (1 + static_cast<size_t>(options_.m));
}

base::Result<HnswArrays> HnswBuilder::Build() {
    AssignLevels();
    const uint32_t rows = vectors_.rows;
    const uint32_t alone = std::min(rows, kRowsAlone);
    {
        Worker worker;
        InsertRange(0, alone, worker);
    }
    CountedProgress done(options_.progress, rows);
    done.Add(alone);
    const size_t chunks = (rows - alone + kChunkRows - 1) / kChunkRows;
    auto insert_chunk = [&](size_t chunk) {
        if (!Stopped()) {
            Worker worker;
            const uint32_t begin = alone + static_cast<uint32_t>(chunk) * kChunkRows;
            const uint32_t end = std::min(begin + kChunkRows, rows);
            InsertRange(begin, end, worker);
            done.Add(end - begin);
        }
    };
    if (options_.executor != nullptr) {
        options_.executor->ParallelFor(chunks, insert_chunk);
    } else {
        for (size_t chunk = 0; chunk < chunks; ++chunk) {
            insert_chunk(chunk);
        }
    }
    base::MutexLock lock(status_mutex_);
    RETURN_IF_ERROR(status_);
    return std::move(arrays_);
}

bool HnswBuilder::Stopped() {
    if (!stopped_.load(std::memory_order_relaxed) && options_.interrupt) {
        base::Status status = options_.interrupt();
        if (!status.ok()) {
            base::MutexLock lock(status_mutex_);
            status_ = std::move(status);
            stopped_.store(true, std::memory_order_relaxed);
        }
    }
    return stopped_.load(std::memory_order_relaxed);
}

void HnswBuilder::InsertRange(uint32_t begin, uint32_t end, Worker& worker) {
    for (uint32_t row = begin; row < end; ++row) {
        if (row != arrays_.entry) {
            Insert(row, worker);
        }
    }
}

void HnswBuilder::Insert(uint32_t row, Worker& worker) {
    const Query query = vectors_.RowAsQuery(row);
    const uint32_t levels = LevelCount(row);
    float cost = 0;
    vectors_.Costs(query, &arrays_.entry, 1, &cost);
    uint64_t best = PoolKey(cost, arrays_.entry);
    for (uint32_t level = arrays_.level_max; level > levels; --level) {
        best = Descend(query, best, level, worker);
    }
    for (uint32_t level = levels + 1; level-- > 0;) {
        SearchLevel(query, best, level, worker);
        best = worker.found.front() & ~uint64_t{1};
        Choose(query, worker.found, options_.m, worker, &worker.chosen[level]);
    }
    {
        base::MutexLock lock(LockOf(row));
        for (uint32_t level = 0; level <= levels; ++level) {
            const std::vector<uint32_t>& chosen = worker.chosen[level];
            uint32_t* list = List(row, level);
            list[0] = static_cast<uint32_t>(chosen.size());
            std::copy(chosen.begin(), chosen.end(), list + 1);
        }
    }
    for (uint32_t level = 0; level <= levels; ++level) {
        for (uint32_t neighbour : worker.chosen[level]) {
            LinkBack(row, level, neighbour, worker);
        }
    }
}

void HnswBuilder::CopyList(uint32_t row, uint32_t level, std::vector<uint32_t>* ids) {
    base::MutexLock lock(LockOf(row));
    const uint32_t* list = List(row, level);
    ids->assign(list + 1, list + 1 + list[0]);
}

// Moves to the best neighbour until none is better.
uint64_t HnswBuilder::Descend(const Query& query, uint64_t best, uint32_t level, Worker& worker) {
    for (bool moved = true; moved;) {
        moved = false;
        CopyList(PoolRow(best), level, &worker.ids);
        worker.costs.resize(worker.ids.size());
        vectors_.Costs(query, worker.ids.data(), worker.ids.size(), worker.costs.data());
        for (size_t i = 0; i < worker.ids.size(); ++i) {
            const uint64_t key = PoolKey(worker.costs[i], worker.ids[i]);
            moved = moved || key < best;
            best = std::min(best, key);
        }
    }
    return best;
}

// Leaves in worker.found the ef_construction best rows met on `level`, best first (marked keys).
void HnswBuilder::SearchLevel(const Query& query, uint64_t entry, uint32_t level, Worker& worker) {
    VisitedSet& visited = ThreadScratch().visited;
    visited.Reset(vectors_.rows);
    visited.Insert(PoolRow(entry));
    std::vector<uint64_t>& pool = worker.found;
    pool.assign(1, entry);
    for (size_t at = 0; at < pool.size();) {
        if ((pool[at] & 1) != 0) {
            ++at;
            continue;
        }
        pool[at] |= 1;
        CopyList(PoolRow(pool[at]), level, &worker.ids);
        std::erase_if(worker.ids, [&](uint32_t id) { return !visited.Insert(id); });
        worker.costs.resize(worker.ids.size());
        vectors_.Costs(query, worker.ids.data(), worker.ids.size(), worker.costs.data());
        size_t lowest = at + 1;
        for (size_t i = 0; i < worker.ids.size(); ++i) {
            const uint64_t key = PoolKey(worker.costs[i], worker.ids[i]);
            if (pool.size() >= options_.ef_construction) {
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
    }
}

// True when a chosen row is nearer to `row` than the query is: the way to it leads over that one.
bool HnswBuilder::Covered(uint32_t row, float cost, const std::vector<uint32_t>& chosen,
                          float* costs) const {
    constexpr size_t kStep = 4;
    for (size_t i = 0; i < chosen.size(); i += kStep) {
        const size_t count = std::min(kStep, chosen.size() - i);
        vectors_.Costs(vectors_.RowAsQuery(row), chosen.data() + i, count, costs);
        if (std::any_of(costs, costs + count, [cost](float c) { return c < cost; })) {
            return true;
        }
    }
    return false;
}

// The selection heuristic: best first, a row enters unless it is covered. Copies of the query's own
// vector never cover each other, and enough of them would cut themselves off from all other rows;
// so they get half of the places at most.
void HnswBuilder::Choose(const Query& query, const std::vector<uint64_t>& sorted, size_t count_max,
                         Worker& worker, std::vector<uint32_t>* chosen) const {
    chosen->clear();
    worker.costs.resize(std::max<size_t>(worker.costs.size(), 4));
    size_t copies_left = std::max<size_t>(count_max / 2, 1);
    for (uint64_t key : sorted) {
        if (chosen->size() == count_max) {
            return;
        }
        const uint32_t row = PoolRow(key);
        const bool copy = std::memcmp(vectors_.Row(row), query.data, vectors_.row_bytes) == 0;
        if (copy && copies_left == 0) {
            continue;
        }
        if (sorted.size() > count_max && Covered(row, KeyCost(key), *chosen, worker.costs.data())) {
            continue;
        }
        chosen->push_back(row);
        copies_left -= copy ? 1 : 0;
    }
}

void HnswBuilder::LinkBack(uint32_t row, uint32_t level, uint32_t neighbour, Worker& worker) {
    base::MutexLock lock(LockOf(neighbour));
    uint32_t* list = List(neighbour, level);
    const uint32_t count = list[0];
    if (count < ListMax(level)) {
        list[1 + count] = row;
        list[0] = count + 1;
        return;
    }
    worker.ids.assign(list + 1, list + 1 + count);
    worker.ids.push_back(row);
    worker.costs.resize(worker.ids.size());
    const Query query = vectors_.RowAsQuery(neighbour);
    vectors_.Costs(query, worker.ids.data(), worker.ids.size(), worker.costs.data());
    worker.around.clear();
    for (size_t i = 0; i < worker.ids.size(); ++i) {
        worker.around.push_back(PoolKey(worker.costs[i], worker.ids[i]));
    }
    std::sort(worker.around.begin(), worker.around.end());
    Choose(query, worker.around, ListMax(level), worker, &worker.ids);
    list[0] = static_cast<uint32_t>(worker.ids.size());
    std::copy(worker.ids.begin(), worker.ids.end(), list + 1);
}

}  // namespace elanus::vindex
