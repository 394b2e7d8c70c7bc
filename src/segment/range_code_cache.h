// RangeCodeCache: range codes (expr/range_codes.h) of a sealed segment's columns, for filters that
// read whole columns again and again.
//
// Codes take 2 bytes a row of memory that the system cannot take back, so they are made for columns
// that are scanned a second time, and only as long as all of the process stay within a sixteenth
// of its memory. They are made by the read that finds them wanted, while others go on without: it
// costs about what the scan does.
// Threads: any.
#pragma once

#include "base/mutex.h"
#include "expr/range_codes.h"
#include "segment/row_source.h"

#include <map>
#include <memory>

namespace elanus::segment {

// Codes of one column, and the memory that they count for.
class ColumnCodes {
  public:
    // Null when they would not help: other types, few rows, values that share codes; or when there
    // is no memory left for them.
    static std::shared_ptr<const ColumnCodes> Make(const RowSource& source, base::FieldId field_id,
                                                   uint64_t bytes_max = BytesMax());
    // What all codes of the process may take.
    static uint64_t BytesMax();
    // Use Make().
    ColumnCodes(expr::RangeCodes codes, std::shared_ptr<const uint8_t> memory)
        : codes_(codes), memory_(std::move(memory)) {}
    ~ColumnCodes();
    ColumnCodes(const ColumnCodes&) = delete;
    ColumnCodes& operator=(const ColumnCodes&) = delete;

    const expr::RangeCodes& codes() const { return codes_; }
    size_t memory_bytes() const { return codes_.codes.size_bytes(); }

  private:
    const expr::RangeCodes codes_;
    const std::shared_ptr<const uint8_t> memory_;
};

class RangeCodeCache {
  public:
    // Fewer rows stay in the processor's caches as they are.
    static constexpr size_t kRowsMin = 32768;

    // The codes of a column of `source`, which has one run; null when there are none. A read of
    // most of the column says so: the second such makes the codes.
    std::shared_ptr<const ColumnCodes> Get(const RowSource& source, base::FieldId field_id,
                                           bool reads_most);
    size_t memory_bytes() const;

  private:
    struct Entry {
        bool was_scanned = false;
        bool is_decided = false;  // made, being made, or of no use
        std::shared_ptr<const ColumnCodes> codes;
    };

    mutable base::Mutex mutex_;
    std::map<base::FieldId, Entry> entries_ GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
