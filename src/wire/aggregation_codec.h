// Search aggregations on the wire (API map 5.8): the request from protobuf and from REST, the
// buckets to both.
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "proxy/api.h"
#include "wire/message_codec.h"
#include "wire/reply_writer.h"
#include "wire/rest_body.h"
#include "wire/rest_row_writer.h"

#include <string>

namespace elanus::wire {

proxy::AggregationSpec FromAggregation(const pb::common::SearchAggregationSpec& in);
// agg_buckets and agg_topks of a SearchResultData.
void AppendBuckets(const proxy::SearchResults& results, ReplyWriter* out);

// The member `searchAggregation`: {fields, size, searchSize, metrics{alias: {op, fieldName}},
// order[{key, direction}], topHits{size, sort[{fieldName, direction}]}, subAggregation}. Metrics
// and orders may be written as one pair, as in pymilvus: {"avg": "price"}, {"_count": "desc"}.
base::Result<proxy::AggregationSpec> ReadRestAggregation(const RestBody& body);
// A list of buckets: {key[{fieldName, value}], count, metrics{}, hits[{pk, score, fields{}}],
// subGroups[]}.
std::string WriteBuckets(const proxy::SearchResults& results, Int64Form form);

}  // namespace elanus::wire
