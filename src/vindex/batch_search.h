// Searches for many queries in one call. Indexes that gain from it, as exact scans do, which then
// read their rows once for all queries, are BatchIndexes; every other one answers query by query.
//
// Invariant: the answers are those of Index::Search(), rows and scores, bit for bit.
// Threads: any.
#pragma once

#include "vindex/index.h"

#include <span>
#include <string_view>

namespace elanus::vindex {

class BatchIndex {
  public:
    virtual ~BatchIndex() = default;

    // As SearchMany(). Parameters and queries are checked, and `matches` > 0 rows pass the filter.
    virtual base::Status SearchQueries(std::span<const std::string_view> queries,
                                       const SearchParams& params, size_t matches,
                                       Neighbors* out) const = 0;
};

// out[i] = what Index::Search() answers to queries[i]; `out` has as many as there are queries.
// Errors: as Search(); then `out` is unspecified.
base::Status SearchMany(const Index& index, std::span<const std::string_view> queries,
                        const SearchParams& params, Neighbors* out);

}  // namespace elanus::vindex
