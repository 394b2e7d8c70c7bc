#include "vindex/hnsw.h"

#include "vindex/hnsw_walk.h"
#include "vindex/scratch.h"

namespace elanus::vindex {

bool HnswIndex::ScanIsCheaper(size_t matches, size_t ef) const {
    return HnswWalk::ScanIsCheaper(matches, size(), ef);
}

WalkOutcome HnswIndex::WalkFor(const Query& query, const SearchParams& params, size_t matches,
                               size_t ef, SearchScratch& scratch, Neighbors* out,
                               base::Status* interrupted) const {
    const VectorScorer scorer(view_, query);
    return HnswWalk(graph_, scorer, params, matches, scratch).Run(ef, &out->counters, interrupted);
}

}  // namespace elanus::vindex
