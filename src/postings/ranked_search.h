// RankedSearch: the best documents of those that have any, or all, of some terms.
//
// Any: goes through the documents window by window. In each window the lists are sorted by how much
// they can add there. Those that cannot lift a document among the best together (MaxScore: Turtle
// and Flood 1995, with bounds of blocks: Ding and Suel 2011, Mallia et al. 2017) do not name
// documents, they are only asked about those that the others name. The others are added up in an
// array of sums, or, when it is only one, picked from block by block.
// All: the rarest list names the documents, the others are asked; blocks that cannot hold one of
// the best are not unpacked.
// Threads: one search; a thread keeps one and uses it again.
#pragma once

#include "postings/scored_list.h"
#include "postings/top_rows.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace elanus::postings {

class RankedSearch {
  public:
    // Hits are overwritten.
    base::Status Any(const Index& index, std::span<const WeightedTerm> terms,
                     const SearchOptions& options, Hits* hits);
    base::Status All(const Index& index, std::span<const WeightedTerm> terms,
                     const SearchOptions& options, Hits* hits);

  private:
    // Documents of a window.
    static constexpr uint32_t kWindowMin = 4096;
    static constexpr uint32_t kWindowMax = 32768;

    // Finds the terms and opens their lists; terms without documents are counted in missing_, those
    // whose weight counts for nothing are left out.
    base::Status OpenLists(const Index& index, std::span<const WeightedTerm> terms,
                           const SearchOptions& options);
    base::Status Finish(Hits* hits);

    void SearchWindow(uint32_t begin, uint32_t end);
    void PickFromOne(ScoredList& list, uint32_t begin, uint32_t end, int32_t others);
    void AddUp(std::span<ScoredList*> lists, uint32_t begin, uint32_t end, int32_t others);
    template <bool kSparse>
    size_t AddList(ScoredList& list, uint32_t begin, uint32_t end, int32_t others, size_t touched);
    void TakeTouched(size_t touched, uint32_t begin, int32_t limit);
    // Asks the lists in `others`, the strongest last, about the candidates and offers what is left
    // to the best. `required`: a document needs all of them.
    void Complete(std::span<ScoredList*> others, bool required);
    void AskList(ScoredList& list, int32_t rest, bool required);
    void DropFiltered();
    void DropHopeless(std::span<ScoredList*> others, int32_t rest);
    uint32_t WindowFor(std::span<ScoredList*> naming) const;

    const Index* index_ = nullptr;
    const SearchOptions* options_ = nullptr;
    double unit_ = 1;  // score of one unit of the sums
    size_t missing_ = 0;
    uint64_t scored_ = 0;
    uint32_t window_ = kWindowMin;
    std::vector<std::unique_ptr<ScoredList>> pool_;
    std::vector<ScoredList*> lists_;
    TopRows top_;
    std::vector<int32_t> sums_;      // of a window
    std::vector<uint32_t> touched_;  // places with a sum
    std::vector<uint64_t> sorting_;
    size_t candidates_ = 0;
    std::vector<uint32_t> docs_;  // candidates and their sums so far
    std::vector<int32_t> found_;
    std::vector<int32_t> reachable_;
};

}  // namespace elanus::postings
