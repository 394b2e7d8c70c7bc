// CandidatePool: the rows that a walk has met and may still go to.
//
// Of the `capacity` best candidates that were offered it gives the best one not taken yet, as long
// as fewer than `expanded` taken ones are better. Nothing is kept sorted (simd/open_keys.h):
// candidates are appended, the best is looked for among all, and each time that half as many again
// have come it finds out from which cost on they cannot be among the `capacity` best, and drops
// those. (Candidates that were let through by an earlier, higher limit may still enter.)
// Threads: belongs to one search.
#pragma once

#include "simd/open_keys.h"
#include "vindex/graph_index.h"
#include "vindex/scratch.h"

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

namespace elanus::vindex {

class CandidatePool {
  public:
    CandidatePool(SearchScratch& scratch, size_t expanded, size_t capacity)
        : open_(scratch.open),
          taken_(scratch.taken),
          expanded_(expanded),
          capacity_(capacity),
          total_max_(capacity + Slack()) {
        MakeRoom();
    }
    // Candidates that cost as much or more cannot be among the best.
    float limit() const {
        return limit_ == kNoLimit ? std::numeric_limits<float>::infinity() : KeyCost(limit_);
    }
    void Insert(float cost, uint32_t row) {
        const uint64_t key = PoolKey(cost, row);
        if (key < limit_) {
            if (best_ != kUnknown && key < open_[best_]) {
                best_ = open_count_;
            }
            open_[open_count_++] = key;
            Check();
        }
    }
    // Inserts those of simd::kOfferedKeys candidates whose bit is set in `chosen` and that are not
    // `visited`. False: one is not below `rows`.
    bool Offer(const float* costs, const uint32_t* ids, uint32_t chosen, const VisitedBits& visited,
               uint32_t rows) {
        const size_t count =
            keys_.offer(costs, ids, chosen, visited.words(), rows, open_.data() + open_count_);
        if (count == simd::kBadRow) {
            return false;
        }
        open_count_ += count;
        best_ = kUnknown;
        Check();
        return true;
    }
    // The best one not taken yet of those to expand.
    bool Take(uint32_t* row, float* cost) {
        if (open_count_ == 0) {
            return false;
        }
        const size_t place = Best();
        const uint64_t key = open_[place];
        if (taken_count_ >= expanded_ &&
            keys_.count_below(taken_.data(), taken_count_, key) >= expanded_) {
            return false;
        }
        open_[place] = open_[--open_count_];
        best_ = kUnknown;
        if (taken_count_ + simd::kKeysBeyond >= taken_.size()) {
            taken_.resize(2 * taken_.size() + kTakenMin);
        }
        taken_[taken_count_++] = key;
        *row = PoolRow(key);
        *cost = KeyCost(key);
        return true;
    }
    // What Take() gave last was given before, under another cost: it does not count.
    void Forget() { --taken_count_; }
    // Whether as many were taken as it gives unless better ones come.
    bool spent() const { return taken_count_ >= expanded_; }
    // Which one Take() gives next, if it gives one.
    bool Next(uint32_t* row) {
        if (open_count_ > 0) {
            *row = PoolRow(open_[Best()]);
        }
        return open_count_ > 0;
    }
    // As limit(), and found now: whoever costs less was offered, unless nobody led to it.
    float Border() {
        if (open_count_ + taken_count_ > capacity_) {
            Tighten(capacity_);
        }
        return limit();
    }
    // About the `count` best of those that were not taken. Drops the others.
    std::span<const uint64_t> Left(size_t count) {
        if (open_count_ > count) {
            Tighten(taken_count_ + count);
        }
        return waiting();
    }
    // Those that were taken and are among the `capacity` best, and some others.
    std::span<const uint64_t> taken() const { return std::span(taken_).first(taken_count_); }
    // Appends about the `capacity` best, taken or not.
    void AppendAll(std::vector<uint64_t>* out) {
        if (open_count_ + taken_count_ > capacity_) {
            Tighten(capacity_);
        }
        out->insert(out->end(), waiting().begin(), waiting().end());
        out->insert(out->end(), taken().begin(), taken().end());
    }

  private:
    static constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();
    static constexpr size_t kUnknown = std::numeric_limits<size_t>::max();
    static constexpr size_t kTakenMin = 64;

    std::span<const uint64_t> waiting() const { return std::span(open_).first(open_count_); }
    size_t Slack() const { return capacity_ / 2 + simd::kOfferedKeys; }
    void MakeRoom() {
        const size_t room = total_max_ + simd::kOfferedKeys + simd::kKeysBeyond;
        open_.resize(std::max(open_.size(), room));
    }
    // The place of the best open one. open_count_ > 0.
    size_t Best() {
        best_ = best_ == kUnknown ? keys_.least(open_.data(), open_count_) : best_;
        return best_;
    }
    void Check() {
        if (open_count_ + taken_count_ > total_max_) {
            Tighten(capacity_);
        }
    }
    // Finds a limit that `count` keys are below, or a few more, and drops the others. Of equal keys
    // (one row, offered twice at one cost) it may keep all.
    void Tighten(size_t count) {
        uint64_t low = Least();
        uint64_t high = limit_ == kNoLimit ? Greatest() + 1 : limit_;
        while (low + 1 < high) {
            const uint64_t middle = low + (high - low) / 2;
            const size_t below = CountBelow(middle);
            (below < count ? low : high) = middle;
            if (below >= count && below <= count + count / 16) {
                break;
            }
        }
        limit_ = high;
        best_ = kUnknown;
        open_count_ = keys_.keep_below(open_.data(), open_count_, limit_);
        taken_count_ = keys_.keep_below(taken_.data(), taken_count_, limit_);
        total_max_ = std::max(capacity_, open_count_ + taken_count_) + Slack();
        MakeRoom();
    }
    size_t CountBelow(uint64_t limit) const {
        return keys_.count_below(open_.data(), open_count_, limit) +
               keys_.count_below(taken_.data(), taken_count_, limit);
    }
    uint64_t Least() const {
        uint64_t least = kNoLimit;
        for (const std::span keys : {waiting(), taken()}) {
            if (!keys.empty()) {
                least = std::min(least, keys[keys_.least(keys.data(), keys.size())]);
            }
        }
        return least;
    }
    uint64_t Greatest() const {
        uint64_t most = 0;
        for (const std::span keys : {waiting(), taken()}) {
            if (!keys.empty()) {
                most = std::max(most, *std::max_element(keys.begin(), keys.end()));
            }
        }
        return most;
    }

    const simd::OpenKeys& keys_ = simd::Keys();
    std::vector<uint64_t>& open_;
    std::vector<uint64_t>& taken_;
    const size_t expanded_;
    const size_t capacity_;
    size_t total_max_;  // keys after which the limit is found anew
    uint64_t limit_ = kNoLimit;
    size_t open_count_ = 0;
    size_t taken_count_ = 0;
    size_t best_ = kUnknown;  // place of the best open one
};

}  // namespace elanus::vindex
