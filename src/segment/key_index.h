// KeyIndex: primary key -> rows of one sealed segment, used in place in the mapped data file: the keys
// sorted, each with its row. The channel's owner maps one per sealed segment to resolve deletes.
// Threads: immutable after Open.
#pragma once

#include <vector>

#include "base/buffer.h"
#include "base/ids.h"
#include "base/status.h"
#include "codec/envelope.h"
#include "schema/primary_key.h"

namespace elanus::segment {

class KeyIndex {
  public:
    // Reads the key sections of a segment data file (docs/formats/segment.md); checks checksums.
    static base::Result<KeyIndex> Open(const base::Buffer& data_file);

    size_t rows() const;
    std::vector<base::RowOffset> Find(const schema::PrimaryKey& key) const;
    // Rows of each key that were inserted before `timestamp`, appended to `rows`.
    void FindInsertedBefore(const schema::PrimaryKeys& keys, base::Timestamp timestamp,
                            std::vector<base::RowOffset>* rows) const;

  private:
    bool is_string_ = false;
    base::Buffer keys_;     // int64, or bytes with key_offsets_
    base::Buffer offsets_;  // uint32, string keys only
    base::Buffer rows_;     // uint32, in key order
    base::Buffer timestamps_;  // uint64 by row
};

}  // namespace elanus::segment
