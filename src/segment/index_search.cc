#include "segment/index_search.h"

#include "segment/scan_guard.h"
#include "vindex/batch_search.h"

#include <utility>

namespace elanus::segment {
namespace {

class IndexIterator : public vindex::RowIterator {
  public:
    IndexIterator(std::shared_ptr<const vindex::Index> index, std::optional<base::Bitmap> chosen)
        : index_(std::move(index)), chosen_(std::move(chosen)) {}

    base::Status Begin(const VectorQuery& query) {
        vindex::SearchParams params;
        params.params = query.params;
        params.radius = query.radius;
        params.range_filter = query.range_filter;
        if (chosen_.has_value()) {
            params.filter = *chosen_;
        }
        ASSIGN_OR_RETURN(rows_, index_->NewIterator(query.Vector(0), params));
        return base::Status();
    }
    base::Status Next(size_t count, const std::function<base::Status()>& interrupt,
                      vindex::Neighbors* out) override {
        return rows_->Next(count, interrupt, out);
    }
    uint64_t memory_bytes() const override {
        return rows_->memory_bytes() + (chosen_.has_value() ? chosen_->size() / 8 : 0);
    }

  private:
    const std::shared_ptr<const vindex::Index> index_;
    const std::optional<base::Bitmap> chosen_;
    std::unique_ptr<vindex::RowIterator> rows_;
};

}  // namespace

base::Status SearchIndex(const vindex::Index& index, const IndexScope& scope,
                         const VectorQuery& query, const ReadOptions& options,
                         std::vector<QueryHits>* hits, ReadCounters* counters) {
    ++counters->index_searches;
    if (options.profile != nullptr) {
        options.profile->indexes.emplace_back(index.index_type());
    }
    vindex::SearchParams params;
    params.k = query.k;
    if (!query.exact) {
        params.params = query.params;
    }
    params.radius = query.radius;
    params.range_filter = query.range_filter;
    params.lists = scope.lists;
    params.interrupt = [guard = ScanGuard(options)] { return guard.Check(); };
    if (scope.chosen.has_value()) {
        params.filter = *scope.chosen;
    }
    std::vector<std::string_view> queries;
    for (uint32_t q = 0; q < query.nq(); ++q) {
        queries.push_back(query.Vector(q));
    }
    std::vector<vindex::Neighbors> found(queries.size());
    RETURN_IF_ERROR(vindex::SearchMany(index, queries, params, found.data()));
    for (size_t q = 0; q < found.size(); ++q) {
        (*hits)[q].rows = std::move(found[q].rows);
        (*hits)[q].scores = std::move(found[q].scores);
        counters->strategies.Add(found[q].counters.strategy);
        counters->distances += found[q].counters.distances;
        counters->hops += found[q].counters.hops;
    }
    return base::Status();
}

base::Result<std::unique_ptr<vindex::RowIterator>> IterateIndex(
    std::shared_ptr<const vindex::Index> index, std::optional<base::Bitmap> chosen,
    const VectorQuery& query) {
    auto iterator = std::make_unique<IndexIterator>(std::move(index), std::move(chosen));
    RETURN_IF_ERROR(iterator->Begin(query));
    return std::unique_ptr<vindex::RowIterator>(std::move(iterator));
}

}  // namespace elanus::segment
