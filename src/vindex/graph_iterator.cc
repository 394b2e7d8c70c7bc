#include "vindex/graph_iterator.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace elanus::vindex {
namespace {

// Rows compared at once by the scan.
constexpr size_t kScanRows = 256;
constexpr size_t kScansUninterrupted = 32;

}  // namespace

GraphIterator::GraphIterator(Plan plan, std::unique_ptr<GraphWalker> walker)
    : plan_(std::move(plan)),
      band_(CostBand::Of(plan_.metric, plan_.params)),
      walker_(std::move(walker)),
      given_(plan_.rows) {}

uint64_t GraphIterator::memory_bytes() const {
    return walker_->memory_bytes() + plan_.rows / 8 +
           sizeof(uint64_t) *
               (open_.capacity() + found_.capacity() + near_.capacity() + rest_.capacity());
}

base::Status GraphIterator::Next(size_t count, const std::function<base::Status()>& interrupt,
                                 Neighbors* out) {
    out->rows.clear();
    out->scores.clear();
    out->counters = SearchCounters();
    out->counters.strategy = plan_.matches < plan_.rows ? Strategy::kFilteredWalk : Strategy::kWalk;
    std::vector<uint64_t> given;
    while (!scanned_ && !done_ && given.size() < count) {
        if (hops_ >= plan_.hops_max) {
            RETURN_IF_ERROR(Scan(interrupt, &out->counters));
            break;
        }
        const size_t wanted = count - given.size();
        const base::Status settled = Settle(wanted + plan_.slack, interrupt, &out->counters);
        if (!settled.ok()) {
            // What this call has taken already is left to the scan.
            hops_ = given.empty() ? hops_ : std::max(hops_, plan_.hops_max);
            return settled;
        }
        if (hops_ < plan_.hops_max) {
            TakeSettled(wanted, &given);
        }
    }
    if (scanned_) {
        out->counters.strategy =
            out->counters.hops > 0 ? Strategy::kWalkThenScan : Strategy::kExactScan;
        TakeScanned(count, &given);
    }
    std::sort(given.begin(), given.end());
    Give(given, out);
    return base::Status();
}

// Walks until the `wanted` best of what was found, which are left in near_, are better than every
// row to go to; or until it has cost too much.
base::Status GraphIterator::Settle(size_t wanted, const std::function<base::Status()>& interrupt,
                                   SearchCounters* counters) {
    if (!entered_ && !walker_->Enter(&open_)) {
        return base::Corruption(std::string(plan_.damage));
    }
    if (!entered_) {
        std::make_heap(open_.begin(), open_.end(), std::greater<>());
        entered_ = true;
    }
    found_.insert(found_.end(), near_.begin(), near_.end());
    near_.clear();
    if (found_.size() > wanted) {
        const auto end = found_.begin() + static_cast<ptrdiff_t>(wanted);
        std::nth_element(found_.begin(), end, found_.end());
        near_.assign(found_.begin(), end);
        found_.erase(found_.begin(), end);
    } else {
        near_.swap(found_);
    }
    std::make_heap(near_.begin(), near_.end());
    while (!open_.empty() && hops_ < plan_.hops_max) {
        std::pop_heap(open_.begin(), open_.end(), std::greater<>());
        const uint64_t key = open_.back();
        if (near_.size() >= wanted && KeyCost(key) > KeyCost(near_.front())) {
            std::push_heap(open_.begin(), open_.end(), std::greater<>());
            return base::Status();
        }
        open_.pop_back();
        const uint32_t node = PoolRow(key);
        if (walker_->Mark(node)) {
            continue;
        }
        const size_t before = open_.size();
        const uint32_t next = open_.empty() ? node : PoolRow(open_.front());
        uint64_t found = 0;
        if (!walker_->Expand(key, next, &open_, &found)) {
            return base::Corruption(std::string(plan_.damage));
        }
        counters->distances += open_.size() - before;
        for (size_t end = before + 1; end <= open_.size(); ++end) {
            std::push_heap(open_.begin(), open_.begin() + static_cast<ptrdiff_t>(end),
                           std::greater<>());
        }
        if (Passes(KeyRow(found))) {
            near_.push_back(found);
            std::push_heap(near_.begin(), near_.end());
            if (near_.size() > wanted) {
                std::pop_heap(near_.begin(), near_.end());
                found_.push_back(near_.back());
                near_.pop_back();
            }
        }
        ++counters->hops;
        if (++hops_ % kInterruptHops == 0 && interrupt) {
            RETURN_IF_ERROR(interrupt());
        }
    }
    return base::Status();
}

