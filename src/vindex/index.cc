#include "vindex/index.h"

#include "vindex/bm25.h"
#include "vindex/exact_scan.h"
#include "vindex/row_iterator.h"
#include "vindex/scratch.h"
#include "vindex/sparse.h"

#include <algorithm>

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

// All rows by one search, given in parts.
class WholeIterator : public RowIterator {
  public:
    WholeIterator(const Index& index, std::string_view query, const SearchParams& params)
        : index_(index), query_(query), params_(params) {
        params_.k = std::max<size_t>(index.size(), 1);
    }

    base::Status Next(size_t count, const std::function<base::Status()>& interrupt,
                      Neighbors* out) override {
        *out = Neighbors();
        if (!searched_) {
            params_.interrupt = interrupt;
            RETURN_IF_ERROR(index_.Search(query_, params_, &all_));
            searched_ = true;
            out->counters = all_.counters;
        }
        const size_t end = std::min(all_.rows.size(), given_ + count);
        const auto from = static_cast<ptrdiff_t>(given_), to = static_cast<ptrdiff_t>(end);
        out->rows.assign(all_.rows.begin() + from, all_.rows.begin() + to);
        out->scores.assign(all_.scores.begin() + from, all_.scores.begin() + to);
        given_ = end;
        return base::Status();
    }
    uint64_t memory_bytes() const override {
        return query_.size() + all_.rows.capacity() * (sizeof(uint32_t) + sizeof(float));
    }

  private:
    const Index& index_;
    const std::string query_;
    SearchParams params_;
    bool searched_ = false;
    Neighbors all_;
    size_t given_ = 0;
};

}  // namespace

base::Result<std::unique_ptr<RowIterator>> Index::NewIterator(std::string_view query,
                                                              const SearchParams& params) const {
    SearchParams own = params;
    own.k = 1;
    RETURN_IF_ERROR(CheckSearchParams(own, size_));
    RETURN_IF_ERROR(CheckQuery(vector_type_, metric_, dim_, query));
    return IterateRows(query, params, CountMatches(params.filter, size_));
}

std::unique_ptr<RowIterator> Index::IterateRows(std::string_view query, const SearchParams& params,
                                                size_t /*matches*/) const {
    return std::make_unique<WholeIterator>(*this, query, params);
}

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
