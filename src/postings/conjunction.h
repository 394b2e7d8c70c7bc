// Conjunction: the documents that have all of some terms, in batches, and where each list has them.
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

    // The next documents, rising; false behind the last ones. A batch may be empty.
    bool NextBatch();
    std::span<const uint32_t> batch() const { return {docs_, count_}; }
    // The list of the i-th key, and where it has the d-th document of the batch.
    BlockList& list(size_t i) { return *lists_[i]; }
    uint32_t BlockOf(size_t i, size_t d) const { return blocks_[i][slots_[d]]; }
    uint32_t PlaceOf(size_t i, size_t d) const { return places_[i][slots_[d]]; }
    bool damaged() const;

  private:
    using OfLead = std::array<uint32_t, kBlock>;  // by the document's place in the lead's block

    void Keep(size_t i);

    std::vector<std::unique_ptr<BlockList>> pool_;
    std::vector<BlockList*> lists_;
    std::vector<uint32_t> order_;    // the rarest first: it leads
    std::vector<uint32_t> current_;  // block of each list
    std::vector<OfLead> blocks_;
    std::vector<OfLead> places_;
    uint32_t next_ = 0;  // block of the lead
    size_t count_ = 0;
    uint32_t docs_[kBlock + 16];
    uint8_t slots_[kBlock];
};

}  // namespace elanus::postings
