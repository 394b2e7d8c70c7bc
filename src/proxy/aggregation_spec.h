// A search aggregation as asked for and as answered (API map 5.8): hits in buckets of equal values,
// nested level by level, with metrics and the best hits of each bucket.
// Threads: values.
#pragma once

#include "base/ids.h"
#include "schema/primary_key.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace elanus::proxy {

// One key of an order: of buckets a metric's alias, `_count` or `_key`; of hits a field or
// `_score`.
struct AggregationOrder {
    std::string key;
    std::string direction;  // asc, desc; empty = asc
    bool nulls_first = false;
};

struct AggregationMetric {
    std::string op;     // avg, sum, count, min, max
    std::string field;  // a field, `_score`, or `*` of count
};

struct TopHits {
    int64_t size = 0;
    std::vector<AggregationOrder> sort;  // empty: best score first
};

struct AggregationLevel {
    std::vector<std::string> fields;
    int64_t size = 0;         // buckets answered
    int64_t search_size = 0;  // buckets searched for; 0 = size
    std::map<std::string, AggregationMetric> metrics;
    std::vector<AggregationOrder> order;  // empty: by the best hit of each bucket
    std::optional<TopHits> top_hits;
};
// The outermost level first.
using AggregationSpec = std::vector<AggregationLevel>;

// Nothing for null.
using BucketValue = std::variant<std::monostate, bool, int64_t, float, double, std::string>;

struct BucketField {
    base::FieldId field_id = 0;
    std::string name;
    BucketValue value;
    bool is_bytes = false;  // a string that is no text
};

struct BucketHit {
    schema::PrimaryKey key;
    float score = 0;
    std::vector<BucketField> fields;
};

struct Bucket {
    std::vector<BucketField> key;
    int64_t count = 0;
    std::map<std::string, BucketValue> metrics;
    std::vector<BucketHit> hits;
    std::vector<Bucket> sub_buckets;
};

}  // namespace elanus::proxy
