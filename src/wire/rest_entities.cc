// Rows: insert, upsert, delete, query, get, search.

#include "base/mutex.h"
#include "expr/template_values.h"
#include "proxy/aggregate_query.h"
#include "proxy/partial_update.h"
#include "proxy/read_report.h"
#include "sys/stopwatch.h"
#include "wire/aggregation_codec.h"
#include "wire/rest_error.h"
#include "wire/rest_routes.h"
#include "wire/rest_row_reader.h"
#include "wire/rest_schema.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

namespace elanus::wire {
namespace {

using base::InvalidParameter;
using base::Result;
using base::Status;
using json::Value;

constexpr int64_t kDefaultLimit = 100;
constexpr std::string_view kCostMember = ",\"cost\":0";

// The answer of a mutation, for the worker that waits for it. Shared with the callback, which may
// come when the worker has given up.
class PendingMutation {
  public:
    void Set(Result<proxy::MutationResult> result) {
        const base::MutexLock lock(mutex_);
        result_ = std::move(result);
        done_.NotifyAll();
    }

    Result<proxy::MutationResult> Wait(const base::CallContext& context, sys::Clock& clock) {
        constexpr std::chrono::milliseconds kCancelCheck(100);
        const base::MutexLock lock(mutex_);
        while (!result_.has_value()) {
            const int64_t now_ns = clock.MonotonicNs();
            RETURN_IF_ERROR(context.Check(now_ns));
            const std::chrono::nanoseconds left(context.deadline_ns ==
                                                        base::CallContext::kNoDeadline
                                                    ? INT64_MAX
                                                    : context.deadline_ns - now_ns + 1);
            done_.WaitFor(mutex_, std::min<std::chrono::nanoseconds>(left, kCancelCheck));
        }
        return std::move(*result_);
    }

