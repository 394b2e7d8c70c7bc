#include "wire/aggregation_codec.h"

#include "json/json.h"

#include <cstdint>
#include <utility>

namespace elanus::wire {
namespace {

using base::InvalidParameter;
using base::Result;
using proxy::AggregationLevel;
using proxy::AggregationMetric;
using proxy::AggregationOrder;
using proxy::Bucket;
using proxy::BucketField;
using proxy::BucketHit;
using proxy::BucketValue;

// More than the proxy allows, so that it can say so.
constexpr int kLevelsRead = 16;

// ---- protobuf

AggregationLevel FromLevel(const pb::common::SearchAggregationSpec& in) {
    AggregationLevel level;
    level.fields = FromStrings(in.fields());
    level.size = in.size();
    level.search_size = in.search_size();
    for (const auto& [alias, metric] : in.metrics()) {
        level.metrics[alias] = {metric.op(), metric.field_name()};
    }
    for (const pb::common::OrderSpec& order : in.order()) {
        level.order.push_back({order.key(), order.direction(), order.null_first()});
    }
    if (in.has_top_hits()) {
        level.top_hits.emplace();
        level.top_hits->size = in.top_hits().size();
        for (const pb::common::SortSpec& sort : in.top_hits().sort()) {
            level.top_hits->sort.push_back(
                {sort.field_name(), sort.direction(), sort.null_first()});
        }
    }
    return level;
}

ReplyWriter KeyMessage(const BucketField& key) {
    ReplyWriter out;
    out.Signed(1, key.field_id);
    out.String(2, key.name);
    if (const auto* number = std::get_if<int64_t>(&key.value)) {
        out.Present(3, static_cast<uint64_t>(*number));
    } else if (const auto* text = std::get_if<std::string>(&key.value)) {
        out.Bytes(4, *text);
    } else if (const auto* flag = std::get_if<bool>(&key.value)) {
        out.Present(5, *flag ? 1 : 0);
    }
    return out;
}

ReplyWriter MetricMessage(const BucketValue& value) {
    ReplyWriter out;
    if (const auto* number = std::get_if<int64_t>(&value)) {
        out.Present(1, static_cast<uint64_t>(*number));
    } else if (const auto* single = std::get_if<float>(&value)) {
        out.Fixed(2, static_cast<double>(*single));
    } else if (const auto* wide = std::get_if<double>(&value)) {
        out.Fixed(2, *wide);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        out.Bytes(3, *text);
    } else if (const auto* flag = std::get_if<bool>(&value)) {
        out.Present(4, *flag ? 1 : 0);
    }
    return out;
}

ReplyWriter HitFieldMessage(const BucketField& field) {
    ReplyWriter out;
    out.Signed(1, field.field_id);
    out.String(2, field.name);
    if (const auto* number = std::get_if<int64_t>(&field.value)) {
        out.Present(3, static_cast<uint64_t>(*number));
    } else if (const auto* flag = std::get_if<bool>(&field.value)) {
        out.Present(4, *flag ? 1 : 0);
    } else if (const auto* single = std::get_if<float>(&field.value)) {
        out.Fixed(5, *single);
    } else if (const auto* wide = std::get_if<double>(&field.value)) {
        out.Fixed(6, *wide);
    } else if (const auto* text = std::get_if<std::string>(&field.value)) {
        out.Bytes(field.is_bytes ? 8 : 7, *text);
    }
    return out;
}

ReplyWriter HitMessage(const BucketHit& hit) {
    ReplyWriter out;
    if (const auto* number = std::get_if<int64_t>(&hit.key)) {
        out.Present(1, static_cast<uint64_t>(*number));
    } else {
        out.Bytes(2, std::get<std::string>(hit.key));
    }
    out.Fixed(3, hit.score);
    for (const BucketField& field : hit.fields) {
        out.Message(4, HitFieldMessage(field));
    }
    return out;
}

ReplyWriter BucketMessage(const Bucket& bucket) {
    ReplyWriter out;
    for (const BucketField& key : bucket.key) {
        out.Message(1, KeyMessage(key));
    }
    out.Signed(2, bucket.count);
    for (const auto& [alias, value] : bucket.metrics) {
        ReplyWriter entry;
        entry.String(1, alias);
        entry.Message(2, MetricMessage(value));
        out.Message(3, entry);
    }
    for (const BucketHit& hit : bucket.hits) {
        out.Message(4, HitMessage(hit));
    }
    for (const Bucket& sub_bucket : bucket.sub_buckets) {
        out.Message(5, BucketMessage(sub_bucket));
    }
    return out;
}

// ---- REST

// The member under one of two names.
Result<std::string> TextOf(const RestBody& object, std::string_view name, std::string_view other) {
    return object.Text(object.Has(name) ? name : other);
}

// {key, direction}, or the one pair {"key": "direction"}.
Result<AggregationOrder> ReadOrder(const RestBody& object, std::string_view key_name,
                                   std::string_view other_name) {
    AggregationOrder order;
    if (object.members().size() == 1 && !object.Has(key_name) && !object.Has(other_name)) {
        order.key = object.members()[0].first;
        ASSIGN_OR_RETURN(order.direction, object.Text(order.key));
        return order;
    }
    ASSIGN_OR_RETURN(order.key, TextOf(object, key_name, other_name));
    ASSIGN_OR_RETURN(order.direction, object.Text("direction"));
    ASSIGN_OR_RETURN(order.nulls_first, object.Bool("nullFirst"));
    return order;
}

// {op, fieldName}, or the one pair {"op": "field"}.
Result<AggregationMetric> ReadMetric(const RestBody& object) {
    AggregationMetric metric;
    if (object.members().size() == 1) {
        metric.op = object.members()[0].first;
        ASSIGN_OR_RETURN(metric.field, object.Text(metric.op));
        return metric;
    }
    ASSIGN_OR_RETURN(metric.op, object.Text("op"));
    ASSIGN_OR_RETURN(metric.field, TextOf(object, "fieldName", "field"));
    return metric;
}

Result<AggregationLevel> ReadLevel(const RestBody& object) {
    AggregationLevel level;
    ASSIGN_OR_RETURN(level.fields, object.Texts("fields"));
    ASSIGN_OR_RETURN(level.size, object.Int("size", 0, INT32_MIN, INT32_MAX));
    ASSIGN_OR_RETURN(level.search_size, object.Int("searchSize", 0, INT32_MIN, INT32_MAX));
    ASSIGN_OR_RETURN(const RestBody metrics, object.Object("metrics"));
    for (const auto& [alias, raw] : metrics.members()) {
        ASSIGN_OR_RETURN(const RestBody metric, metrics.Object(alias));
        ASSIGN_OR_RETURN(level.metrics[alias], ReadMetric(metric));
    }
    ASSIGN_OR_RETURN(const std::vector<RestBody> orders, object.Objects("order"));
    for (const RestBody& order : orders) {
        ASSIGN_OR_RETURN(AggregationOrder read, ReadOrder(order, "key", "key"));
        level.order.push_back(std::move(read));
    }
    if (object.Has("topHits")) {
        ASSIGN_OR_RETURN(const RestBody hits, object.Object("topHits"));
        level.top_hits.emplace();
        ASSIGN_OR_RETURN(level.top_hits->size, hits.Int("size", 0, INT32_MIN, INT32_MAX));
        ASSIGN_OR_RETURN(const std::vector<RestBody> sorts, hits.Objects("sort"));
        for (const RestBody& sort : sorts) {
            ASSIGN_OR_RETURN(AggregationOrder read, ReadOrder(sort, "fieldName", "field"));
            level.top_hits->sort.push_back(std::move(read));
        }
    }
    return level;
}

void AppendJson(const BucketValue& value, Int64Form form, std::string* out) {
    if (const auto* flag = std::get_if<bool>(&value)) {
        out->append(*flag ? "true" : "false");
    } else if (const auto* number = std::get_if<int64_t>(&value)) {
        const std::string digits = std::to_string(*number);
        out->append(form == Int64Form::kText ? "\"" + digits + "\"" : digits);
    } else if (const auto* single = std::get_if<float>(&value)) {
        AppendFloat(*single, out);
    } else if (const auto* wide = std::get_if<double>(&value)) {
        out->append(json::Write(json::Value(*wide)));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        json::WriteString(*text, out);
    } else {
        out->append("null");
    }
}

template <typename Items, typename Write>
void AppendList(const Items& items, std::string* out, Write write) {
    out->push_back('[');
    bool first = true;
    for (const auto& item : items) {
        if (!first) {
            out->push_back(',');
        }
        first = false;
        write(item);
    }
    out->push_back(']');
}

void AppendMember(std::string_view name, std::string* out) {
    if (out->back() != '{') {
        out->push_back(',');
    }
    json::WriteString(name, out);
    out->push_back(':');
}

void AppendHit(const BucketHit& hit, Int64Form form, std::string* out) {
    schema::PrimaryKeys key;
    key.Append(hit.key);
    const std::string list = WriteKeys(key, form);
    out->append("{\"pk\":").append(list, 1, list.size() - 2).append(",\"score\":");
    AppendScore(hit.score, out);
    out->append(",\"fields\":{");
    for (const BucketField& field : hit.fields) {
        AppendMember(field.name, out);
        AppendJson(field.value, form, out);
    }
    out->append("}}");
}

void AppendBucket(const Bucket& bucket, Int64Form form, std::string* out) {
    out->append("{\"key\":");
    AppendList(bucket.key, out, [&](const BucketField& key) {
        out->append("{\"fieldName\":");
        json::WriteString(key.name, out);
        out->append(",\"value\":");
        AppendJson(key.value, form, out);
        out->push_back('}');
    });
    out->append(",\"count\":").append(std::to_string(bucket.count)).append(",\"metrics\":{");
    for (const auto& [alias, value] : bucket.metrics) {
        AppendMember(alias, out);
        AppendJson(value, form, out);
    }
    out->append("},\"hits\":");
    AppendList(bucket.hits, out, [&](const BucketHit& hit) { AppendHit(hit, form, out); });
    out->append(",\"subGroups\":");
    AppendList(bucket.sub_buckets, out,
               [&](const Bucket& sub_bucket) { AppendBucket(sub_bucket, form, out); });
    out->push_back('}');
}

}  // namespace

proxy::AggregationSpec FromAggregation(const pb::common::SearchAggregationSpec& in) {
    proxy::AggregationSpec spec;
    const pb::common::SearchAggregationSpec* level = &in;
    for (int depth = 0; depth < kLevelsRead; ++depth) {
        spec.push_back(FromLevel(*level));
        if (!level->has_sub_aggregation()) {
            break;
        }
        level = &level->sub_aggregation();
    }
    return spec;
}

void AppendBuckets(const proxy::SearchResults& results, ReplyWriter* out) {
    for (const Bucket& bucket : results.buckets) {
        out->Message(18, BucketMessage(bucket));
    }
    out->PackedVarints(19, results.bucket_counts);
}

Result<proxy::AggregationSpec> ReadRestAggregation(const RestBody& body) {
    proxy::AggregationSpec spec;
    if (!body.Has("searchAggregation")) {
        return spec;
    }
    ASSIGN_OR_RETURN(RestBody object, body.Object("searchAggregation"));
    for (int depth = 0; depth < kLevelsRead; ++depth) {
        ASSIGN_OR_RETURN(AggregationLevel level, ReadLevel(object));
        spec.push_back(std::move(level));
        if (!object.Has("subAggregation")) {
            return spec;
        }
        ASSIGN_OR_RETURN(object, object.Object("subAggregation"));
    }
    return InvalidParameter("searchAggregation has too many levels");
}

std::string WriteBuckets(const proxy::SearchResults& results, Int64Form form) {
    std::string out;
    AppendList(results.buckets, &out,
               [&](const Bucket& bucket) { AppendBucket(bucket, form, &out); });
    return out;
}

}  // namespace elanus::wire
