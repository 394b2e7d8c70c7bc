// Recall: how many of the true nearest neighbours the answers hold, over the first pass through the
// queries. Threads: Add from any, for different queries; share() when no Add runs.
#pragma once

#include "loadgen/npy_file.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>

namespace elanus::loadgen {

class Recall {
  public:
    // Rows of `truth` are queries, nearest first; a negative id ends a row.
    Recall(const NpyFile& truth, size_t top_k)
        : truth_(truth), top_k_(std::min(top_k, truth.columns())) {}

    void Add(size_t query, std::span<const int64_t> found) {
        if (query >= truth_.rows()) {
            return;
        }
        int64_t hits = 0;
        int64_t wanted = 0;
        for (; wanted < static_cast<int64_t>(top_k_); ++wanted) {
            const int64_t id = truth_.Integer(query, static_cast<size_t>(wanted));
            if (id < 0) {
                break;
            }
            hits += std::find(found.begin(), found.end(), id) != found.end() ? 1 : 0;
        }
        hits_.fetch_add(hits, std::memory_order_relaxed);
        wanted_.fetch_add(wanted, std::memory_order_relaxed);
    }
    double share() const {
        const auto wanted = static_cast<double>(wanted_.load());
        return wanted > 0 ? static_cast<double>(hits_.load()) / wanted : 1;
    }

  private:
    const NpyFile& truth_;
    const size_t top_k_;
    std::atomic<int64_t> hits_{0};
    std::atomic<int64_t> wanted_{0};
};

}  // namespace elanus::loadgen
