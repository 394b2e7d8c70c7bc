// Search aggregation (API map 5.8): the hits of a search in buckets of equal field values, level
// below level, with metrics and the best hits of each bucket.
//
// The pool that is counted: the nearest `elanus.searchAggregation.pool` hits, and of each of the
// nearest groups of the values of all levels together its best hits. There are as many of these
// groups as the levels' search sizes multiplied, with as many hits as the largest top_hits; so
// buckets are found that lie far behind the nearest hits. Counts and metrics are over the pool.
// Threads: free functions; a plan is a value.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "proxy/api.h"
#include "proxy/output_fields.h"
#include "proxy/proxy_core.h"
#include "proxy/search_shape.h"
#include "roles/read.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace elanus::proxy {

struct AggregationPlan {
    // What a metric or an order looks at: a field, or the score.
    struct Source {
        size_t field = 0;  // position in `fields`
        bool is_score = false;
    };
    struct Metric {
        roles::AggregateKind kind = roles::AggregateKind::kCountRows;
        Source source;
    };
    struct HitOrder {
        Source source;
        bool descending = false;
        bool nulls_first = false;
    };
    struct BucketOrder {
        enum class By : uint8_t { kCount, kKey, kMetric };
        By by = By::kCount;
        std::string alias;
        bool descending = false;
        bool nulls_first = false;
    };
    struct Level {
        std::vector<size_t> keys;  // positions in `fields`
        size_t size = 0;
        std::map<std::string, Metric> metrics;
        std::vector<BucketOrder> order;
        size_t top_hits = 0;
        std::vector<HitOrder> hit_order;
    };

    std::vector<schema::FieldSchema> fields;  // to fetch, each once
    std::vector<Level> levels;                // the outermost first
    roles::Grouping grouping;                 // by the fields of all levels
    uint32_t groups = 0;                      // to search for
};

// Refuses what cannot be computed or is not allowed beside an aggregation.
base::Result<AggregationPlan> PlanAggregation(const schema::CollectionSchema& schema,
                                              const AggregationSpec& spec,
                                              const SearchSettings& settings,
                                              const SearchShape& shape, const Limits& limits);

// The hits to count: `list`, which answers `request` at the moments, and the groups' hits.
base::Result<roles::SearchResponse> AggregationPool(
    ProxyCore& core, const base::CallContext& context, const roles::CollectionInfo& collection,
    const AggregationPlan& plan, const roles::SearchRequest& request,
    const std::vector<base::Timestamp>& moments, roles::SearchResponse list);

// Puts the buckets of the pool's hits into the results. `selection`: the fields of hits.
base::Status FillBuckets(ProxyCore& core, const base::CallContext& context,
                         const roles::CollectionInfo& collection, const AggregationPlan& plan,
                         const OutputSelection& selection, const roles::SearchResponse& pool,
                         SearchResults* results);

}  // namespace elanus::proxy
