// ProbeScratch: what a search of an inverted file keeps per thread (scratch.h), and the order in
// which lists are visited.
// Threads: one.
#pragma once

#include "vindex/list_codes.h"
#include "vindex/top_k.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace elanus::vindex {

// Lists from the nearest on. Only about as many are sorted as are asked for: most searches visit
// few.
class RankedLists {
  public:
    // `first` are likely to be asked for.
    void Reset(const std::vector<float>& costs, size_t lists, size_t first) {
        keys_.resize(lists);
        for (size_t list = 0; list < lists; ++list) {
            keys_[list] = MakeKey(costs[list], static_cast<uint32_t>(list));
        }
        sorted_ = 0;
        step_ = std::max<size_t>(first, 1);
    }
    // The i-th nearest as a key of its cost; i below the number of lists.
    uint64_t At(size_t i) {
        while (i >= sorted_) {
            SortMore();
        }
        return keys_[i];
    }

  private:
    void SortMore() {
        const auto begin = keys_.begin() + static_cast<ptrdiff_t>(sorted_);
        auto end = keys_.end();
        if (step_ < keys_.size() - sorted_) {
            const uint64_t limit = LimitOfBest({begin, end}, step_, step_);
            end = std::partition(begin, end, [&](uint64_t key) { return key < limit; });
        }
        std::sort(begin, end);
        sorted_ = static_cast<size_t>(end - keys_.begin());
        step_ *= 2;
    }

    std::vector<uint64_t> keys_;
    size_t sorted_ = 0;
    size_t step_ = 1;
};

struct ProbeScratch {
    std::vector<float> floats;  // the query
    std::vector<float> centroid_costs;
    RankedLists lists;
    CodeQuery codes;
    CodeQuery finer;
    std::vector<uint32_t> picked;
    SliceCosts costs;
};

}  // namespace elanus::vindex
