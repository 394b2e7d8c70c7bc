#include "proxy/search_aggregation.h"

#include "base/ascii.h"
#include "proxy/bucket_builder.h"
#include "proxy/group_search.h"
#include "proxy/hit_columns.h"
#include "proxy/phrase.h"
#include "proxy/shard_search.h"
#include "reduce/aggregation.h"
#include "reduce/segment_reads.h"
#include "reduce/sort_key.h"

#include <algorithm>
#include <set>
#include <utility>

namespace elanus::proxy {

namespace {

using roles::AggregateKind;

constexpr size_t kLevelsMax = 4;
constexpr std::string_view kScore = "_score";

struct MetricName {
    std::string_view name;
    AggregateKind kind;
};
constexpr MetricName kMetricNames[] = {
    {"count", AggregateKind::kCount}, {"sum", AggregateKind::kSum}, {"avg", AggregateKind::kAvg},
    {"min", AggregateKind::kMin},     {"max", AggregateKind::kMax},
};

base::Result<bool> IsDescending(const AggregationOrder& order) {
    const std::string direction = base::AsciiLower(order.direction);
    if (direction != "asc" && direction != "desc" && !direction.empty()) {
        return Invalid("search_aggregation: direction [", order.direction, "] of [", order.key,
                       "] is invalid, should be asc or desc");
    }
    return direction == "desc";
}

class Planner {
  public:
    Planner(const schema::CollectionSchema& schema, const Limits& limits, AggregationPlan* plan)
        : schema_(schema), limits_(limits), plan_(*plan) {}

    base::Status AddLevel(const AggregationLevel& spec) {
        AggregationPlan::Level level;
        RETURN_IF_ERROR(CheckSizes(spec));
        level.size = static_cast<size_t>(spec.size);
        RETURN_IF_ERROR(AddKeys(spec, &level));
        for (const auto& [alias, metric] : spec.metrics) {
            RETURN_IF_ERROR(AddMetric(alias, metric, &level));
        }
        for (const AggregationOrder& order : spec.order) {
            RETURN_IF_ERROR(AddOrder(order, &level));
        }
        if (spec.top_hits.has_value()) {
            RETURN_IF_ERROR(AddTopHits(*spec.top_hits, &level));
        }
        plan_.levels.push_back(std::move(level));
        return base::Status();
    }

    base::Status Finish() {
        size_t hits = 1;
        for (const AggregationPlan::Level& level : plan_.levels) {
            hits = std::max(hits, level.top_hits);
        }
        entries_ *= static_cast<int64_t>(hits);
        if (entries_ > limits_.max_aggregation_entries) {
            return TooMany(entries_);
        }
        plan_.groups = static_cast<uint32_t>(groups_);
        plan_.grouping.group_size = static_cast<uint32_t>(hits);
        return base::Status();
    }

  private:
    base::Status TooMany(int64_t entries) const {
        return Invalid("search_aggregation result entries [", entries,
                       "] exceeds the limit, it should be in range [1, ",
                       limits_.max_aggregation_entries, "], ask for smaller sizes");
    }

    base::Status CheckSizes(const AggregationLevel& spec) {
        if (spec.size < 1) {
            return Invalid("search_aggregation: size [", spec.size,
                           "] is invalid, should be greater than 0");
        }
        const int64_t searched = spec.search_size == 0 ? spec.size : spec.search_size;
        if (searched < spec.size) {
            return Invalid("search_aggregation: search_size [", spec.search_size,
                           "] should be no less than size [", spec.size, "]");
        }
        // Each factor is bounded, so the products stay far below the end of the type.
        if (searched > limits_.max_aggregation_entries) {
            return TooMany(searched);
        }
        entries_ *= spec.size;
        groups_ *= searched;
        return groups_ > limits_.max_aggregation_entries ? TooMany(groups_) : base::Status();
    }

