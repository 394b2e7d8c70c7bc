// KeyMap: 64-bit key -> rows, a hash multimap made for the primary keys of a growing segment. An
// Int64 key is stored as it is; of a string key its hash is stored, and the caller compares the
// text.
//
// Layout: open addressing over two parallel arrays (12 bytes a slot), and one link a row that
// chains the rows of a key, newest first. Nothing is allocated before the first Insert.
// Threads: none of its own; the owner serialises.
#pragma once

#include "base/ids.h"

#include <cstdint>
#include <vector>

namespace elanus::segment {

class KeyMap {
  public:
    // Rows are inserted in order: 0, 1, 2 ...
    void Insert(uint64_t key, base::RowOffset row);
    // Appends the rows of the key, newest first.
    void Find(uint64_t key, std::vector<base::RowOffset>* rows) const;
    size_t memory_bytes() const;

  private:
    static constexpr uint32_t kNone = 0;

    size_t SlotOf(uint64_t key) const;
    void Grow();

    std::vector<uint64_t> keys_;
    std::vector<uint32_t> heads_;  // row + 1 of the newest row; kNone = free slot
    std::vector<uint32_t> links_;  // by row: row + 1 of the next older row of the same key
    size_t used_ = 0;
};

}  // namespace elanus::segment
