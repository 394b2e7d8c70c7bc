#include "proxy/bucket_builder.h"

#include "proxy/phrase.h"
#include "reduce/sort_key.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace elanus::proxy {

namespace {

using roles::AggregateKind;
using schema::DataType;

BucketValue ColumnValue(const schema::ColumnView& column, size_t row) {
    if (!column.IsValid(row)) {
        return std::monostate();
    }
    switch (column.type) {
        case DataType::kBool:
            return column.values[row] != 0;
        case DataType::kInt8:
            return int64_t{column.As<int8_t>()[row]};
        case DataType::kInt16:
            return int64_t{column.As<int16_t>()[row]};
        case DataType::kInt32:
            return int64_t{column.As<int32_t>()[row]};
        case DataType::kInt64:
        case DataType::kTimestamptz:
            return column.As<int64_t>()[row];
        case DataType::kFloat:
            return column.As<float>()[row];
        case DataType::kDouble:
            return column.As<double>()[row];
        default:
            break;
    }
    if (column.offsets != nullptr && column.children.empty()) {
        return std::string(column.StringAt(row));
    }
    const size_t width = schema::FixedWidth(column.type, column.dim);
    return width == 0 ? BucketValue()
                      : BucketValue(std::string(
                            reinterpret_cast<const char*>(column.values) + row * width, width));
}

bool IsNull(const BucketValue& value) {
    return std::holds_alternative<std::monostate>(value);
}

double AsDouble(const BucketValue& value) {
    if (const auto* number = std::get_if<int64_t>(&value)) {
        return static_cast<double>(*number);
    }
    if (const auto* single = std::get_if<float>(&value)) {
        return static_cast<double>(*single);
    }
    const auto* wide = std::get_if<double>(&value);
    return wide == nullptr ? 0 : *wide;
}

// -1, 0 or 1 as the first value comes before, with or behind the second one.
int CompareInOrder(const BucketValue& a, const BucketValue& b, bool descending, bool nulls_first) {
    if (IsNull(a) || IsNull(b)) {
        const int order = (IsNull(a) ? 1 : 0) - (IsNull(b) ? 1 : 0);
        return nulls_first ? -order : order;
    }
    const int order = a < b ? -1 : b < a ? 1 : 0;
    return descending ? -order : order;
}

void VisitHits(std::vector<Bucket>& buckets, const std::function<void(BucketHit&)>& visit) {
    for (Bucket& bucket : buckets) {
        for (BucketHit& hit : bucket.hits) {
            visit(hit);
        }
        VisitHits(bucket.sub_buckets, visit);
    }
}

}  // namespace

BucketBuilder::BucketBuilder(const AggregationPlan& plan, const roles::SearchResponse& pool,
                             const schema::ColumnBatch& columns)
    : plan_(plan), pool_(pool) {
    for (const schema::FieldSchema& field : plan.fields) {
        const schema::Column* column = columns.Find(field.id);
        columns_.push_back(column == nullptr ? schema::ColumnView() : column->View());
    }
}

base::Status BucketBuilder::Build(SearchResults* results) {
    size_t begin = 0;
    for (const uint32_t count : pool_.counts) {
        Rows rows(count);
        std::iota(rows.begin(), rows.end(), begin);
        begin += count;
        ASSIGN_OR_RETURN(std::vector<Bucket> buckets, BucketsOf(0, rows));
        results->bucket_counts.push_back(static_cast<int64_t>(buckets.size()));
        std::move(buckets.begin(), buckets.end(), std::back_inserter(results->buckets));
    }
    return base::Status();
}

base::Result<std::vector<Bucket>> BucketBuilder::BucketsOf(size_t number, const Rows& rows) {
    const AggregationPlan::Level& level = plan_.levels[number];
    std::vector<Draft> drafts = Split(level, rows);
    for (Draft& draft : drafts) {
        for (const auto& [alias, metric] : level.metrics) {
            ASSIGN_OR_RETURN(draft.bucket.metrics[alias], MetricOf(metric, draft.rows));
        }
    }
    std::stable_sort(drafts.begin(), drafts.end(),
                     [&](const Draft& a, const Draft& b) { return Before(level, a, b); });
    if (drafts.size() > level.size) {
        drafts.resize(level.size);
    }
    std::vector<Bucket> buckets;
    for (Draft& draft : drafts) {
        AddHits(level, draft.rows, &draft.bucket);
        if (number + 1 < plan_.levels.size()) {
            ASSIGN_OR_RETURN(draft.bucket.sub_buckets, BucketsOf(number + 1, draft.rows));
        }
        buckets.push_back(std::move(draft.bucket));
    }
    return buckets;
}

// In the order of their best hits.
std::vector<BucketBuilder::Draft> BucketBuilder::Split(const AggregationPlan::Level& level,
                                                       const Rows& rows) const {
    std::vector<Draft> drafts;
    std::unordered_map<std::string, size_t> numbers;
    std::string key;
    for (const size_t row : rows) {
        key.clear();
        for (const size_t field : level.keys) {
            reduce::AppendSortKey(columns_[field], row, &key);
        }
        const auto [it, fresh] = numbers.try_emplace(key, drafts.size());
        if (fresh) {
            drafts.emplace_back();
            drafts.back().key = key;
            for (const size_t field : level.keys) {
                drafts.back().bucket.key.push_back({plan_.fields[field].id,
                                                    plan_.fields[field].name,
                                                    ColumnValue(columns_[field], row), false});
            }
        }
        drafts[it->second].rows.push_back(row);
        ++drafts[it->second].bucket.count;
    }
    return drafts;
}

