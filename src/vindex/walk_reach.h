// WalkReach: how far beyond the rows that it found a walk goes on.
//
// A walk that expands a fixed number of candidates works as long for a query that lies apart as for
// one in a crowd, where many rows are about as near as the best. Here a walk goes on as long as a
// candidate costs at most (1 + beyond) times what the tenth best row found costs (distance adaptive
// beam search, arXiv 2505.15636), and the same number of hops finds more. `beyond` depends on the
// data. It is fitted on rows of the index, so that a walk makes on average about as many hops as
// one that expands a pool of a given size, and about Least() to Most() of them. Queries that are
// unlike the rows make up to Most().
// Threads: immutable once made.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace elanus::vindex {

class WalkReach {
  public:
    static constexpr size_t kPools = 6;  // sizes for which it is fitted, each twice the last
    static constexpr size_t kPoolMin = 16;
    static constexpr size_t kPoolMax = kPoolMin << (kPools - 1);
    // Of the row found that candidates are compared with.
    static constexpr size_t kRank = 10;
    using Table = std::array<float, kPools>;

    static constexpr size_t Least(size_t pool) { return pool / 2; }
    static constexpr size_t Most(size_t pool) { return pool * 2; }

    WalkReach() = default;
    explicit WalkReach(const Table& table) : table_(table), present_(true) {}

    // A walk as it would go on without end: before each hop by what share the best candidate costs
    // more than the row found of rank kRank by then; -1 while fewer are found.
    using Course = std::vector<float>;
    static WalkReach Fit(std::span<const Course> courses);

    // Whether a search can go by it; otherwise its walks are of fixed length.
    bool present() const { return present_; }
    const Table& table() const { return table_; }
    // For a walk that makes about as many hops as one that expands `pool` candidates.
    float Beyond(size_t pool) const;

  private:
    Table table_{};
    bool present_ = false;
};

}  // namespace elanus::vindex