    base::Status AddKeys(const AggregationLevel& spec, AggregationPlan::Level* level) {
        if (spec.fields.empty()) {
            return Invalid("search_aggregation: fields cannot be empty");
        }
        for (const std::string& name : spec.fields) {
            const schema::FieldSchema* field = schema_.FindField(name);
            if (field == nullptr) {
                return Invalid("search_aggregation: field ", name, " not exist in collection ",
                               schema_.name, " or is a dynamic key, which is not supported");
            }
            if (!reduce::CanGroupBy(field->type)) {
                return Invalid("search_aggregation: unsupported data type ",
                               schema::DataTypeName(field->type), " for field ", name,
                               ", use a Bool, integer, VarChar or Timestamptz field");
            }
            if (!keys_.insert(field->id).second) {
                return Invalid("search_aggregation: duplicate field ", name);
            }
            level->keys.push_back(PositionOf(*field));
            roles::GroupField group;
            group.field = *field;
            plan_.grouping.fields.push_back(std::move(group));
        }
        return base::Status();
    }

    size_t PositionOf(const schema::FieldSchema& field) {
        const auto found =
            std::find_if(plan_.fields.begin(), plan_.fields.end(),
                         [&](const schema::FieldSchema& f) { return f.id == field.id; });
        const auto position = static_cast<size_t>(found - plan_.fields.begin());
        if (found == plan_.fields.end()) {
            plan_.fields.push_back(field);
        }
        return position;
    }

    base::Status AddMetric(const std::string& alias, const AggregationMetric& spec,
                           AggregationPlan::Level* level) {
        const auto named =
            std::find_if(std::begin(kMetricNames), std::end(kMetricNames),
                         [&](const MetricName& name) { return name.name == spec.op; });
        if (alias.empty() || alias == "_count" || alias == "_key") {
            return Invalid("search_aggregation: metric alias [", alias, "] is invalid");
        }
        if (named == std::end(kMetricNames)) {
            return Invalid("search_aggregation: metric op [", spec.op,
                           "] is invalid, should be one of avg, sum, count, min, max");
        }
        AggregationPlan::Metric metric;
        metric.kind = named->kind;
        if (spec.field == "*") {
            if (metric.kind != AggregateKind::kCount) {
                return Invalid("search_aggregation: '*' is only valid for 'count' op, got ",
                               spec.op);
            }
            metric.kind = AggregateKind::kCountRows;
        } else if (spec.field == kScore) {
            metric.source.is_score = true;
        } else {
            const schema::FieldSchema* field = schema_.FindField(spec.field);
            if (field == nullptr) {
                return Invalid("search_aggregation: field ", spec.field, " not exist");
            }
            if (!reduce::CanAggregate(metric.kind, field->type) ||
                !reduce::IsSortable(field->type)) {
                return Invalid("search_aggregation: metric op ", spec.op,
                               " does not support field ", spec.field, " of data type ",
                               schema::DataTypeName(field->type));
            }
            metric.source.field = PositionOf(*field);
        }
        level->metrics.emplace(alias, metric);
        return base::Status();
    }

    base::Status AddOrder(const AggregationOrder& spec, AggregationPlan::Level* level) {
        using By = AggregationPlan::BucketOrder::By;
        AggregationPlan::BucketOrder order;
        ASSIGN_OR_RETURN(order.descending, IsDescending(spec));
        order.nulls_first = spec.nulls_first;
        if (spec.key == "_count") {
            order.by = By::kCount;
        } else if (spec.key == "_key") {
            order.by = By::kKey;
        } else if (level->metrics.contains(spec.key)) {
            order.by = By::kMetric;
            order.alias = spec.key;
        } else {
            return Invalid("search_aggregation: order key [", spec.key,
                           "] must be a metric alias, _count or _key");
        }
        level->order.push_back(std::move(order));
        return base::Status();
    }

    base::Status AddTopHits(const TopHits& spec, AggregationPlan::Level* level) {
        if (spec.size < 1 || spec.size > limits_.max_aggregation_entries) {
            return Invalid("search_aggregation: top_hits size [", spec.size,
                           "] is invalid, it should be in range [1, ",
                           limits_.max_aggregation_entries, "]");
        }
        level->top_hits = static_cast<size_t>(spec.size);
        for (const AggregationOrder& sort : spec.sort) {
            AggregationPlan::HitOrder order;
            ASSIGN_OR_RETURN(order.descending, IsDescending(sort));
            order.nulls_first = sort.nulls_first;
            order.source.is_score = sort.key == kScore;
            if (!order.source.is_score) {
                const schema::FieldSchema* field = schema_.FindField(sort.key);
                if (field == nullptr || !reduce::IsSortable(field->type)) {
                    return Invalid("search_aggregation: top_hits cannot be sorted by [", sort.key,
                                   "], use _score or a scalar field");
                }
                order.source.field = PositionOf(*field);
            }
            level->hit_order.push_back(order);
        }
        return base::Status();
    }

