// InvertedLists: which rows lie in which list. All lists lie one after another; a row's place in
// that order is its position, and whatever an index keeps of its rows it keeps by position, so that
// reading a list is reading one run of memory.
//
// Invariants:
//   INV-LISTS-1  Begin(0) = 0, Begin(l) <= End(l) = Begin(l + 1), and the last list ends at size().
//                Checked when opened.
//   INV-LISTS-2  Every row is at one position; within a list, rows ascend. Checked by Verify(): of
//                an opened file RowAt() may be any number until then.
// Threads: immutable.
#pragma once

#include "base/buffer.h"
#include "codec/envelope.h"

#include <cstdint>
#include <span>

namespace elanus::vindex {

class InvertedLists {
  public:
    InvertedLists() = default;
    // lists_of[row] < lists.
    static InvertedLists Of(std::span<const uint32_t> lists_of, uint32_t lists);
    static base::Result<InvertedLists> Open(const codec::EnvelopeReader& reader,
                                            codec::SectionId starts_section,
                                            codec::SectionId rows_section, uint32_t rows,
                                            uint32_t lists);
    void AddTo(codec::EnvelopeWriter& writer, codec::SectionId starts_section,
               codec::SectionId rows_section) const;
    base::Status Verify() const;

    uint32_t size() const { return static_cast<uint32_t>(rows_.As<uint32_t>().size()); }
    uint32_t lists() const { return static_cast<uint32_t>(starts().size() - 1); }
    uint32_t Begin(uint32_t list) const { return starts()[list]; }
    uint32_t End(uint32_t list) const { return starts()[list + 1]; }
    // The list that holds a position below size().
    uint32_t ListAt(uint32_t position) const;
    // By position.
    std::span<const uint32_t> rows() const { return rows_.As<uint32_t>(); }
    uint64_t bytes() const { return starts_.size() + rows_.size(); }

  private:
    std::span<const uint32_t> starts() const { return starts_.As<uint32_t>(); }

    base::Buffer starts_;  // u32, lists + 1
    base::Buffer rows_;    // u32, by position
};

}  // namespace elanus::vindex