// Moves up to `count` rows of near_, with true costs, to `given`; the rest goes back. Costs by
// which a walk goes may differ from true ones by a number that is the same for all rows (IP): they
// are not compared with each other.
void GraphIterator::TakeSettled(size_t count, std::vector<uint64_t>* given) {
    std::sort(near_.begin(), near_.end());
    const size_t compared = std::min(near_.size(), walker_->Compared(count));
    std::vector<uint32_t> ids(compared);
    std::vector<float> costs(compared);
    std::transform(near_.begin(), near_.begin() + static_cast<ptrdiff_t>(compared), ids.begin(),
                   KeyRow);
    walker_->Costs(ids.data(), compared, costs.data());
    std::vector<std::pair<uint64_t, uint64_t>> exact;  // by true cost; as it was
    size_t beyond = 0;
    for (size_t i = 0; i < compared; ++i) {
        // Rows out of the range are dropped here: nobody will ask for them.
        if (band_.Contains(costs[i])) {
            exact.emplace_back(MakeKey(costs[i], ids[i]), near_[i]);
        } else {
            beyond += costs[i] < band_.low ? 0 : 1;
        }
    }
    std::sort(exact.begin(), exact.end());
    const size_t taken = std::min(count, exact.size());
    for (size_t i = 0; i < exact.size(); ++i) {
        i < taken ? given->push_back(exact[i].first) : found_.push_back(exact[i].second);
    }
    found_.insert(found_.end(), near_.begin() + static_cast<ptrdiff_t>(compared), near_.end());
    near_.clear();
    done_ = compared > 0 && beyond == compared && !open_.empty();
    if (open_.empty() && taken < count) {
        hops_ = std::max(hops_, plan_.hops_max);  // what no way leads to is left to the scan
    }
}

// Compares every row that passes and was not given with the query.
base::Status GraphIterator::Scan(const std::function<base::Status()>& interrupt,
                                 SearchCounters* counters) {
    rest_.clear();
    uint32_t ids[kScanRows];
    float costs[kScanRows];
    size_t blocks = 0;
    for (uint32_t row = 0; row < plan_.rows;) {
        size_t count = 0;
        for (; row < plan_.rows && count < kScanRows; ++row) {
            if (Passes(row) && !given_.Test(row)) {
                ids[count++] = row;
            }
        }
        walker_->Costs(ids, count, costs);
        counters->distances += count;
        for (size_t i = 0; i < count; ++i) {
            if (band_.Contains(costs[i])) {
                rest_.push_back(MakeKey(costs[i], ids[i]));
            }
        }
        if (++blocks % kScansUninterrupted == 0 && interrupt) {
            RETURN_IF_ERROR(interrupt());
        }
    }
    std::make_heap(rest_.begin(), rest_.end(), std::greater<>());
    scanned_ = true;
    for (std::vector<uint64_t>* keys : {&open_, &found_, &near_}) {
        std::vector<uint64_t>().swap(*keys);
    }
    return base::Status();
}

void GraphIterator::TakeScanned(size_t count, std::vector<uint64_t>* given) {
    given->clear();  // what the walk of this call has settled is among the rest
    while (given->size() < count && !rest_.empty()) {
        std::pop_heap(rest_.begin(), rest_.end(), std::greater<>());
        given->push_back(rest_.back());
        rest_.pop_back();
    }
}

void GraphIterator::Give(std::span<const uint64_t> keys, Neighbors* out) {
    for (const uint64_t key : keys) {
        given_.Set(KeyRow(key));
    }
    AppendKeys(plan_.metric, keys, out);
}

}  // namespace elanus::vindex