    const schema::CollectionSchema& schema_;
    const Limits& limits_;
    AggregationPlan& plan_;
    std::set<base::FieldId> keys_;
    int64_t entries_ = 1;  // buckets of the innermost level
    int64_t groups_ = 1;
};

}  // namespace

base::Result<AggregationPlan> PlanAggregation(const schema::CollectionSchema& schema,
                                              const AggregationSpec& spec,
                                              const SearchSettings& settings,
                                              const SearchShape& shape, const Limits& limits) {
    const std::pair<bool, std::string_view> beside[] = {
        {settings.offset != 0, "offset"},
        {settings.iterator, "search iterator"},
        {shape.groups.has_value(), "group_by_field"},
        {!shape.order_by.empty(), "order_by_fields"},
        {shape.recall, "enable_recall_calculation"},
    };
    for (const auto& [present, name] : beside) {
        if (present) {
            return Invalid("search_aggregation cannot be used with ", name);
        }
    }
    if (spec.size() > kLevelsMax) {
        return Invalid("search_aggregation has ", spec.size(), " levels, at most ", kLevelsMax,
                       " are allowed");
    }
    AggregationPlan plan;
    Planner planner(schema, limits, &plan);
    for (const AggregationLevel& level : spec) {
        RETURN_IF_ERROR(planner.AddLevel(level));
    }
    RETURN_IF_ERROR(planner.Finish());
    return plan;
}

base::Result<roles::SearchResponse> AggregationPool(
    ProxyCore& core, const base::CallContext& context, const roles::CollectionInfo& collection,
    const AggregationPlan& plan, const roles::SearchRequest& request,
    const std::vector<base::Timestamp>& moments, roles::SearchResponse list) {
    roles::SearchRequest grouped = request;
    grouped.grouping = plan.grouping;
    grouped.k = plan.groups;
    grouped.profile = false;
    ASSIGN_OR_RETURN(roles::SearchResponse groups,
                     SearchShards(core, context, collection, grouped, moments));
    ASSIGN_OR_RETURN(groups, FillGroups(core, context, collection, grouped, moments,
                                        std::move(groups), {0, plan.groups}));
    const size_t hits = list.addresses.size() + groups.addresses.size();
    const std::vector<roles::SearchResponse> parts = {std::move(list), std::move(groups)};
    return reduce::MergeSearches(parts, request.metric, request.answers(),
                                 static_cast<uint32_t>(hits));
}

base::Status FillBuckets(ProxyCore& core, const base::CallContext& context,
                         const roles::CollectionInfo& collection, const AggregationPlan& plan,
                         const OutputSelection& selection, const roles::SearchResponse& pool,
                         SearchResults* results) {
    results->is_aggregation = true;
    ASSIGN_OR_RETURN(
        const schema::ColumnBatch columns,
        FetchHitColumns(core, context, collection, {pool.keys, pool.addresses}, plan.fields));
    BucketBuilder builder(plan, pool, columns);
    RETURN_IF_ERROR(builder.Build(results));
    const std::vector<size_t>& shown = builder.shown_hits();
    if (selection.fields.empty() || shown.empty()) {
        return base::Status();
    }
    RowPlaces rows;
    for (const size_t hit : shown) {
        rows.Append(pool.keys.At(hit), pool.addresses[hit]);
    }
    ASSIGN_OR_RETURN(const schema::ColumnBatch batch,
                     FetchHitColumns(core, context, collection, std::move(rows), selection.fields));
    ASSIGN_OR_RETURN(const std::vector<OutputColumn> output, MakeOutputColumns(selection, batch));
    builder.AddHitFields(output, results);
    return base::Status();
}

}  // namespace elanus::proxy
