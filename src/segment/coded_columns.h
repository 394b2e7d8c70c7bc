// CodedColumns: 1-bit codes of a segment's vectors (vindex/sign_scan.h), for searches of rows that
// have no index: a growing segment, and a sealed one until its index is built. A search scans the
// codes and compares few vectors exactly; a scan of the vectors reads 30 times as much.
//
// Codes are made by searches, not by inserts: the first one that finds more rows than are coded
// codes them, up to a bound, while others go on with what is there; rows without codes are compared
// exactly. So an insert never waits for it, segments that nobody searches cost nothing, and the
// metric is known.
// Threads: any.
#pragma once

#include "base/mutex.h"
#include "segment/row_source.h"
#include "segment/segment.h"
#include "vindex/sign_scan.h"

#include <map>
#include <memory>
#include <optional>

namespace elanus::segment {

// The search parameter by which a request says what it expects of rows without an index; absent:
// that all of them are compared.
inline constexpr std::string_view kUnindexedRows = "unindexed_rows";
inline constexpr std::string_view kUnindexedCoded = "coded";

class CodedColumns {
  public:
    // Answers the query when the request allows it and codes pay; false: not answered. `matched`
    // rows are selected; absent means all.
    base::Result<bool> Search(const RowSource& source, const std::optional<base::Bitmap>& selected,
                              size_t matched, const VectorQuery& query, const ReadOptions& options,
                              std::vector<QueryHits>* hits, ReadCounters* counters);
    size_t memory_bytes() const;
    // Drops the codes of a field, which has an index now; searches that run keep theirs.
    void Drop(base::FieldId field_id);

  private:
    using Key = std::pair<base::FieldId, vindex::Metric>;
    std::shared_ptr<vindex::SignScan> ScanOf(const VectorQuery& query);

    mutable base::Mutex mutex_;
    std::map<Key, std::shared_ptr<vindex::SignScan>> scans_ GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
