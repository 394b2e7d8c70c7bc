// Exact search: compares the query vectors with every selected row. Several queries share one pass
// over each block of vectors, so that the block is read from memory once.
// Threads: pure over a RowSource.
#pragma once

#include "base/bitmap.h"
#include "segment/row_source.h"
#include "segment/segment.h"

#include <optional>
#include <vector>

namespace elanus::segment {

// `selected`: rows that count, absent = all. Null vectors are never hit. kUnsupportedOperation for
// a field that holds no float vectors of the query's dimension.
base::Status FlatSearch(const RowSource& source, const std::optional<base::Bitmap>& selected,
                        const VectorQuery& query, const ReadOptions& options,
                        std::vector<QueryHits>* hits, ReadCounters* counters);

}  // namespace elanus::segment
