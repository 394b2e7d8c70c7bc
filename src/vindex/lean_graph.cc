#include "vindex/lean_graph.h"

#include "base/hash.h"
#include "simd/distance.h"
#include "sys/huge_memory.h"
#include "vindex/candidate_pool.h"
#include "vindex/coded_rows.h"
#include "vindex/float_rows.h"

#include <algorithm>
#include <limits>

namespace elanus::vindex {
namespace {

constexpr size_t kEntries = 3;
constexpr size_t kCentreRowsMax = 4096;
constexpr uint32_t kRowsABatch = 64;  // between two looks at the interrupt

// Of the candidates of an insert so many are expanded, and so many kept to choose from; never more
// than there can be, however large the parameter is.
size_t ExpandedOf(uint32_t ef_construction, uint32_t capacity) {
    return std::max<size_t>(std::min(ef_construction, capacity) / 4 * size_t{3}, 16);
}
size_t KeptOf(uint32_t ef_construction, uint32_t capacity) {
    return std::max<size_t>(std::min(ef_construction, capacity) / 2 * size_t{3}, 32);
}

}  // namespace

struct LeanGraph::Inserter {
    std::vector<float> vector;
    std::vector<float> room;
    LeanQuery query;
    std::vector<uint32_t> ids;
    std::vector<float> costs;
    std::vector<uint64_t> keys;
    std::vector<uint32_t> chosen;
    std::vector<uint32_t> left_out;
};

bool LeanGraph::Fits(VectorType type, uint32_t dim, int64_t m) {
    constexpr uint32_t kDimMin = 32;
    constexpr int64_t kMMax = 128;
    return IsDenseMetric(type, Metric::kL2) && dim >= kDimMin && m <= kMMax &&
           dim <= simd::kCodeDimMax && RotatedWidth(dim) <= simd::kCodeDimMax;
}

std::unique_ptr<LeanGraph> LeanGraph::Make(const LeanOptions& options, uint32_t capacity,
                                           const void* sample, size_t sample_rows) {
    const FloatRows rows(options.type, options.metric, options.dim, sample_rows, sample);
    const size_t step = sample_rows / kCentreRowsMax + 1;
    std::vector<float> row(options.dim), mean(options.dim);
    std::vector<double> sum(options.dim);
    double count = 0;
    for (size_t i = 0; i < sample_rows; i += step, count += 1) {
        rows.Read(i, row.data());
        for (uint32_t d = 0; d < options.dim; ++d) {
            sum[d] += row[d];
        }
    }
    for (uint32_t d = 0; d < options.dim && count > 0; ++d) {
        mean[d] = static_cast<float>(sum[d] / count);
    }
    Parts parts;
    for (size_t i = 0; options.metric == Metric::kIp && i < sample_rows; i += step) {
        rows.Read(i, row.data());
        parts.longest =
            std::max(parts.longest, simd::L2Squared(row.data(), mean.data(), options.dim));
    }
    const Rotation rotation = LeanRows::RotationOf(options.dim);
    parts.centre.resize(rotation.width());
    RotateInto(rotation, mean.data(), nullptr, options.dim, parts.centre.data());
    const size_t block = LeanRows::LayoutOf(options.dim, 2 * options.m).block_bytes();
    const std::shared_ptr<uint8_t> memory = sys::ReserveHuge(size_t{capacity} * block);
    parts.blocks = memory.get();
    parts.owner = memory;
    return Of(options, std::move(parts), capacity);
}

std::unique_ptr<LeanGraph> LeanGraph::Of(const LeanOptions& options, Parts parts,
                                         uint32_t capacity) {
    std::unique_ptr<LeanGraph> graph(new LeanGraph(options, capacity));
    graph->store_ = LeanRows(options.metric, options.dim, 2 * options.m, parts.blocks,
                             std::move(parts.centre), parts.longest);
    graph->owner_ = std::move(parts.owner);
    graph->begun_ = parts.rows;
    graph->complete_ = parts.rows;
    for (size_t i = 0; i < kRouters; ++i) {
        graph->routers_[i] = i < parts.routers.size() ? parts.routers[i] : kNoLink;
    }
    return graph;
}

std::unique_ptr<LeanGraph> LeanGraph::OfLists(const LeanOptions& options, const void* vectors,
                                              const NeighborLists& lists, sys::Executor* executor) {
    const auto rows = static_cast<uint32_t>(lists.counts.size());
    std::unique_ptr<LeanGraph> graph = Make(options, rows, vectors, rows);
    const size_t row_bytes = RowBytes(options.type, options.dim);
    const auto fill = [&](size_t task) {
        Inserter inserter;
        const auto begin = static_cast<uint32_t>(task) * kRowsABatch;
        for (uint32_t row = begin; row < std::min(begin + kRowsABatch, rows); ++row) {
            graph->ReadVector(static_cast<const uint8_t*>(vectors) + row * row_bytes, inserter);
            graph->store_.Set(row, inserter.vector.data(), inserter.room);
            for (uint32_t i = 0; i < lists.counts[row]; ++i) {
                graph->store_.SetLink(row, i, lists.Links(row)[i]);
            }
        }
    };
    sys::InlineExecutor caller;
    sys::Executor& threads = executor != nullptr ? *executor : caller;
    threads.ParallelFor((rows + kRowsABatch - 1) / kRowsABatch, fill);
    for (uint32_t row = 0; row < rows; ++row) {
        graph->OfferRouter(row);
    }
    graph->begun_ = rows;
    graph->complete_ = rows;
    return graph;
}

uint64_t LeanGraph::memory_bytes() const {
    return rows() * store_.layout().block_bytes() + store_.centre().size() * sizeof(float) +
           sizeof(*this);
}

std::vector<uint32_t> LeanGraph::routers() const {
    std::vector<uint32_t> rows;
    for (const std::atomic<uint32_t>& router : routers_) {
        const uint32_t row = router.load(std::memory_order_acquire);
        if (row != kNoLink) {
            rows.push_back(row);
        }
    }
    return rows;
}

base::Result<uint32_t> LeanGraph::Reserve(uint32_t count) {
    uint32_t begin = begun_.load(std::memory_order_relaxed);
    do {
        if (count > capacity_ - begin) {
            return base::Status::Error(
                base::Code::kResourceInsufficient,
                "a lean graph has room for " + std::to_string(capacity_) + " rows");
        }
    } while (!begun_.compare_exchange_weak(begin, begin + count));
    return begin;
}

void LeanGraph::Insert(uint32_t first, const void* vectors, uint32_t count) {
    Inserter inserter;
    const size_t row_bytes = RowBytes(options_.type, options_.dim);
    const auto* vector = static_cast<const uint8_t*>(vectors);
    for (uint32_t i = 0; i < count; ++i, vector += row_bytes) {
        InsertRow(first + i, vector, inserter);
    }
    Complete(first, first + count);
}

base::Status LeanGraph::Add(const void* vectors, uint32_t count, uint32_t* first,
                            const std::function<base::Status()>& interrupt,
                            const Progress& progress) {
    ASSIGN_OR_RETURN(const uint32_t begin, Reserve(count));
    if (first != nullptr) {
        *first = begin;
    }
    const size_t row_bytes = RowBytes(options_.type, options_.dim);
    const auto* vector = static_cast<const uint8_t*>(vectors);
    CountedProgress done(progress, count);
    for (uint32_t at = 0; at < count; at += kRowsABatch) {
        if (interrupt) {
            RETURN_IF_ERROR(interrupt());
        }
        const uint32_t batch = std::min(kRowsABatch, count - at);
        Insert(begin + at, vector + at * row_bytes, batch);
        done.Add(batch);
    }
    return base::Status();
}

void LeanGraph::Complete(uint32_t begin, uint32_t end) {
    base::MutexLock lock(complete_mutex_);
    complete_ranges_.emplace(begin, end);
    uint32_t complete = complete_.load(std::memory_order_relaxed);
    for (auto next = complete_ranges_.find(complete); next != complete_ranges_.end();
         next = complete_ranges_.find(complete)) {
        complete = next->second;
        complete_ranges_.erase(next);
    }
    complete_.store(complete, std::memory_order_release);
}

void LeanGraph::OfferRouter(uint32_t row) {
    const uint64_t hash = base::Hash64(base::Hash64(options_.seed) + row);
    const uint64_t slot = row < kRouters ? row : hash % (uint64_t{row} + 1);
    if (slot < kRouters) {
        routers_[slot].store(row, std::memory_order_release);
    }
}

void LeanGraph::ReadVector(const uint8_t* vector, Inserter& inserter) const {
    inserter.vector.resize(options_.dim);
    ReadFloats(options_.type, vector, options_.dim, inserter.vector.data());
    if (options_.metric == Metric::kCosine) {
        simd::Normalize(inserter.vector.data(), options_.dim, inserter.vector.data());
    }
}

void LeanGraph::InsertRow(uint32_t row, const uint8_t* vector, Inserter& inserter) {
    ReadVector(vector, inserter);
    store_.Set(row, inserter.vector.data(), inserter.room);
    store_.PrepareRow(row, &inserter.query);

    SearchScratch& scratch = ThreadScratch();
    Search search;
    search.query = &inserter.query;
    SearchCounters counters;
    base::Status never;
    CandidatePool pool(scratch, ExpandedOf(options_.ef_construction, capacity_),
                       KeptOf(options_.ef_construction, capacity_));
    Expand(
        search, pool, scratch, &counters, &never, [](float) { return false; },
        [](float, uint32_t) {});
    // What was met, by the 8-bit rows.
    inserter.ids.clear();
    inserter.keys.clear();
    pool.AppendAll(&inserter.keys);
    for (const uint64_t key : inserter.keys) {
        inserter.ids.push_back(PoolRow(key));
        store_.PrefetchFine(PoolRow(key));
    }
    inserter.costs.resize(inserter.ids.size());
    store_.PairCosts(row, inserter.ids, inserter.costs.data());
    inserter.keys.clear();
    for (size_t i = 0; i < inserter.ids.size(); ++i) {
        inserter.keys.push_back(MakeKey(inserter.costs[i], inserter.ids[i]));
    }
    std::sort(inserter.keys.begin(), inserter.keys.end());
    Choose(row, inserter.keys, degree() * 3 / 4, inserter);
    {
        base::MutexLock lock(LockOf(row));
        for (size_t i = 0; i < inserter.chosen.size(); ++i) {
            store_.SetLink(row, static_cast<uint32_t>(i), inserter.chosen[i]);
        }
    }
    const std::vector<uint32_t> neighbours = inserter.chosen;
    for (const uint32_t neighbour : neighbours) {
        LinkBack(row, neighbour, inserter);
    }
    OfferRouter(row);
}

// True when a chosen row is nearer to the candidate than `cost`.
bool LeanGraph::Covered(uint32_t candidate, float cost, std::span<const uint32_t> chosen) const {
    constexpr size_t kStep = 8;
    float costs[kStep];
    for (size_t at = 0; at < chosen.size(); at += kStep) {
        const size_t count = std::min(kStep, chosen.size() - at);
        store_.PairCosts(candidate, chosen.subspan(at, count), costs);
        if (std::any_of(costs, costs + count, [cost](float c) { return c < cost; })) {
            return true;
        }
    }
    return false;
}

// Fills inserter.chosen from candidates sorted by their cost to `row`: whoever no chosen one is
// nearer to than the row is; then the nearest others, up to `filled`. Copies of the row never rule
// each other out, and enough of them would cut themselves off from the rest: they get half of the
// places.
void LeanGraph::Choose(uint32_t row, std::span<const uint64_t> sorted, size_t filled,
                       Inserter& inserter) const {
    std::vector<uint32_t>& chosen = inserter.chosen;
    std::vector<uint32_t>& left_out = inserter.left_out;
    chosen.clear();
    left_out.clear();
    size_t copies = 0;
    for (const uint64_t key : sorted) {
        const uint32_t candidate = KeyRow(key);
        if (candidate == row) {
            continue;
        }
        if (chosen.size() == filled) {
            break;
        }
        const bool copy = KeyCost(key) <= 0;
        if (copy && ++copies > filled / 2) {
            continue;
        }
        const bool covered = Covered(candidate, KeyCost(key), chosen);
        (covered ? left_out : chosen).push_back(candidate);
    }
    for (size_t i = 0; i < left_out.size() && chosen.size() < filled; ++i) {
        chosen.push_back(left_out[i]);
    }
}

void LeanGraph::LinkBack(uint32_t row, uint32_t neighbour, Inserter& inserter) {
    base::MutexLock lock(LockOf(neighbour));
    inserter.ids.clear();
    for (uint32_t i = 0; i < degree(); ++i) {
        const uint32_t link = store_.Link(neighbour, i);
        if (link == row) {
            return;
        }
        if (link == kNoLink) {
            store_.SetLink(neighbour, i, row);
            return;
        }
        inserter.ids.push_back(link);
    }
    inserter.ids.push_back(row);
    inserter.costs.resize(inserter.ids.size());
    store_.PairCosts(neighbour, inserter.ids, inserter.costs.data());
    inserter.keys.clear();
    for (size_t i = 0; i < inserter.ids.size(); ++i) {
        inserter.keys.push_back(MakeKey(inserter.costs[i], inserter.ids[i]));
    }
    std::sort(inserter.keys.begin(), inserter.keys.end());
    Choose(neighbour, inserter.keys, degree() * 3 / 4, inserter);
    for (uint32_t i = 0; i < degree(); ++i) {
        store_.SetLink(neighbour, i, i < inserter.chosen.size() ? inserter.chosen[i] : kNoLink);
    }
}

// Leaves in scratch.candidates keys of the rows to start from. False: damaged.
bool LeanGraph::Enter(const LeanQuery& query, SearchScratch& scratch) const {
    scratch.ids.clear();
    for (const std::atomic<uint32_t>& router : routers_) {
        const uint32_t row = router.load(std::memory_order_acquire);
        if (row == kNoLink) {
            continue;
        }
        if (row >= capacity_) {
            return false;
        }
        scratch.ids.push_back(row);
        store_.PrefetchCoarse(row);
    }
    scratch.costs.resize(std::max(scratch.costs.size(), scratch.ids.size()));
    store_.CoarseCosts(query, scratch.ids, scratch.costs.data());
    std::vector<uint64_t>& entries = scratch.candidates;
    entries.clear();
    for (size_t i = 0; i < scratch.ids.size(); ++i) {
        entries.push_back(PoolKey(scratch.costs[i], scratch.ids[i]));
    }
    const size_t count = std::min(kEntries, entries.size());
    std::partial_sort(entries.begin(), entries.begin() + static_cast<ptrdiff_t>(count),
                      entries.end());
    entries.resize(count);
    return true;
}

// Leaves in scratch.ids the neighbours of a row that have not been met yet. False: damaged.
bool LeanGraph::Neighbours(uint32_t row, SearchScratch& scratch) const {
    scratch.ids.clear();
    for (uint32_t i = 0; i < degree(); ++i) {
        const uint32_t link = store_.Link(row, i);
        if (link == kNoLink) {
            break;
        }
        if (link >= capacity_) {
            return false;
        }
        if (scratch.visited_bits.Insert(link)) {
            scratch.ids.push_back(link);
            store_.PrefetchCoarse(link);
        }
    }
    return true;
}

// Expands the candidates of the pool, the best first, until none is left or `is_done(cost)` of the
// best one. `keep(cost, row)` gets each expanded row.
template <typename Pool, typename IsDone, typename Keep>
WalkOutcome LeanGraph::Expand(const Search& search, Pool& pool, SearchScratch& scratch,
                              SearchCounters* counters, base::Status* interrupted,
                              const IsDone& is_done, const Keep& keep) const {
    scratch.visited_bits.Reset(capacity_);
    if (!Enter(*search.query, scratch)) {
        return WalkOutcome::kDamaged;
    }
    counters->distances += kRouters;
    for (const uint64_t key : scratch.candidates) {
        if (scratch.visited_bits.Insert(PoolRow(key))) {
            pool.Insert(KeyCost(key), PoolRow(key));
        }
    }
    uint32_t row = 0;
    for (float cost = 0; pool.Take(&row, &cost);) {
        if (is_done(cost)) {
            break;
        }
        if (++counters->hops % kInterruptHops == 0 && search.interrupt != nullptr &&
            *search.interrupt) {
            *interrupted = (*search.interrupt)();
            if (!interrupted->ok()) {
                return WalkOutcome::kInterrupted;
            }
        }
        keep(cost, row);
        if (!Neighbours(row, scratch)) {
            return WalkOutcome::kDamaged;
        }
        const std::vector<uint32_t>& ids = scratch.ids;
        scratch.costs.resize(std::max(scratch.costs.size(), ids.size()));
        store_.CoarseCosts(*search.query, ids, scratch.costs.data());
        counters->distances += ids.size();
        const float limit = pool.limit();
        for (size_t i = 0; i < ids.size(); ++i) {
            if (!(scratch.costs[i] >= limit)) {
                pool.Insert(scratch.costs[i], ids[i]);
            }
        }
        if (uint32_t next = 0; pool.Next(&next)) {
            store_.PrefetchLinks(next);
        }
    }
    return WalkOutcome::kDone;
}

WalkOutcome LeanGraph::Walk(const Search& search, SearchScratch& scratch, SearchCounters* counters,
                            base::Status* interrupted) const {
    std::vector<uint64_t>& found = scratch.pool;
    found.clear();
    WalkOutcome outcome = WalkOutcome::kDone;
    if (search.filter.present()) {
        outcome = WalkFiltered(search, scratch, counters, interrupted);
    } else {
        CandidatePool pool(scratch, search.ef, search.ef);
        outcome = Expand(
            search, pool, scratch, counters, interrupted, [](float) { return false; },
            [&](float cost, uint32_t row) {
                if (row < search.rows) {
                    found.push_back(MakeKey(cost, row));
                }
            });
    }
    if (outcome == WalkOutcome::kDone) {
        Refine(search, scratch, counters);
    }
    return outcome;
}

// All rows are traversed, passing ones are kept. The pool holds as many candidates as hold ef
// passing ones when these are spread evenly; where passing rows are near the query it ends sooner,
// when no candidate is better than the worst of ef passing rows.
WalkOutcome LeanGraph::WalkFiltered(const Search& search, SearchScratch& scratch,
                                    SearchCounters* counters, base::Status* interrupted) const {
    std::vector<uint64_t>& found = scratch.pool;  // largest in front
    const size_t wanted = std::min<size_t>(
        search.ef * search.rows / std::max<size_t>(search.matches, 1) + 1, search.rows);
    CandidatePool pool(scratch, wanted, wanted);
    const auto is_done = [&](float cost) {
        return found.size() >= search.ef && cost > KeyCost(found.front());
    };
    const auto keep = [&](float cost, uint32_t row) {
        if (row >= search.rows || !search.filter.Test(row)) {
            return;
        }
        found.push_back(MakeKey(cost, row));
        std::push_heap(found.begin(), found.end());
        if (found.size() > search.ef) {
            std::pop_heap(found.begin(), found.end());
            found.pop_back();
        }
    };
    return Expand(search, pool, scratch, counters, interrupted, is_done, keep);
}

void LeanGraph::Refine(const Search& search, SearchScratch& scratch,
                       SearchCounters* counters) const {
    std::vector<uint64_t>& found = scratch.pool;
    if (found.size() > search.refined) {
        std::nth_element(found.begin(), found.begin() + static_cast<ptrdiff_t>(search.refined),
                         found.end());
        found.resize(search.refined);
    }
    scratch.ids.clear();
    for (const uint64_t key : found) {
        scratch.ids.push_back(KeyRow(key));
        store_.PrefetchFine(KeyRow(key));
    }
    scratch.costs.resize(std::max(scratch.costs.size(), found.size()));
    store_.FineCosts(*search.query, scratch.ids, scratch.costs.data());
    for (size_t i = 0; i < found.size(); ++i) {
        found[i] = MakeKey(scratch.costs[i], scratch.ids[i]);
    }
    std::sort(found.begin(), found.end());
    counters->distances += found.size();
}

}  // namespace elanus::vindex
