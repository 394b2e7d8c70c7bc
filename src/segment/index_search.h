// A search of a sealed segment by the vector index of a field.
// Threads: a pure function.
#pragma once

#include "base/bitmap.h"
#include "segment/segment.h"
#include "vindex/index.h"
#include "vindex/row_iterator.h"

#include <memory>
#include <optional>
#include <vector>

namespace elanus::segment {

// What the index is searched among: rows, or the elements of a struct array.
struct IndexScope {
    const std::optional<base::Bitmap>& chosen;  // those that may be hits; absent = all
    vindex::VectorLists lists;                  // of an index of lists
};

// Fills hits->at(q), which exist, with the numbers that the index has.
base::Status SearchIndex(const vindex::Index& index, const IndexScope& scope,
                         const VectorQuery& query, const ReadOptions& options,
                         std::vector<QueryHits>* hits, ReadCounters* counters);

// The rows of `chosen` (absent = all) by the index, which the iterator keeps.
base::Result<std::unique_ptr<vindex::RowIterator>> IterateIndex(
    std::shared_ptr<const vindex::Index> index, std::optional<base::Bitmap> chosen,
    const VectorQuery& query);

}  // namespace elanus::segment
