// KeyIndex: primary key -> rows of one sealed segment, used in place in the mapped data file: the
// keys sorted, each with its row. The channel's owner maps one per sealed segment to resolve
// deletes.
// Threads: immutable after Open.
#pragma once

#include "base/buffer.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "codec/envelope.h"
#include "schema/primary_key.h"

#include <string_view>
#include <vector>

namespace elanus::segment {

class KeyIndex {
  public:
    // Reads the key sections of a segment data file (docs/formats/segment.md); checks checksums.
    static base::Result<KeyIndex> Open(const base::Buffer& data_file);
    static base::Result<KeyIndex> Open(const codec::EnvelopeReader& reader);

    size_t rows() const { return rows_.size() / sizeof(uint32_t); }
    bool is_string() const { return is_string_; }
    // The row that holds the i-th smallest key; equal keys by row.
    base::RowOffset RowAt(size_t i) const { return rows_.As<uint32_t>()[i]; }

    // The i-th smallest key; by is_string().
    int64_t IntAt(size_t i) const { return keys_.As<int64_t>()[i]; }
    std::string_view StringAt(size_t i) const;

    // Ascending. None for a key of the other kind.
    std::vector<base::RowOffset> Find(const schema::PrimaryKey& key) const;
    // Rows of each key, appended to `rows`.
    void FindAll(const schema::PrimaryKeys& keys, std::vector<base::RowOffset>* rows) const;
    // Rows of each key that were inserted before `timestamp`, appended to `rows`.
    void FindInsertedBefore(const schema::PrimaryKeys& keys, base::Timestamp timestamp,
                            std::vector<base::RowOffset>* rows) const;

    base::Timestamp TimestampOf(base::RowOffset row) const {
        return timestamps_.As<uint64_t>()[row];
    }

  private:
    template <typename Key, typename At>
    void FindSorted(const std::vector<Key>& keys, At key_at,
                    std::vector<base::RowOffset>* rows) const;

    bool is_string_ = false;
    base::Buffer keys_;        // int64, or bytes with offsets_
    base::Buffer offsets_;     // uint32, string keys only
    base::Buffer rows_;        // uint32, in key order
    base::Buffer timestamps_;  // uint64 by row
};

}  // namespace elanus::segment
