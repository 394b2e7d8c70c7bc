// ScoredList: a term of a ranked search: its list, what its documents score, and how much they can
// score at most, block by block.
// Threads: one search.
#pragma once

#include "postings/block_list.h"
#include "postings/index.h"

#include <cstdint>
#include <vector>

namespace elanus::postings {

class ScoredList {
  public:
    // `table` has the weight in units of the sums. False when the list is damaged.
    bool Open(const Index& index, const Term& term, const simd::PartTable& table);

    BlockList& list() { return list_; }
    const BlockList& list() const { return list_; }
    uint32_t block() const { return block_; }
    void SetBlock(uint32_t block) { block_ = block; }
    void SeekTo(uint32_t document) { block_ = list_.Seek(block_, document); }
    bool AtEnd() const { return block_ >= list_.blocks(); }

    // The most that a document of the block can score.
    int32_t BoundOf(uint32_t block) {
        if (groups_[block / kGroup] == 0) {
            FillGroup(block / kGroup);
        }
        return bounds_[block];
    }
    // The most that a document in [begin, end) can score; moves block() to the first that may
    // have a document at or behind `begin`.
    int32_t BoundIn(uint32_t begin, uint32_t end);

    // The documents of a block and their parts, unpacked.
    const int32_t* ReadParts(uint32_t block);
    // The part of the document at that place of the block.
    int32_t PartAt(uint32_t block, uint32_t place, uint32_t document);
    // Of a document that has the term so often.
    int32_t PartOf(uint32_t count, uint32_t document) const;

    int32_t window_bound = 0;  // of the search's current window

  private:
    static constexpr uint32_t kGroup = 16;  // blocks whose bounds are computed together

    void FillGroup(uint32_t group);

    const simd::PostingKernels* kernels_ = nullptr;
    simd::PartTable table_;
    BlockList list_;
    uint32_t block_ = 0;
    std::vector<int32_t> bounds_;
    std::vector<int32_t> groups_;  // the highest bound of each; 0: not computed yet
    uint32_t parts_of_ = 0;
    alignas(64) int32_t parts_[kBlock + 16];
};

}  // namespace elanus::postings
