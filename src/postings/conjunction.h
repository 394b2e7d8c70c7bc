// Conjunction: the documents that have all of some terms, in batches, and where each list has them.
//
// A rare term leads: its documents are looked up in the other lists, the rarest first. When the
// lists are long and of like size, they are laid out as bit sets of a window and combined; how many
// bits are set before a document tells its place in a list.
// Threads: one search.
#pragma once

#include "postings/block_list.h"
#include "postings/index.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace elanus::postings {

class Conjunction {
  public:
    // Finds the keys, each once. Without documents when one is missing or there is none.
    base::Status Open(const Index& index, std::span<const std::string_view> keys);

    // True when there are no documents.
    bool empty() const { return lists_.empty(); }
    // The next documents, rising; false behind the last ones. A batch may be empty.
    bool NextBatch() { return dense_ ? NextOfWindow() : NextOfLead(); }
    std::span<const uint32_t> batch() const { return {docs_, count_}; }
    // The list of the i-th key, and where it has the d-th document of the batch.
    BlockList& list(size_t i) { return *lists_[i]; }
    uint32_t BlockOf(size_t i, size_t d) const { return blocks_[i][slots_[d]]; }
    uint32_t PlaceOf(size_t i, size_t d) const { return places_[i][slots_[d]]; }
    // The documents of a batch are close together in all lists.
    bool dense() const { return dense_; }
    // How many documents there are; NextBatch() is not called then.
    uint64_t Count();
    bool damaged() const;

  private:
    using OfBatch = std::array<uint32_t, kBlock>;  // by the document's slot
    static constexpr uint32_t kWindow = 65536;

    bool IsDense(uint32_t documents) const;
    void Keep(size_t i);
    bool NextOfLead();
    bool NextOfWindow();
    // Lays out the next window that has documents; false when there is none.
    bool NextWindow();
    void CountBitsBefore();

    std::vector<std::unique_ptr<BlockList>> pool_;
    std::vector<BlockList*> lists_;
    std::vector<uint32_t> order_;    // the rarest first: it leads
    std::vector<uint32_t> current_;  // block of each list
    std::vector<OfBatch> blocks_;
    std::vector<OfBatch> places_;
    uint32_t documents_ = 0;  // of the index
    uint32_t next_ = 0;       // block of the lead
    size_t count_ = 0;
    uint32_t docs_[kBlock + 16];
    uint8_t slots_[kBlock];

    bool dense_ = false;
    uint64_t window_ = 0;      // where it begins
    uint64_t window_end_ = 0;  // behind it
    size_t word_ = 0;          // of the window, from which the next batch is taken
    uint64_t left_ = 0;        // bits of that word
    std::vector<uint64_t> both_;
    std::vector<std::vector<uint64_t>> bits_;         // by list
    std::vector<std::vector<uint32_t>> bits_before_;  // by list and word: documents before it
    std::vector<uint64_t> documents_before_;          // by list: those before the window
};

}  // namespace elanus::postings