  private:
    base::Mutex mutex_;
    base::CondVar done_;
    std::optional<Result<proxy::MutationResult>> result_ GUARDED_BY(mutex_);
};

// Starts a mutation and waits for its end.
template <typename Start>
Result<proxy::MutationResult> Await(const RestCall& call, sys::Clock& clock, Start start) {
    const auto pending = std::make_shared<PendingMutation>();
    start([pending](Result<proxy::MutationResult> result) { pending->Set(std::move(result)); });
    return pending->Wait(call.context, clock);
}

Result<expr::TemplateValues> ReadTemplates(const RestBody& body) {
    expr::TemplateValues templates;
    ASSIGN_OR_RETURN(const RestBody params, body.Object("exprParams"));
    for (const auto& [name, raw] : params.members()) {
        Result<expr::Value> value = expr::ValueFromJson(raw);
        if (!value.ok()) {
            return value.status().Annotate("exprParams [" + name + "]");
        }
        templates.emplace(name, std::move(*value));
    }
    return templates;
}

// A read without a level is made at the collection's own.
Result<proxy::Consistency> ReadReadConsistency(const RestBody& body) {
    proxy::Consistency consistency;
    ASSIGN_OR_RETURN(const std::optional<roles::ConsistencyLevel> level, ReadConsistency(body));
    consistency.use_default = !level.has_value();
    consistency.level = level.value_or(roles::ConsistencyLevel::kBounded);
    return consistency;
}

// partitionNames, and the single partitionName that `get` also takes.
Result<std::vector<std::string>> ReadPartitions(const RestBody& body) {
    ASSIGN_OR_RETURN(std::vector<std::string> names, body.Texts("partitionNames"));
    ASSIGN_OR_RETURN(std::string name, body.Text("partitionName"));
    if (!name.empty()) {
        names.push_back(std::move(name));
    }
    return names;
}

Result<std::vector<std::string>> ReadOutputFields(const RestBody& body) {
    ASSIGN_OR_RETURN(std::vector<std::string> names, body.Texts("outputFields"));
    if (names.empty()) {
        names.emplace_back("*");
    }
    return names;
}

// What query and get share.
Result<proxy::QueryRequest> ReadQueryBasics(const RestCall& call) {
    proxy::QueryRequest request;
    request.database = call.database;
    ASSIGN_OR_RETURN(request.collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(request.partitions, ReadPartitions(call.body));
    ASSIGN_OR_RETURN(request.output_fields, ReadOutputFields(call.body));
    ASSIGN_OR_RETURN(request.consistency, ReadReadConsistency(call.body));
    return request;
}

// One row of aggregates, which cannot be paged: some output is one, and nothing groups the rows.
bool IsOneAggregate(const std::vector<std::string>& output_fields) {
    return std::any_of(output_fields.begin(), output_fields.end(), [](const std::string& name) {
        return proxy::ReadAggregate(name).has_value();
    });
}

// A list of names as the comma list that gRPC clients send.
Result<std::string> ReadNameList(const RestBody& body, std::string_view key) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, body.Texts(key));
    std::string list;
    for (const std::string& name : names) {
        list.append(list.empty() ? "" : ",").append(name);
    }
    return list;
}

expr::Value KeyList(const schema::PrimaryKeys& keys) {
    expr::Value::List list;
    for (size_t i = 0; i < keys.size(); ++i) {
        list.push_back(keys.is_string ? expr::Value(keys.strings[i]) : expr::Value(keys.ints[i]));
    }
    return list;
}

Status CheckAbsent(const RestBody& body, std::string_view key) {
    return body.Has(key) ? NotYet(key) : Status();
}

// fieldOps[{fieldName, op}]: the names of FieldPartialUpdateOp.OpType.
Result<std::vector<proxy::FieldOp>> ReadFieldOps(const RestBody& body) {
    ASSIGN_OR_RETURN(const std::vector<RestBody> objects, body.Objects("fieldOps"));
    std::vector<proxy::FieldOp> ops;
    for (const RestBody& object : objects) {
        proxy::FieldOp op;
        ASSIGN_OR_RETURN(op.field, object.RequiredText("fieldName"));
        ASSIGN_OR_RETURN(const std::string name, object.Text("op"));
        if (name == "ARRAY_APPEND") {
            op.kind = proxy::FieldOp::Kind::kArrayAppend;
        } else if (name == "ARRAY_REMOVE") {
            op.kind = proxy::FieldOp::Kind::kArrayRemove;
        } else if (!name.empty() && name != "REPLACE") {
            return base::InvalidParameter("unknown field operation " + name);
        }
        ops.push_back(std::move(op));
    }
    return ops;
}

// searchParams{metricType, params{..}, radius ..}: flat members and those of `params` mean the
// same, so one given twice must agree.
Status ReadSearchParams(const RestBody& body, proxy::KeyValues* out) {
    ASSIGN_OR_RETURN(const RestBody search, body.Object("searchParams"));
    ASSIGN_OR_RETURN(const proxy::KeyValues flat, body.Pairs("searchParams"));
    ASSIGN_OR_RETURN(const proxy::KeyValues nested, search.Pairs("params"));
    for (const auto& [key, value] : flat) {
        const auto other = nested.find(key);
        if (other != nested.end() && other->second != value) {
            return InvalidParameter("ambiguous parameter: " + key + ", in search_param: " + value +
                                    ", in search_param.params: " + other->second);
        }
        if (key != "params") {
            (*out)[key == "metricType" ? "metric_type" : key] = value;
        }
    }
    if (search.Has("params")) {
        (*out)["params"] = search.Raw("params");
    }
    return Status();
}

// `profile` of the body; of a search it may stand in searchParams as well.
Status ReadProfile(const RestBody& body, proxy::KeyValues* out) {
    ASSIGN_OR_RETURN(const bool on, body.Bool("profile"));
    if (on) {
        (*out)["profile"] = "true";
    }
    return Status();
}

// The profile's members of a reply: beside `data`, an object and the same as text.
std::string ProfileMembers(const proxy::RenderedProfile& profile) {
    std::string members = ",\"profile\":" + profile.json + ",\"profileText\":";
    json::WriteString(profile.text, &members);
    return members;
}

Status ReadGrouping(const RestBody& body, proxy::KeyValues* out) {
    ASSIGN_OR_RETURN(const std::string field, body.Text("groupingField"));
    if (field.empty()) {
        return Status();
    }
    ASSIGN_OR_RETURN(const int64_t size, body.Int("groupSize", 0, 0, INT32_MAX));
    ASSIGN_OR_RETURN(const bool strict, body.Bool("strictGroupSize"));
    (*out)["group_by_field"] = field;
    if (size > 0) {
        (*out)["group_size"] = std::to_string(size);
    }
    (*out)["strict_group_size"] = strict ? "true" : "false";
    return Status();
}

// What a reply to a search tells beside `data`: how its hits or buckets belong to the queries, and
// the recall of each.
std::string CountMembers(const proxy::SearchResults& results) {
    std::string members = results.is_aggregation
                              ? ",\"aggTopks\":" + WriteCounts(results.bucket_counts)
                              : ",\"topks\":" + WriteCounts(results.counts);
    for (size_t i = 0; i < results.recalls.size(); ++i) {
        members.append(i == 0 ? ",\"recalls\":[" : ",");
        AppendFloat(results.recalls[i], &members);
    }
    return results.recalls.empty() ? members : members + "]";
}

// The field that the query vectors are for; null when the proxy will not find one either.
// Sub-fields of struct arrays are named `struct[sub]`.
const schema::FieldSchema* VectorField(const schema::CollectionSchema& schema,
                                       std::string_view name) {
    const schema::FieldSchema* only = nullptr;
    for (const schema::FieldSchema& field : schema.fields) {
        if (schema::IsVector(field.type) && (name.empty() || field.name == name)) {
            if (only != nullptr) {
                return nullptr;  // the search says that it has to name one
            }
            only = &field;
        }
        for (const schema::FieldSchema& sub_field : field.sub_fields) {
            if (schema::IsVector(sub_field.type) &&
                field.name + "[" + sub_field.name + "]" == name) {
                return &sub_field;
            }
        }
    }
    return only;
}

// {"functions": [{"name", "type": "Rerank", "inputFieldNames", "params"}], "params": {..}}
Result<proxy::FunctionScore> ReadFunctionScore(const RestBody& body) {
    proxy::FunctionScore score;
    ASSIGN_OR_RETURN(const RestBody object, body.Object("functionScore"));
    ASSIGN_OR_RETURN(const std::vector<RestBody> functions, object.Objects("functions"));
    for (const RestBody& in : functions) {
        schema::FunctionSchema function;
        ASSIGN_OR_RETURN(function.name, in.Text("name"));
        ASSIGN_OR_RETURN(function.description, in.Text("description"));
        ASSIGN_OR_RETURN(const std::string type, in.Text("type"));
        if (type != "Rerank") {
            return InvalidParameter("function " + function.name + " of type [" + type +
                                    "] is not rerank function");
        }
        function.type = schema::FunctionType::kRerank;
        ASSIGN_OR_RETURN(function.input_field_names, in.Texts("inputFieldNames"));
        ASSIGN_OR_RETURN(function.output_field_names, in.Texts("outputFieldNames"));
        ASSIGN_OR_RETURN(function.params, in.Pairs("params"));
        score.functions.push_back(std::move(function));
    }
    ASSIGN_OR_RETURN(score.params, object.Pairs("params"));
    return score;
}

Result<proxy::KeyValues> ReadSearchSettings(const RestBody& body) {
    proxy::KeyValues settings;
    RETURN_IF_ERROR(ReadSearchParams(body, &settings));
    RETURN_IF_ERROR(ReadGrouping(body, &settings));
    if (body.Has("orderByFields")) {
        ASSIGN_OR_RETURN(settings["order_by_fields"], ReadNameList(body, "orderByFields"));
    }
    ASSIGN_OR_RETURN(const std::string field, body.Text("annsField"));
    ASSIGN_OR_RETURN(const int64_t limit, body.Int("limit", kDefaultLimit, INT32_MIN, INT32_MAX));
    ASSIGN_OR_RETURN(const int64_t offset, body.Int("offset", 0, INT32_MIN, INT32_MAX));
    settings["anns_field"] = field;
    settings["topk"] = std::to_string(limit);
    settings["offset"] = std::to_string(offset);
    return settings;
}

// One of `search` of a hybrid search: its parameters flat, in `params`, or as a search has them.
Result<proxy::SearchRequest> ReadHybridList(const RestBody& list,
                                            const roles::CollectionInfo& info) {
    proxy::SearchRequest request;
    RETURN_IF_ERROR(ReadSearchParams(list, &request.search_params));
    ASSIGN_OR_RETURN(const std::string metric, list.Text("metricType"));
    ASSIGN_OR_RETURN(const std::string field, list.Text("annsField"));
    ASSIGN_OR_RETURN(const int64_t limit, list.Int("limit", 0, INT32_MIN, INT32_MAX));
    ASSIGN_OR_RETURN(const bool ignore_growing, list.Bool("ignoreGrowing"));
    if (!metric.empty()) {
        request.search_params["metric_type"] = metric;
    }
    if (list.Has("params")) {
        RETURN_IF_ERROR(list.Object("params").status());
        request.search_params["params"] = list.Raw("params");
    }
    if (list.Has("limit")) {
        request.search_params["topk"] = std::to_string(limit);
    }
    if (ignore_growing) {
        request.search_params["ignore_growing"] = "true";
    }
    request.search_params["anns_field"] = field;
    ASSIGN_OR_RETURN(request.filter, list.Text("filter"));
    ASSIGN_OR_RETURN(request.templates, ReadTemplates(list));
    const std::string_view data = list.Raw("data");
    if (data.empty()) {
        return MissingRequired("field [data] of each search is required");
    }
    ASSIGN_OR_RETURN(request.vectors, ReadRestVectors(data, VectorField(info.schema, field)));
    return request;
}

// rerank{strategy, params}, limit, offset, grouping.
Result<proxy::KeyValues> ReadRankParams(const RestBody& body) {
    proxy::KeyValues rank;
    ASSIGN_OR_RETURN(const RestBody rerank, body.Object("rerank"));
    ASSIGN_OR_RETURN(const std::string strategy, rerank.Text("strategy"));
    if (!strategy.empty()) {
        rank["strategy"] = strategy;
    }
    if (rerank.Has("params")) {
        RETURN_IF_ERROR(rerank.Object("params").status());
        rank["params"] = rerank.Raw("params");
    }
    ASSIGN_OR_RETURN(const int64_t limit, body.Int("limit", kDefaultLimit, INT32_MIN, INT32_MAX));
    ASSIGN_OR_RETURN(const int64_t offset, body.Int("offset", 0, INT32_MIN, INT32_MAX));
    rank["limit"] = std::to_string(limit);
    rank["offset"] = std::to_string(offset);
    ASSIGN_OR_RETURN(const std::string scorer, body.Text("rankGroupScorer"));
    if (!scorer.empty()) {
        rank["rank_group_scorer"] = scorer;
    }
    RETURN_IF_ERROR(ReadGrouping(body, &rank));
    RETURN_IF_ERROR(ReadProfile(body, &rank));
    return rank;
}

}  // namespace

