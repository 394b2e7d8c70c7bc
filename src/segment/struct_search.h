// Search among the vectors in struct arrays: rows by MaxSim of their list of vectors, or single
// elements by the ordinary metrics (API map 2.3, 3.4).
// Threads: pure over a RowSource.
#pragma once

#include "segment/row_reader.h"
#include "segment/row_source.h"
#include "segment/segment.h"
#include "vindex/index.h"

#include <vector>

namespace elanus::segment {

// Elements of all rows in the query's struct array.
size_t CountElements(const RowSource& source, const VectorQuery& query);

// `selected`: the rows that a read sees and its filter accepts. `index` (may be null) is over all
// rows or elements of a source of at most one run and answers in the place of a scan.
// kUnsupportedOperation when the field holds vectors of another type or dimension than the queries,
// or the type does not have the metric.
base::Status SearchStructs(const RowSource& source, RowSet selected, const VectorQuery& query,
                           const vindex::Index* index, const ReadOptions& options,
                           std::vector<QueryHits>* hits, ReadCounters* counters);

}  // namespace elanus::segment
