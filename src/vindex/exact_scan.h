// Exact search: the cost of every row that may be returned, and the k best of them. It is the
// answer of FLAT and of a graph walk that would cost more or found too few.
#pragma once

#include "base/status.h"
#include "vindex/index.h"
#include "vindex/row_scorer.h"
#include "vindex/scratch.h"
#include "vindex/vectors.h"

#include <bit>

namespace elanus::vindex {

// The costs a range search lets through: low <= cost < high.
struct CostBand {
    bool bounded = false;
    float low = 0;
    float high = 0;

    static CostBand Of(Metric metric, const SearchParams& params);
    bool Contains(float cost) const { return !bounded || (low <= cost && cost < high); }
};

// Sets in `words` the bits of the results that may enter `best`, and perhaps of some more, where
// rows come in ascending order, so that a cost equal to the limit's is no better. Results are
// costs, or negated ones when `larger_is_better`. A limit that is no number, or none yet, lets all
// through. Rows that `best` has already come before these. `words` has count / 64 + 1 places.
void FindNear(const TopK& best, bool larger_is_better, const float* results, size_t count,
              uint64_t* words);
// Calls visit(i) with the places of the bits that are set among the first `count`.
template <typename Visit>
void VisitNear(const uint64_t* words, size_t count, const Visit& visit) {
    for (size_t w = 0; w < (count + 63) / 64; ++w) {
        for (uint64_t word = words[w]; word != 0; word &= word - 1) {
            visit(w * 64 + static_cast<size_t>(std::countr_zero(word)));
        }
    }
}

// Scans `rows` rows. Appends to `out`.
base::Status ScanRows(const RowScorer& scorer, uint32_t rows, Metric metric,
                      const SearchParams& params, SearchScratch& scratch, Neighbors* out);
// The same for one prepared query.
base::Status ScanRows(const VectorView& vectors, const Query& query, const SearchParams& params,
                      SearchScratch& scratch, Neighbors* out);

// Appends the keys, best first, to `out` as rows and scores.
void AppendKeys(Metric metric, std::span<const uint64_t> keys, Neighbors* out);

// Copies the bytes of a vector to the scratch, aligned; a float query of COSINE gets length one, of
// other types its length is found.
Query PrepareQuery(VectorType type, Metric metric, uint32_t dim, std::string_view query,
                   SearchScratch& scratch);
// Set bits of the filter among `rows`; all rows when it is absent.
size_t CountMatches(base::BitmapView filter, size_t rows);
// k > 0 and a filter of `rows` bits.
base::Status CheckSearchParams(const SearchParams& params, size_t rows);

}  // namespace elanus::vindex
