#include "vindex/graph_builder.h"

#include "base/hash.h"
#include "vindex/scratch.h"
#include "vindex/top_k.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace elanus::vindex {
namespace {

constexpr uint32_t kStarts = 384;  // rows that the first search of a row looks at first ...
constexpr size_t kStartsKept = 4;  // ... and the nearest of them, from which it walks
constexpr size_t kChunkRows = 32;
constexpr uint32_t kBatchShare = 50;  // a batch is at most this part of all rows ...
constexpr uint32_t kGrowth = 4;       // ... and this part of those that are in
constexpr uint32_t kLateShare = 3;    // this part of all rows is searched for once
constexpr uint32_t kRefineBatches = 7;
constexpr size_t kAskedAtOnce = 4;  // coverers; as many as cost little more than one
constexpr size_t kPruneAhead = 3;   // candidates that are fetched before their turn

// Keys of a search carry a mark "expanded" below the row.
uint64_t PoolKey(float cost, uint32_t row) {
    return MakeKey(cost, row << 1);
}
uint32_t PoolRow(uint64_t key) {
    return KeyRow(key) >> 1;
}

}  // namespace

struct GraphBuilder::Worker {
    std::vector<uint64_t> pool;
    std::vector<uint64_t> met;  // keys of candidates
    std::vector<uint32_t> fresh;
    std::vector<float> costs;  // of the rows that were asked for last
    std::vector<uint32_t> chosen;
    std::vector<uint32_t> rest;
    std::vector<uint32_t> coverers;  // chosen ones in the order in which they are asked
};

void NeighborLists::Set(uint32_t row, const std::vector<uint32_t>& list) {
    counts[row] = std::min(static_cast<uint32_t>(list.size()), degree);
    std::copy_n(list.begin(), counts[row],
                links.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(row) * degree));
}

GraphBuilder::GraphBuilder(const CodedRows& rows, const GraphOptions& options)
    : rows_(rows), options_(options), lists_(rows.rows(), options.degree * 3 / 2) {
    const size_t effort = options.ef_construction;
    early_window_ = std::clamp<size_t>(effort * 4 / 25, 16, 1000);
    window_ = std::clamp<size_t>(effort * 13 / 20, 24, 2000);
    candidates_max_ = std::clamp<size_t>(3 * effort, 2 * options.degree, 6000);
}

base::Result<NeighborLists> GraphBuilder::Build() {
    Shuffle();
    FindHomes();
    const uint32_t rows = rows_.rows();
    const uint32_t early = rows - rows / kLateShare;
    for (uint32_t done = 1; done < rows;) {
        const uint32_t batch = std::clamp(done / kGrowth, 1u, rows / kBatchShare + 1);
        const uint32_t end = std::min(rows, done + batch);
        Pass(done, end, done, done < early ? early_window_ : window_);
        done = end;
    }
    const uint32_t batch = early / kRefineBatches + 1;
    for (uint32_t at = 0; at < early; at += batch) {
        Pass(at, std::min(early, at + batch), rows, window_);
    }
    NeighborLists lists = Finish();
    base::MutexLock lock(status_mutex_);
    RETURN_IF_ERROR(status_);
    return lists;
}

// Nothing that is left unfinished by a stop is used: Build() then answers the failure.
void GraphBuilder::ForEach(size_t count, const std::function<void(size_t, Worker&)>& task) {
    const auto chunk = [&](size_t at) {
        if (Stopped()) {
            return;
        }
        Worker worker;
        for (size_t i = at * kChunkRows; i < std::min(count, (at + 1) * kChunkRows); ++i) {
            task(i, worker);
        }
    };
    sys::InlineExecutor caller;
    sys::Executor& executor = options_.executor != nullptr ? *options_.executor : caller;
    executor.ParallelFor((count + kChunkRows - 1) / kChunkRows, chunk);
}