Result<proxy::InsertRequest> RestRoutes::ReadInsert(const RestCall& call, bool insert) {
    proxy::InsertRequest request;
    request.database = call.database;
    ASSIGN_OR_RETURN(request.collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(request.partition, call.body.Text("partitionName"));
    const std::string_view data = call.body.Raw("data");
    if (data.empty()) {
        return MissingRequired("field [data] is required");
    }
    if (!insert) {
        ASSIGN_OR_RETURN(request.partial_update, call.body.Bool("partialUpdate"));
        ASSIGN_OR_RETURN(request.field_ops, ReadFieldOps(call.body));
        request.partial_update = proxy::IsPartialUpdate(request);
    }
    ASSIGN_OR_RETURN(const roles::CollectionInfo info,
                     proxy_.DescribeCollection(call.context, call.database, request.collection));
    ASSIGN_OR_RETURN(RestRows rows, ReadRestRows(info, data, {insert, request.partial_update}));
    request.columns = std::move(rows.columns);
    request.num_rows = rows.count;
    return request;
}

RestResult RestRoutes::Insert(const RestCall& call) {
    ASSIGN_OR_RETURN(proxy::InsertRequest request, ReadInsert(call, true));
    ASSIGN_OR_RETURN(const proxy::MutationResult result,
                     Await(call, clock_, [&](proxy::MutationCallback done) {
                         proxy_.Insert(call.context, std::move(request), std::move(done));
                     }));
    return RestReply{"{\"insertCount\":" + std::to_string(result.insert_count) +
                         ",\"insertIds\":" + WriteKeys(result.ids, call.int64_form) + "}",
                     std::string(kCostMember)};
}

RestResult RestRoutes::Upsert(const RestCall& call) {
    ASSIGN_OR_RETURN(proxy::InsertRequest request, ReadInsert(call, false));
    ASSIGN_OR_RETURN(const proxy::MutationResult result,
                     Await(call, clock_, [&](proxy::MutationCallback done) {
                         proxy_.Upsert(call.context, std::move(request), std::move(done));
                     }));
    return RestReply{"{\"upsertCount\":" + std::to_string(result.upsert_count) +
                         ",\"upsertIds\":" + WriteKeys(result.ids, call.int64_form) + "}",
                     std::string(kCostMember)};
}

RestResult RestRoutes::Delete(const RestCall& call) {
    proxy::DeleteRequest request;
    request.database = call.database;
    ASSIGN_OR_RETURN(request.collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(request.filter, call.body.RequiredText("filter"));
    ASSIGN_OR_RETURN(request.partition, call.body.Text("partitionName"));
    ASSIGN_OR_RETURN(request.templates, ReadTemplates(call.body));
    request.consistency.level = roles::ConsistencyLevel::kStrong;
    ASSIGN_OR_RETURN(const proxy::MutationResult result,
                     Await(call, clock_, [&](proxy::MutationCallback done) {
                         proxy_.Delete(call.context, std::move(request), std::move(done));
                     }));
    return RestReply{"{\"deleteCount\":" + std::to_string(result.delete_count) + "}",
                     std::string(kCostMember)};
}

RestResult RestRoutes::QueryRows(const RestCall& call, proxy::QueryRequest request) {
    RETURN_IF_ERROR(ReadProfile(call.body, &request.query_params));
    ASSIGN_OR_RETURN(const proxy::QueryResults results, proxy_.Query(call.context, request));
    if (results.report == nullptr) {
        return RestReply{WriteQueryRows(results, call.int64_form), std::string(kCostMember)};
    }
    uint64_t encode_ns = 0;
    RestReply reply;
    {
        const sys::Stopwatch watch(clock_, &encode_ns);
        reply.data = WriteQueryRows(results, call.int64_form);
    }
    const proxy::RenderedProfile profile = proxy::RenderProfile(*results.report, encode_ns);
    if (results.report->replaces_rows) {
        reply.data = WriteQueryRows(proxy::ProfileAsRow(profile, *results.report), call.int64_form);
    }
    reply.more = std::string(kCostMember) + ProfileMembers(profile);
    return reply;
}

RestResult RestRoutes::Query(const RestCall& call) {
    ASSIGN_OR_RETURN(proxy::QueryRequest request, ReadQueryBasics(call));
    ASSIGN_OR_RETURN(request.filter, call.body.Text("filter"));
    ASSIGN_OR_RETURN(request.templates, ReadTemplates(call.body));
    ASSIGN_OR_RETURN(const int64_t limit,
                     call.body.Int("limit", kDefaultLimit, INT32_MIN, INT32_MAX));
    ASSIGN_OR_RETURN(const int64_t offset, call.body.Int("offset", 0, INT32_MIN, INT32_MAX));
    ASSIGN_OR_RETURN(std::string group_by, ReadNameList(call.body, "groupByFields"));
    ASSIGN_OR_RETURN(std::string order_by, ReadNameList(call.body, "orderByFields"));
    const bool pages = !group_by.empty() || !IsOneAggregate(request.output_fields);
    request.query_params["group_by_fields"] = std::move(group_by);
    request.query_params["order_by_fields"] = std::move(order_by);
    // Limit 0 means none.
    if (limit != 0 && pages) {
        request.query_params["limit"] = std::to_string(limit);
        request.query_params["offset"] = std::to_string(offset);
    }
    return QueryRows(call, std::move(request));
}

RestResult RestRoutes::Get(const RestCall& call) {
    ASSIGN_OR_RETURN(proxy::QueryRequest request, ReadQueryBasics(call));
    const std::string_view ids = call.body.Raw("id");
    if (ids.empty()) {
        return MissingRequired("field [id] is required");
    }
    ASSIGN_OR_RETURN(const roles::CollectionInfo info,
                     proxy_.DescribeCollection(call.context, call.database, request.collection));
    const schema::FieldSchema& key_field = *info.schema.primary_key();
    ASSIGN_OR_RETURN(const schema::PrimaryKeys keys, ReadRestKeys(key_field, ids));
    request.filter = key_field.name + " in {ids}";
    request.templates.emplace("ids", KeyList(keys));
    return QueryRows(call, std::move(request));
}

namespace {

// {"type": "Lexical", "params": {..}}, or the parameters beside the type.
Result<std::optional<proxy::Highlighter>> ReadHighlighter(const RestBody& body) {
    if (!body.Has("highlighter")) {
        return std::optional<proxy::Highlighter>();
    }
    ASSIGN_OR_RETURN(const RestBody given, body.Object("highlighter"));
    proxy::Highlighter highlighter;
    ASSIGN_OR_RETURN(const std::string type, given.Text("type"));
    if (type == "Semantic" || type == "semantic") {
        highlighter.type = proxy::Highlighter::Type::kSemantic;
    } else if (!type.empty() && type != "Lexical" && type != "lexical") {
        return InvalidParameter("unknown highlighter type: " + type);
    }
    ASSIGN_OR_RETURN(highlighter.params, body.Pairs("highlighter"));
    if (given.Has("params")) {
        ASSIGN_OR_RETURN(highlighter.params, given.Pairs("params"));
    }
    return std::optional<proxy::Highlighter>(std::move(highlighter));
}

}  // namespace

RestResult RestRoutes::Search(const RestCall& call) {
    proxy::SearchRequest request;
    request.database = call.database;
    ASSIGN_OR_RETURN(request.collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(request.aggregation, ReadRestAggregation(call.body));
    ASSIGN_OR_RETURN(request.partitions, ReadPartitions(call.body));
    ASSIGN_OR_RETURN(request.filter, call.body.Text("filter"));
    ASSIGN_OR_RETURN(request.templates, ReadTemplates(call.body));
    ASSIGN_OR_RETURN(request.output_fields, call.body.Texts("outputFields"));
    ASSIGN_OR_RETURN(request.consistency, ReadReadConsistency(call.body));
    ASSIGN_OR_RETURN(request.search_params, ReadSearchSettings(call.body));
    RETURN_IF_ERROR(ReadProfile(call.body, &request.search_params));
    ASSIGN_OR_RETURN(request.function_score, ReadFunctionScore(call.body));
    ASSIGN_OR_RETURN(request.highlighter, ReadHighlighter(call.body));
    const std::string_view data = call.body.Raw("data");
    const std::string_view ids = call.body.Raw("ids");
    if (data.empty() == ids.empty()) {
        return data.empty() ? MissingRequired("field [data] is required")
                            : InvalidParameter("data and ids cannot be given together");
    }
    ASSIGN_OR_RETURN(const roles::CollectionInfo info,
                     proxy_.DescribeCollection(call.context, call.database, request.collection));
    if (ids.empty()) {
        ASSIGN_OR_RETURN(
            request.vectors,
            ReadRestVectors(data, VectorField(info.schema, request.search_params["anns_field"])));
    } else {
        ASSIGN_OR_RETURN(request.ids, ReadRestKeys(*info.schema.primary_key(), ids));
    }
    return SearchReply(call, proxy_.Search(call.context, request));
}

RestResult RestRoutes::SearchReply(const RestCall& call,
                                   const Result<proxy::SearchResults>& searched) {
    RETURN_IF_ERROR(searched.status());
    const proxy::SearchResults& results = *searched;
    uint64_t encode_ns = 0;
    RestReply reply;
    {
        const sys::Stopwatch watch(clock_, &encode_ns);
        reply.data = results.is_aggregation ? WriteBuckets(results, call.int64_form)
                                            : WriteSearchRows(results, call.int64_form);
    }
    reply.more = std::string(kCostMember) + CountMembers(results);
    if (results.report != nullptr) {
        reply.more += ProfileMembers(proxy::RenderProfile(*results.report, encode_ns));
    }
    return reply;
}

RestResult RestRoutes::HybridSearch(const RestCall& call) {
    proxy::HybridSearchRequest request;
    request.database = call.database;
    ASSIGN_OR_RETURN(request.collection, call.body.RequiredText("collectionName"));
    for (const std::string_view unsupported : {"searchAggregation", "highlighter"}) {
        RETURN_IF_ERROR(CheckAbsent(call.body, unsupported));
    }
    ASSIGN_OR_RETURN(request.partitions, ReadPartitions(call.body));
    ASSIGN_OR_RETURN(request.output_fields, call.body.Texts("outputFields"));
    ASSIGN_OR_RETURN(request.consistency, ReadReadConsistency(call.body));
    ASSIGN_OR_RETURN(request.rank_params, ReadRankParams(call.body));
    ASSIGN_OR_RETURN(request.function_score, ReadFunctionScore(call.body));
    if (!call.body.Has("search")) {
        return MissingRequired("field [search] is required");
    }
    ASSIGN_OR_RETURN(const std::vector<RestBody> lists, call.body.Objects("search"));
    ASSIGN_OR_RETURN(const roles::CollectionInfo info,
                     proxy_.DescribeCollection(call.context, call.database, request.collection));
    for (const RestBody& list : lists) {
        ASSIGN_OR_RETURN(proxy::SearchRequest search, ReadHybridList(list, info));
        request.lists.push_back(std::move(search));
    }
    return SearchReply(call, proxy_.HybridSearch(call.context, request));
}

}  // namespace elanus::wire
