// BucketBuilder: hits into buckets, level below level (search_aggregation.h).
// Threads: belongs to one search.
#pragma once

#include "proxy/api.h"
#include "proxy/search_aggregation.h"
#include "roles/read.h"
#include "schema/column.h"

#include <string>
#include <vector>

namespace elanus::proxy {

class BucketBuilder {
  public:
    // `columns`: the plan's fields of the pool's hits, which may be none. All outlive it.
    BucketBuilder(const AggregationPlan& plan, const roles::SearchResponse& pool,
                  const schema::ColumnBatch& columns);

    // The buckets of each query. 1100 when a sum of integers leaves Int64.
    base::Status Build(SearchResults* results);
    // Positions in the pool of the hits inside the buckets, in the order in which they stand there.
    const std::vector<size_t>& shown_hits() const { return shown_hits_; }
    // The output fields of the shown hits, one row each.
    void AddHitFields(const std::vector<OutputColumn>& columns, SearchResults* results) const;

  private:
    using Rows = std::vector<size_t>;  // positions in the pool, best first

    // A bucket and what it is made of.
    struct Draft {
        Bucket bucket;
        std::string key;
        Rows rows;
    };

    base::Result<std::vector<Bucket>> BucketsOf(size_t level, const Rows& rows);
    std::vector<Draft> Split(const AggregationPlan::Level& level, const Rows& rows) const;
    base::Result<BucketValue> MetricOf(const AggregationPlan::Metric& metric,
                                       const Rows& rows) const;
    base::Result<BucketValue> SumOf(const AggregationPlan::Metric& metric, const Rows& rows) const;
    static bool Before(const AggregationPlan::Level& level, const Draft& a, const Draft& b);
    void AddHits(const AggregationPlan::Level& level, Rows rows, Bucket* bucket);
    BucketValue ValueOf(const AggregationPlan::Source& source, size_t row) const;

    const AggregationPlan& plan_;
    const roles::SearchResponse& pool_;
    std::vector<schema::ColumnView> columns_;  // of the plan's fields
    std::vector<size_t> shown_hits_;
};

}  // namespace elanus::proxy
