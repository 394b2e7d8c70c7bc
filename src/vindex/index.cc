#include "vindex/index.h"

#include "vindex/bm25.h"
#include "vindex/exact_scan.h"
#include "vindex/scratch.h"
#include "vindex/sparse.h"

namespace elanus::vindex {

SearchScratch& ThreadScratch() {
    static thread_local SearchScratch scratch;
    return scratch;
}

namespace {

base::Status CheckQuery(VectorType type, Metric metric, uint32_t dim, std::string_view query) {
    if (type == VectorType::kSparseFloat) {
        return CheckSparseVector(query);
    }
    const size_t bytes = RowBytes(type, dim);
    const bool fits =
        IsListMetric(metric) ? !query.empty() && query.size() % bytes == 0 : query.size() == bytes;
    return fits ? base::Status()
                : base::InvalidParameter("vector dimension mismatch, expected vector size(byte) " +
                                         std::to_string(bytes) + ", actual " +
                                         std::to_string(query.size()));
}

}  // namespace

base::Status Index::AddTermStatistics(std::span<const uint32_t>, TermStatistics*) const {
    return base::Internal("an index of " + std::string(MetricName(metric_)) +
                          " has no statistics of terms");
}

base::Status Index::Search(std::string_view query, const SearchParams& params,
                           Neighbors* out) const {
    out->rows.clear();
    out->scores.clear();
    out->counters = SearchCounters();
    RETURN_IF_ERROR(CheckSearchParams(params, size_));
    RETURN_IF_ERROR(CheckQuery(vector_type_, metric_, dim_, query));
    const size_t matches = CountMatches(params.filter, size_);
    out->counters.matches = matches;
    if (matches == 0) {
        return base::Status();
    }
    SearchScratch& scratch = ThreadScratch();
    return SearchRows(PrepareQuery(vector_type_, metric_, dim_, query, scratch), params, matches,
                      scratch, out);
}

}  // namespace elanus::vindex
