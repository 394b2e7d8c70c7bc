// The search of a window index (window_index.h).
// Threads: any; the scratch belongs to one.
#pragma once

#include "vindex/scratch.h"
#include "vindex/vectors.h"
#include "vindex/window_lists.h"

namespace elanus::vindex {

// As Index::SearchRows. With `prunes` false whole lists are added: the same rows in more time.
// Nothing of `parts` is trusted: kDataCorruption for what a search meets and cannot be.
base::Status SearchWindows(const WindowParts& parts, bool prunes, const Query& query,
                           const SearchParams& params, size_t matches, SearchScratch& scratch,
                           Neighbors* out);

}  // namespace elanus::vindex
