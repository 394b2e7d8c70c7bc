// DiskPacking: where items of one size (nodes, vectors) lie in blocks of 4 KiB of a file, and what
// reading them past the page cache takes. An item never crosses a block unless it is longer than
// one, so that one read gives it.
// Threads: values, and functions over memory of the caller's.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "codec/envelope.h"
#include "sys/file_system.h"
#include "vindex/scratch.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace elanus::vindex {

// Sizes in bytes.
struct DiskPacking {
    size_t item_bytes = 0;

    size_t per_block() const { return std::max<size_t>(sys::kBlockBytes / item_bytes, 1); }
    // Read for an item: one block, or as many as it fills.
    size_t read_bytes() const {
        return (item_bytes + sys::kBlockBytes - 1) / sys::kBlockBytes * sys::kBlockBytes;
    }
    uint64_t BlockOf(uint32_t item) const { return item / per_block() * uint64_t{read_bytes()}; }
    size_t OffsetInBlock(uint32_t item) const { return item % per_block() * item_bytes; }
    uint64_t OffsetOf(uint32_t item) const { return BlockOf(item) + OffsetInBlock(item); }
    uint64_t bytes(uint64_t items) const {
        return (items + per_block() - 1) / per_block() * read_bytes();
    }
    // Of `items` those that lie in the first `bytes`.
    uint32_t ItemsIn(uint64_t bytes, uint64_t items) const {
        return static_cast<uint32_t>(std::min(bytes / read_bytes() * per_block(), items));
    }
};

// Blocks in a file, and maybe in memory.
struct DiskBlocks {
    base::Buffer bytes;   // all of them: built, or mapped
    uint64_t offset = 0;  // in the file

    // As a section: zeros up to a whole block of the file, then the blocks.
    void AddTo(codec::EnvelopeWriter& writer, codec::SectionId id) const;
    // kDataCorruption unless the section has `length` bytes from a whole block of the file on.
    static base::Result<DiskBlocks> Open(const codec::EnvelopeReader& reader, codec::SectionId id,
                                         uint64_t length);
    // Reads the first `length` bytes into memory. `length` is of whole blocks.
    base::Result<base::Buffer> Load(sys::File& file, uint64_t length) const;
};

// Hands the reader what it asks for; null: all is in memory, and it asks for nothing.
base::Status ReadBlocks(sys::File* file, size_t depth, sys::BlockReader& reader);

// Rooms for reads that are on their way, in memory of the scratch.
class BlockRooms {
  public:
    BlockRooms(SearchScratch& scratch, size_t count, size_t bytes);

    // The read of `bytes` at `offset` into a free room, which there is; `tag` comes back with it.
    sys::BlockRead Ask(uint64_t offset, size_t bytes, uint32_t tag);
    static uint32_t TagOf(const sys::BlockRead& read) { return static_cast<uint32_t>(read.tag); }
    void Free(const sys::BlockRead& read);

  private:
    std::vector<uint32_t>& free_;
    const size_t bytes_;
    uint8_t* rooms_;
};

}  // namespace elanus::vindex
