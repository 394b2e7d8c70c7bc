#include "vindex/index.h"

#include "vindex/exact_scan.h"
#include "vindex/scratch.h"

namespace elanus::vindex {

SearchScratch& ThreadScratch() {
    static thread_local SearchScratch scratch;
    return scratch;
}

base::Status Index::Search(const void* query, const SearchParams& params, Neighbors* out) const {
    out->rows.clear();
    out->scores.clear();
    out->counters = SearchCounters();
    RETURN_IF_ERROR(CheckSearchParams(params, size_));
    const size_t matches = CountMatches(params.filter, size_);
    out->counters.matches = matches;
    if (matches == 0) {
        return base::Status();
    }
    SearchScratch& scratch = ThreadScratch();
    const float* prepared = PrepareQuery(metric_, dim_, query, scratch);
    return SearchRows(prepared, params, matches, scratch, out);
}

}  // namespace elanus::vindex