bool BucketBuilder::Before(const AggregationPlan::Level& level, const Draft& a, const Draft& b) {
    using By = AggregationPlan::BucketOrder::By;
    for (const AggregationPlan::BucketOrder& order : level.order) {
        int result = 0;
        if (order.by == By::kCount) {
            result = CompareInOrder(a.bucket.count, b.bucket.count, order.descending, false);
        } else if (order.by == By::kMetric) {
            result =
                CompareInOrder(a.bucket.metrics.at(order.alias), b.bucket.metrics.at(order.alias),
                               order.descending, order.nulls_first);
        } else {
            for (size_t i = 0; i < a.bucket.key.size() && result == 0; ++i) {
                result = CompareInOrder(a.bucket.key[i].value, b.bucket.key[i].value,
                                        order.descending, order.nulls_first);
            }
        }
        if (result != 0) {
            return result < 0;
        }
    }
    return false;
}

BucketValue BucketBuilder::ValueOf(const AggregationPlan::Source& source, size_t row) const {
    return source.is_score ? BucketValue(pool_.scores[row])
                           : ColumnValue(columns_[source.field], row);
}

base::Result<BucketValue> BucketBuilder::MetricOf(const AggregationPlan::Metric& metric,
                                                  const Rows& rows) const {
    if (metric.kind == AggregateKind::kCountRows) {
        return BucketValue(static_cast<int64_t>(rows.size()));
    }
    if (metric.kind == AggregateKind::kSum || metric.kind == AggregateKind::kAvg) {
        return SumOf(metric, rows);
    }
    BucketValue extreme;
    int64_t count = 0;
    for (const size_t row : rows) {
        BucketValue value = ValueOf(metric.source, row);
        if (IsNull(value)) {
            continue;
        }
        ++count;
        const bool better = metric.kind == AggregateKind::kMin ? value < extreme : extreme < value;
        if (IsNull(extreme) || better) {
            extreme = std::move(value);
        }
    }
    return metric.kind == AggregateKind::kCount ? BucketValue(count) : extreme;
}

base::Result<BucketValue> BucketBuilder::SumOf(const AggregationPlan::Metric& metric,
                                               const Rows& rows) const {
    __int128 whole = 0;
    double sum = 0;
    int64_t count = 0;
    bool is_integer = !metric.source.is_score;
    for (const size_t row : rows) {
        const BucketValue value = ValueOf(metric.source, row);
        if (IsNull(value)) {
            continue;
        }
        ++count;
        if (const auto* number = std::get_if<int64_t>(&value)) {
            whole += *number;
        } else {
            is_integer = false;
            sum += AsDouble(value);
        }
    }
    if (count == 0) {
        return BucketValue();
    }
    if (metric.kind == AggregateKind::kAvg) {
        return BucketValue((is_integer ? static_cast<double>(whole) : sum) /
                           static_cast<double>(count));
    }
    if (!is_integer) {
        return BucketValue(sum);
    }
    if (whole > std::numeric_limits<int64_t>::max() ||
        whole < std::numeric_limits<int64_t>::min()) {
        return Invalid(
            "search_aggregation: a sum of integers is out of the range of Int64, use "
            "avg");
    }
    return BucketValue(static_cast<int64_t>(whole));
}

void BucketBuilder::AddHits(const AggregationPlan::Level& level, Rows rows, Bucket* bucket) {
    if (level.top_hits == 0) {
        return;
    }
    std::stable_sort(rows.begin(), rows.end(), [&](size_t a, size_t b) {
        for (const AggregationPlan::HitOrder& order : level.hit_order) {
            const int result = CompareInOrder(ValueOf(order.source, a), ValueOf(order.source, b),
                                              order.descending, order.nulls_first);
            if (result != 0) {
                return result < 0;
            }
        }
        return false;
    });
    if (rows.size() > level.top_hits) {
        rows.resize(level.top_hits);
    }
    for (const size_t row : rows) {
        BucketHit hit;
        hit.key = pool_.keys.At(row);
        hit.score = pool_.scores[row];
        bucket->hits.push_back(std::move(hit));
        shown_hits_.push_back(row);
    }
}

void BucketBuilder::AddHitFields(const std::vector<OutputColumn>& columns,
                                 SearchResults* results) const {
    size_t row = 0;
    // Buckets are visited as they were built: a bucket's hits, then those of the buckets below it.
    VisitHits(results->buckets, [&](BucketHit& hit) {
        for (const OutputColumn& column : columns) {
            if (!column.sub_columns.empty()) {
                continue;  // struct arrays have no place in a hit
            }
            const DataType type = column.shown_type();
            const bool is_text = schema::IsStringLike(column.values.type);
            BucketField field{column.field_id, column.name, ColumnValue(column.values.View(), row),
                              false};
            field.is_bytes = !is_text || type == DataType::kJson;
            hit.fields.push_back(std::move(field));
        }
        ++row;
    });
}

}  // namespace elanus::proxy
