#include "vindex/graph_builder.h"

#include "vindex/near_blocks.h"
#include "vindex/scratch.h"
#include "vindex/top_k.h"

#include <algorithm>
#include <numeric>

namespace elanus::vindex {
namespace {
constexpr size_t kTaskRows = 64;
constexpr size_t kFilled = 16;      // places that a first list has at least, if there is what for
constexpr size_t kAskedAtOnce = 4;  // coverers; as many as cost little more than one
constexpr size_t kPruneAhead = 3;   // candidates that are fetched before their turn

// What the passes take, and of the first one finding candidates and choosing among them.
constexpr double kChooseWeight = 82, kLinkWeight = 9, kFinishWeight = 9;
constexpr double kFindWeight = 80, kPickWeight = 20;

// Blocks that a row is in: more of them find more of its near rows and tell more directions. With
// 18 for the usual 200 a graph of hard 768-d rows is as good as one made by searches that wide.
constexpr size_t CopiesFor(size_t ef_construction) {
    return std::clamp<size_t>(ef_construction * 9 / 100, 2, 64);
}
// More than these, of every block, change no list.
constexpr size_t PickedMax(size_t degree) {
    return std::max<size_t>(degree * 3 / 8, 8);
}

}  // namespace

struct GraphBuilder::Worker {
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
    : rows_(rows), options_(options), lists_(rows.rows(), options.degree * 3 / 2) {}

base::Result<NeighborLists> GraphBuilder::Build() {
    PartsProgress parts(options_.progress, {kChooseWeight, kLinkWeight, kFinishWeight});
    RETURN_IF_ERROR(ChooseAmongNear(parts.Next()));
    LinkBack(parts.Next());
    NeighborLists lists = Finish(parts.Next());
    lists.order = std::move(order_);
    base::MutexLock lock(status_mutex_);
    RETURN_IF_ERROR(status_);
    return lists;
}

// In the order of `order_`. Nothing that is left unfinished by a stop is used: Build() then answers
// the failure.
void GraphBuilder::ForEachRow(const Progress& progress,
                              const std::function<void(uint32_t, Worker&)>& task) {
    const size_t count = order_.size();
    CountedProgress done(progress, count);
    const auto chunk = [&](size_t at) {
        if (Stopped()) {
            return;
        }
        Worker worker;
        const size_t end = std::min(count, (at + 1) * kTaskRows);
        for (size_t i = at * kTaskRows; i < end; ++i) {
            task(order_[i], worker);
        }
        done.Add(end - at * kTaskRows);
    };
    sys::InlineExecutor caller;
    sys::Executor& executor = options_.executor != nullptr ? *options_.executor : caller;
    executor.ParallelFor((count + kTaskRows - 1) / kTaskRows, chunk);
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

// Every row chooses among what it picks in blocks, in as many rounds as memory wants.
base::Status GraphBuilder::ChooseAmongNear(const Progress& progress) {
    NearBlockOptions blocks;
    // A few large blocks would offer a small set the same candidates again and again.
    blocks.rows_typical = std::clamp<size_t>(rows_.rows() / 8, 64, blocks.rows_typical);
    blocks.rows_max = 2 * blocks.rows_typical;
    blocks.picked_max = PickedMax(options_.degree);
    blocks.alpha = options_.alpha;
    blocks.executor = options_.executor;
    blocks.interrupt = options_.interrupt;
    const size_t copies = CopiesFor(options_.ef_construction);
    const size_t of_a_round = CopiesOfARound(copies, blocks.picked_max);
    const size_t rounds = (copies + of_a_round - 1) / of_a_round;
    PartsProgress rounds_progress(progress, std::vector<double>(rounds, 1));
    for (size_t done = 0; done < copies; done += blocks.copies) {
        PartsProgress parts(rounds_progress.Next(), {kFindWeight, kPickWeight});
        blocks.copies = std::min(of_a_round, copies - done);
        blocks.seed = options_.seed + done;
        blocks.progress = parts.Next();
        ASSIGN_OR_RETURN(const Candidates found, FindCandidates(rows_, blocks));
        order_ = found.order();
        ForEachRow(parts.Next(),
                   [&](uint32_t row, Worker& worker) { Choose(row, found.Of(row), worker); });
    }
    return base::Status();
}

size_t GraphBuilder::CopiesOfARound(size_t copies, size_t picked_max) const {
    while (options_.memory_max_bytes > 0 && copies > 1 &&
           rows_.rows() * Candidates::BytesPerRow(copies, picked_max) > options_.memory_max_bytes) {
        copies = (copies + 1) / 2;
    }
    return copies;
}

// The row's list becomes the choice among it and the candidates.
void GraphBuilder::Choose(uint32_t row, std::span<const uint32_t> candidates, Worker& worker) {
    VisitedSet& seen = ThreadScratch().visited;
    seen.Reset(rows_.rows());
    worker.fresh.clear();
    const auto add = [&](uint32_t other) {
        if (other != Candidates::kNone && seen.Insert(other)) {
            worker.fresh.push_back(other);
            rows_.Prefetch(other);
        }
    };
    const std::span<const uint32_t> listed = Listed(row);
    std::for_each(listed.begin(), listed.end(), add);
    std::for_each(candidates.begin(), candidates.end(), add);
    worker.met.clear();
    AddMet(row, worker.fresh, worker);
    Prune(row, worker);
    for (size_t r = 0; r < worker.rest.size() && worker.chosen.size() < kFilled; ++r) {
        worker.chosen.push_back(worker.rest[r]);
    }
    lists_.Set(row, worker.chosen);
}

// Every neighbour gets to know of the rows that chose it.
void GraphBuilder::LinkBack(const Progress& progress) {
    const uint32_t rows = rows_.rows();
    std::vector<uint64_t> starts(size_t{rows} + 1);
    for (uint32_t row = 0; row < rows; ++row) {
        for (uint32_t link : Listed(row)) {
            ++starts[link + 1];
        }
    }
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    std::vector<uint32_t> back(starts.back());
    std::vector<uint64_t> at(starts.begin(), starts.end() - 1);
    for (uint32_t row = 0; row < rows; ++row) {
        for (uint32_t link : Listed(row)) {
            back[at[link]++] = row;
        }
    }
    ForEachRow(progress, [&](uint32_t row, Worker& worker) {
        const auto links = std::span(back).subspan(starts[row], starts[row + 1] - starts[row]);
        AddLinks(row, links, worker);
    });
}

void GraphBuilder::AddLinks(uint32_t row, std::span<const uint32_t> links, Worker& worker) {
    std::vector<uint32_t>& all = worker.fresh;
    all.assign(Listed(row).begin(), Listed(row).end());
    const size_t own = all.size();
    for (uint32_t link : links) {
        const auto end = all.begin() + static_cast<ptrdiff_t>(own);
        if (std::find(all.begin(), end, link) == end) {
            all.push_back(link);
        }
    }
    if (all.size() > lists_.degree) {
        worker.met.clear();
        AddMet(row, all, worker);
        Prune(row, worker);
        all = worker.chosen;
    }
    lists_.Set(row, all);
}

void GraphBuilder::AddMet(uint32_t row, std::span<const uint32_t> others, Worker& worker) const {
    worker.costs.resize(std::max(worker.costs.size(), others.size()));
    rows_.Costs(row, others, worker.costs.data());
    for (size_t i = 0; i < others.size(); ++i) {
        worker.met.push_back(MakeKey(worker.costs[i], others[i]));
    }
}

std::span<const uint32_t> GraphBuilder::Listed(uint32_t row) const {
    return std::span(lists_.Links(row), lists_.counts[row]);
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

// Whether a chosen row is nearer to the candidate, by more than alpha, than the row itself, at
// `cost`, is. Candidates come from the same few directions, so what has covered one is asked first
// for the next.
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

NeighborLists GraphBuilder::Finish(const Progress& progress) {
    NeighborLists out(rows_.rows(), options_.degree);
    ForEachRow(progress, [&](uint32_t row, Worker& worker) {
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
