// RowLists: for each key the rows that have it, ascending, in the order of the keys.
//
// Flat: the lists one after the other, so that a range of keys is one run of row numbers; for keys
// with few rows each. Packed: each list as the shorter of a bitmap of all rows and gaps of rows as
// varints.
// Invariant: INV-ROW-LISTS-1  Every read checks the list's bounds and every row number, so that a
// damaged file gives kDataCorruption.
// Threads: RowLists is immutable; a writer belongs to one thread.
#pragma once

#include "base/bitmap.h"
#include "base/status.h"
#include "codec/envelope.h"
#include "scalar_index/layout.h"

#include <cstdint>
#include <functional>
#include <span>

namespace elanus::scalar_index {

// Keys [begin, end).
struct KeySpan {
    uint64_t begin = 0;
    uint64_t end = 0;
};

class RowLists {
  public:
    // Checks the lengths of the sections.
    static base::Result<RowLists> Open(const codec::EnvelopeReader& reader, const Meta& meta);

    // Entries of the lists of these keys.
    base::Result<uint64_t> Entries(KeySpan keys) const;
    // What AddTo() of lists with so many entries reads: row numbers, or words of bitmaps.
    uint64_t Reads(KeySpan keys, uint64_t entries) const;
    // Sets the bits of their rows; `out` has as many bits as the index rows.
    base::Status AddTo(KeySpan keys, base::Bitmap* out) const;
    // Reads every list.
    base::Status Verify() const;

  private:
    base::Status AddPacked(uint64_t key, base::Bitmap* out) const;
    base::Status VerifyList(uint64_t key) const;
    // Tag and content of a packed list.
    base::Result<std::span<const uint8_t>> Packed(uint64_t key) const;

    ListLayout layout_ = ListLayout::kFlat;
    uint64_t rows_ = 0;
    uint64_t keys_ = 0;
    uint64_t entries_ = 0;
    base::Buffer starts_;  // uint32, keys + 1: entries before each list
    base::Buffer lists_;   // uint32 rows, or bytes
    base::Buffer places_;  // packed: uint64, keys + 1: bytes before each list
};

// The lists of a build, in the order of their keys.
class ListSource {
  public:
    using Visit = std::function<base::Status(std::span<const uint32_t> rows)>;

    virtual ~ListSource() = default;
    virtual uint64_t keys() const = 0;
    virtual uint64_t entries() const = 0;  // below 2^32
    virtual base::Status ForEachList(const Visit& visit) const = 0;
};

// The layout that gives the smaller file.
ListLayout ChooseLayout(uint64_t keys, uint64_t entries);
// Writes the sections of the lists. `*longest` becomes the entries of the longest one.
base::Status WriteRowLists(const ListSource& source, ListLayout layout, uint64_t rows,
                           codec::EnvelopeWriter& writer, uint32_t* longest);

}  // namespace elanus::scalar_index
