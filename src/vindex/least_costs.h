// LeastCosts: the k least of some costs, in a heap. Threads: belongs to one search.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace elanus::vindex {

class LeastCosts {
  public:
    LeastCosts(size_t k, std::vector<float>& memory) : k_(k), costs_(memory) { costs_.clear(); }
    // Whether there are k of them; then worst() is the largest.
    bool complete() const { return costs_.size() == k_; }
    float worst() const { return costs_.front(); }
    void Add(float cost) {
        if (complete()) {
            if (!(cost < worst())) {
                return;
            }
            std::pop_heap(costs_.begin(), costs_.end());
            costs_.pop_back();
        }
        costs_.push_back(cost);
        std::push_heap(costs_.begin(), costs_.end());
    }

  private:
    size_t k_;
    std::vector<float>& costs_;
};

}  // namespace elanus::vindex
