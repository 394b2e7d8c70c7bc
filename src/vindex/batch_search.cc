#include "vindex/batch_search.h"

#include "vindex/exact_scan.h"

namespace elanus::vindex {

base::Status SearchMany(const Index& index, std::span<const std::string_view> queries,
                        const SearchParams& params, Neighbors* out) {
    const auto* batch = dynamic_cast<const BatchIndex*>(&index);
    const size_t bytes = RowBytes(index.vector_type(), index.dim());
    const auto fits = [bytes](std::string_view query) { return query.size() == bytes; };
    const bool ready = batch != nullptr && queries.size() > 1 &&
                       CheckSearchParams(params, index.size()).ok() &&
                       std::all_of(queries.begin(), queries.end(), fits);
    const size_t matches = ready ? CountMatches(params.filter, index.size()) : 0;
    if (matches > 0) {
        for (size_t q = 0; q < queries.size(); ++q) {
            out[q] = Neighbors();
            out[q].counters.matches = matches;
        }
        return batch->SearchQueries(queries, params, matches, out);
    }
    // One by one, which also finds the words for what is wrong.
    for (size_t q = 0; q < queries.size(); ++q) {
        RETURN_IF_ERROR(index.Search(queries[q], params, &out[q]));
    }
    return base::Status();
}

}  // namespace elanus::vindex
