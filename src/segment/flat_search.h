// Exact search: compares the queries with every selected row, whatever the vector type. Several
// queries share one pass over each block of vectors, so that the block is read from memory once.
// Threads: pure over a RowSource.
#pragma once

#include "base/bitmap.h"
#include "segment/row_source.h"
#include "segment/segment.h"

#include <optional>
#include <vector>

namespace elanus::segment {

// `selected`: rows that count, absent = all; rows whose vector is null are not among them.
// kUnsupportedOperation when the field holds vectors of another type or dimension than the queries,
// or the type does not have the metric.
base::Status FlatSearch(const RowSource& source, const std::optional<base::Bitmap>& selected,
                        const VectorQuery& query, const ReadOptions& options,
                        std::vector<QueryHits>* hits, ReadCounters* counters);

}  // namespace elanus::segment