bool GraphBuilder::Stopped() {
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

void GraphBuilder::Shuffle() {
    order_.resize(rows_.rows());
    std::iota(order_.begin(), order_.end(), 0u);
    const uint64_t stream = base::Hash64(options_.seed);
    for (size_t i = order_.size(); i > 1; --i) {
        std::swap(order_[i - 1], order_[base::Hash64(stream + i) % i]);
    }
}

// Rows order_[begin, end) choose neighbours among the first `inside` of the order, then link back.
void GraphBuilder::Pass(uint32_t begin, uint32_t end, uint32_t inside, size_t window) {
    // The starts stay where they are until the first rows have been searched for among them.
    if (begin >= kStarts || inside == rows_.rows()) {
        GoHomeByHome(begin, end);
    }
    std::vector<std::vector<uint32_t>> found(end - begin);
    ForEach(found.size(), [&](size_t i, Worker& worker) {
        const uint32_t row = order_[begin + i];
        Search(row, inside, window, worker);
        AddMet(row, Listed(row), worker);
        Prune(row, worker);
        found[i] = worker.chosen;
    });
    std::vector<Link> back;
    for (size_t i = 0; i < found.size(); ++i) {
        const uint32_t row = order_[begin + i];
        lists_.Set(row, found[i]);
        for (uint32_t link : found[i]) {
            back.emplace_back(link, row);
        }
    }
    std::sort(back.begin(), back.end());
    std::vector<size_t> heads;
    for (size_t i = 0; i < back.size(); ++i) {
        if (i == 0 || back[i].first != back[i - 1].first) {
            heads.push_back(i);
        }
    }
    heads.push_back(back.size());
    ForEach(heads.size() - 1,
            [&](size_t h, Worker& worker) { LinkBack(back, heads[h], heads[h + 1], worker); });
}

void GraphBuilder::LinkBack(const std::vector<Link>& back, size_t begin, size_t end,
                            Worker& worker) {
    const uint32_t row = back[begin].first;
    std::vector<uint32_t>& all = worker.fresh;
    all.assign(lists_.Links(row), lists_.Links(row) + lists_.counts[row]);
    for (size_t i = begin; i < end; ++i) {
        if (std::find(all.begin(), all.end(), back[i].second) == all.end()) {
            all.push_back(back[i].second);
        }
    }
    if (all.size() <= lists_.degree) {
        lists_.Set(row, all);
        return;
    }
    worker.met.clear();
    AddMet(row, all, worker);
    Prune(row, worker);
    lists_.Set(row, worker.chosen);
}

void GraphBuilder::Score(uint32_t row, std::span<const uint32_t> others, Worker& worker) const {
    worker.costs.resize(std::max(worker.costs.size(), others.size()));
    rows_.Costs(row, others, worker.costs.data());
}

void GraphBuilder::AddMet(uint32_t row, std::span<const uint32_t> others, Worker& worker) const {
    Score(row, others, worker);
    for (size_t i = 0; i < others.size(); ++i) {
        worker.met.push_back(MakeKey(worker.costs[i], others[i]));
    }
}

std::span<const uint32_t> GraphBuilder::Listed(uint32_t row) const {
    return std::span(lists_.Links(row), lists_.counts[row]);
}

// Leaves in worker.met the nearest of all rows scored.
void GraphBuilder::Search(uint32_t row, uint32_t inside, size_t window, Worker& worker) const {
    VisitedSet& visited = ThreadScratch().visited;
    visited.Reset(rows_.rows());
    visited.Insert(row);
    Start(row, inside, worker);
    std::vector<uint64_t>& pool = worker.pool;
    for (size_t at = 0; at < pool.size();) {
        if ((pool[at] & 1) != 0) {
            ++at;
            continue;
        }
        pool[at] |= 1;
        if (at + 1 < pool.size()) {  // often the next
            __builtin_prefetch(lists_.Links(PoolRow(pool[at + 1])));
        }
        at = std::min(at + 1, Expand(row, PoolRow(pool[at]), window, worker));
    }
    if (worker.met.size() > candidates_max_) {
        const auto last = worker.met.begin() + static_cast<ptrdiff_t>(candidates_max_);
        std::nth_element(worker.met.begin(), last, worker.met.end());
        worker.met.erase(last, worker.met.end());
    }
}

// A row that has neighbours starts from them, another from the starts nearest to it.
void GraphBuilder::Start(uint32_t row, uint32_t inside, Worker& worker) const {
    worker.met.clear();
    std::span<const uint32_t> from = Listed(row);
    if (from.empty() && inside < kStarts) {
        from = std::span<const uint32_t>(order_).first(inside);
    } else if (from.empty()) {
        from = std::span<const uint32_t>(homes_).subspan(size_t{row} * kStartsKept, kStartsKept);
    }
    KeepNearest(row, from, worker);
    for (uint64_t key : worker.pool) {
        ThreadScratch().visited.Insert(PoolRow(key));
        worker.met.push_back(MakeKey(KeyCost(key), PoolRow(key)));
    }
}

// Leaves in worker.pool the few of `others` that are nearest to the row.
void GraphBuilder::KeepNearest(uint32_t row, std::span<const uint32_t> others,
                               Worker& worker) const {
    worker.pool.clear();
    Score(row, others, worker);
    for (size_t i = 0; i < others.size(); ++i) {
        if (others[i] != row) {
            worker.pool.push_back(PoolKey(worker.costs[i], others[i]));
        }
    }
    const size_t kept = std::min(worker.pool.size(), kStartsKept);
    std::partial_sort(worker.pool.begin(), worker.pool.begin() + static_cast<ptrdiff_t>(kept),
                      worker.pool.end());
    worker.pool.resize(kept);
}

// Finds the starts nearest to every row.
void GraphBuilder::FindHomes() {
    homes_.resize(size_t{rows_.rows()} * kStartsKept);
    const auto starts = std::span<const uint32_t>(order_).first(std::min(kStarts, rows_.rows()));
    ForEach(rows_.rows(), [&](size_t row, Worker& worker) {
        KeepNearest(static_cast<uint32_t>(row), starts, worker);
        for (size_t i = 0; i < worker.pool.size(); ++i) {
            homes_[row * kStartsKept + i] = PoolRow(worker.pool[i]);
        }
    });
}

// Rows of order_[begin, end) that are searched for one after the other are near each other then,
// and read what the one before has read.
void GraphBuilder::GoHomeByHome(uint32_t begin, uint32_t end) {
    const auto home = [&](uint32_t row) {
        const uint32_t* homes = &homes_[size_t{row} * kStartsKept];
        return std::tuple(homes[0], homes[1], row);
    };
    std::sort(order_.begin() + begin, order_.begin() + end,
              [&](uint32_t a, uint32_t b) { return home(a) < home(b); });
}

// Scores the neighbours of `node` not met yet; returns the best place that one took in the pool.
size_t GraphBuilder::Expand(uint32_t row, uint32_t node, size_t window, Worker& worker) const {
    VisitedSet& visited = ThreadScratch().visited;
    worker.fresh.clear();
    for (uint32_t link : Listed(node)) {
        if (visited.Insert(link)) {
            worker.fresh.push_back(link);
            rows_.Prefetch(link);
        }
    }
    Score(row, worker.fresh, worker);
    std::vector<uint64_t>& pool = worker.pool;
    size_t lowest = window;
    for (size_t i = 0; i < worker.fresh.size(); ++i) {
        const uint32_t link = worker.fresh[i];
        const float cost = worker.costs[i];
        worker.met.push_back(MakeKey(cost, link));
        const uint64_t key = PoolKey(cost, link);
        if (pool.size() >= window) {
            if (key >= pool.back()) {
                continue;
            }
            pool.pop_back();
        }
        const auto place = std::upper_bound(pool.begin(), pool.end(), key);
        lowest = std::min(lowest, static_cast<size_t>(place - pool.begin()));
        pool.insert(place, key);
    }
    return lowest;
}

// Chooses among worker.met; what is left out goes to worker.rest, nearest first. Copies of the row
// never cover each other, and enough of them would cut it off from all other rows: they get half
// of the places at most.
void GraphBuilder::Prune(uint32_t row, Worker& worker) const {
    std::sort(worker.met.begin(), worker.met.end());
    worker.chosen.clear();
    worker.rest.clear();
    worker.coverers.clear();
    size_t copies_left = options_.degree / 2;
    uint64_t before = ~uint64_t{0};
    for (size_t i = 0; i < worker.met.size(); ++i) {
        const uint64_t key = worker.met[i];
        const uint32_t candidate = KeyRow(key);
        if (i + kPruneAhead < worker.met.size()) {
            rows_.Prefetch(KeyRow(worker.met[i + kPruneAhead]));
        }
        if (candidate == row || key == before) {
            continue;
        }
        before = key;
        if (worker.chosen.size() == options_.degree) {
            return;
        }
        const float cost = KeyCost(key);
        const bool copy = !(cost > 0);
        if (copy && copies_left == 0) {
            continue;
        }
        const bool covered = Covered(candidate, cost, worker);
        copies_left -= copy ? 1 : 0;
        (covered ? worker.rest : worker.chosen).push_back(candidate);
        if (!covered) {
            worker.coverers.push_back(candidate);
        }
    }
}

// Whether a chosen row is nearer to the candidate than the row itself, at `cost`, is. Candidates
// come from the same few directions, so what has covered one is asked first for the next.
bool GraphBuilder::Covered(uint32_t candidate, float cost, Worker& worker) const {
    std::vector<uint32_t>& coverers = worker.coverers;
    for (size_t at = 0; at < coverers.size(); at += kAskedAtOnce) {
        const size_t count = std::min(kAskedAtOnce, coverers.size() - at);
        float costs[kAskedAtOnce];
        rows_.Costs(candidate, std::span(coverers).subspan(at, count), costs);
        for (size_t i = 0; i < count; ++i) {
            if (costs[i] * options_.alpha < cost) {
                std::swap(coverers[at + i], coverers[(at + i) / 2]);
                return true;
            }
        }
    }
    return false;
}

NeighborLists GraphBuilder::Finish() {
    NeighborLists out(rows_.rows(), options_.degree);
    ForEach(rows_.rows(), [&](size_t i, Worker& worker) {
        const auto row = static_cast<uint32_t>(i);
        worker.met.clear();
        AddMet(row, Listed(row), worker);
        Prune(row, worker);
        for (size_t r = 0; r < worker.rest.size() && worker.chosen.size() < out.degree; ++r) {
            worker.chosen.push_back(worker.rest[r]);
        }
        out.Set(row, worker.chosen);
    });
    return out;
}

}  // namespace elanus::vindex
