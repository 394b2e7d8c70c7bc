// Exact search: the cost of every row that may be returned, and the k best of them. It is the
// answer of FLAT, of unindexed rows, and of a graph walk that would cost more or found too few.
#pragma once

#include "base/status.h"
#include "vindex/index.h"
#include "vindex/scratch.h"
#include "vindex/vectors.h"

namespace elanus::vindex {

// The costs a range search lets through: low <= cost < high.
struct CostBand {
    bool bounded = false;
    float low = 0;
    float high = 0;

    static CostBand Of(Metric metric, const SearchParams& params);
    bool Contains(float cost) const { return !bounded || (low <= cost && cost < high); }
};

// Scans for one query. `query` is aligned and, for cosine, of length one. Appends to `out`.
base::Status ScanRows(const VectorView& vectors, const float* query, const SearchParams& params,
                      SearchScratch& scratch, Neighbors* out);

// The same for raw rows that no index holds (growing segments, segments too small to index): checks
// and prepares the query as Index::Search does. `vectors.normalised` false for raw cosine rows.
base::Status SearchExact(const VectorView& vectors, const void* query, const SearchParams& params,
                         Neighbors* out);

// Appends the keys, best first, to `out` as rows and scores.
void AppendKeys(Metric metric, std::span<const uint64_t> keys, Neighbors* out);

// Copies `query` to the scratch, aligned and of length one for cosine.
const float* PrepareQuery(Metric metric, uint32_t dim, const void* query, SearchScratch& scratch);
// Set bits of the filter among `rows`; all rows when it is absent.
size_t CountMatches(base::BitmapView filter, size_t rows);
// k > 0 and a filter of `rows` bits.
base::Status CheckSearchParams(const SearchParams& params, size_t rows);

}  // namespace elanus::vindex
