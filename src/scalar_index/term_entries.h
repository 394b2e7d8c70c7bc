// TermEntries: the terms of a build and the rows that have them. Each distinct term is kept once,
// in a hash table; an entry takes eight bytes while lists are made of it.
// Threads: one build.
#pragma once

#include "codec/envelope.h"
#include "scalar_index/row_lists.h"
#include "scalar_index/sort_pieces.h"

#include <string>
#include <string_view>
#include <vector>

namespace elanus::scalar_index {

class TermEntries : public ListSource {
  public:
    // Rows ascend; a term that the row has already is passed over.
    void Add(std::string_view term, uint32_t row);
    // After the last Add: puts terms and lists in order. kIndexNotSupported from 2^32 entries on.
    base::Status Sort(Pause& pause);

    uint64_t keys() const override { return places_.size(); }
    uint64_t entries() const override { return entry_count_; }
    base::Status ForEachList(const Visit& visit) const override;
    void WriteKeys(codec::EnvelopeWriter& writer) const;

  private:
    struct Place {
        uint64_t begin;  // in bytes_
        uint32_t length;
        uint32_t last_row;
    };
    struct Ordered {
        uint64_t head;  // the first eight bytes, the first of them the most significant
        uint32_t id;
    };

    std::string_view TermOf(uint32_t id) const {
        return std::string_view(bytes_).substr(places_[id].begin, places_[id].length);
    }
    void Grow();
    base::Status MakeLists(Pause& pause);

    std::string bytes_;
    std::vector<Place> places_;        // by term, in the order they came
    std::vector<uint32_t> slots_;      // open addressing: term + 1, or 0
    std::vector<uint32_t> hashes_;     // by term
    std::vector<uint32_t> entries_;    // terms, row after row; gone after Sort()
    std::vector<uint32_t> row_ends_;   // (rows with entries) where their entries end
    std::vector<uint32_t> rows_seen_;  // and which they are
    uint64_t entry_count_ = 0;
    std::vector<uint32_t> order_;   // terms ascending
    std::vector<uint32_t> starts_;  // by place in the order, one more
    std::vector<uint32_t> rows_;
};

}  // namespace elanus::scalar_index
