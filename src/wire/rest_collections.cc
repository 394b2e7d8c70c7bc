// Collections and their load state.

#include "roles/errors.h"
#include "wire/compaction_counts.h"
#include "wire/rest_error.h"
#include "wire/rest_routes.h"
#include "wire/rest_schema.h"

#include <algorithm>

namespace elanus::wire {
namespace {

using base::Result;
using base::Status;
using json::Value;

constexpr int64_t kLoadPollMs = 5;
constexpr int64_t kLoadWaitMsMax = 60'000;

std::string DatabaseName(const RestCall& call) {
    return call.database.empty() ? std::string(roles::kDefaultDatabase) : call.database;
}

std::string_view LoadStateName(roles::LoadState state) {
    switch (state) {
        case roles::LoadState::kNotExist:
            return "LoadStateNotExist";
        case roles::LoadState::kNotLoad:
            return "LoadStateNotLoad";
        case roles::LoadState::kLoading:
            return "LoadStateLoading";
        case roles::LoadState::kLoaded:
            return "LoadStateLoaded";
    }
    return "LoadStateNotExist";
}

Value IndexSummaries(const std::vector<roles::IndexProgress>& indexes) {
    Value list = Value::Array();
    for (const roles::IndexProgress& progress : indexes) {
        list.Append(Value()
                        .Add("indexName", progress.index.name)
                        .Add("fieldName", progress.index.field_name)
                        .Add("metricType", progress.index.metric_type));
    }
    return list;
}

}  // namespace

RestResult RestRoutes::ListCollections(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::vector<roles::CollectionInfo> collections,
                     proxy_.ListCollections(call.context, call.database));
    Value names = Value::Array();
    for (const roles::CollectionInfo& info : collections) {
        names.Append(info.schema.name);
    }
    return ReplyWith(names);
}

RestResult RestRoutes::HasCollection(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const bool has, proxy_.HasCollection(call.context, call.database, collection));
    Value data;
    data.Add("has", has);
    return ReplyWith(data);
}

RestResult RestRoutes::DescribeCollection(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const roles::CollectionInfo info,
                     proxy_.DescribeCollection(call.context, call.database, collection));
    ASSIGN_OR_RETURN(const roles::LoadStatus load,
                     proxy_.GetLoadStatus(call.context, call.database, collection, {}));
    const auto indexes = proxy_.DescribeIndex(call.context, {call.database, collection, "", ""});
    if (!indexes.ok() && indexes.status().code() != base::Code::kIndexNotFound) {
        return indexes.status();
    }
    Value data = DescribeObject(info);
    data.Add("indexes",
             IndexSummaries(indexes.ok() ? *indexes : std::vector<roles::IndexProgress>()));
    data.Add("load", LoadStateName(load.state));
    return ReplyWith(data, R"(,"message":"")");
}

RestResult RestRoutes::CollectionStats(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const uint64_t rows,
                     proxy_.CountRows(call.context, call.database, collection, ""));
    Value data;
    data.Add("rowCount", rows);
    return ReplyWith(data);
}

RestResult RestRoutes::LoadState(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const std::vector<std::string> partitions, call.body.Texts("partitionNames"));
    ASSIGN_OR_RETURN(const roles::LoadStatus load,
                     proxy_.GetLoadStatus(call.context, call.database, collection, partitions));
    if (load.state == roles::LoadState::kNotExist) {
        return roles::CollectionNotFound(DatabaseName(call), collection);
    }
    Value data;
    data.Add("loadState", LoadStateName(load.state));
    if (load.state != roles::LoadState::kNotLoad) {
        data.Add("loadProgress", load.progress);
    }
    return ReplyWith(data);
}

RestResult RestRoutes::CreateCollection(const RestCall& call) {
    ASSIGN_OR_RETURN(RestCreate create, ReadCreate(call.body, call.database));
    const std::string name = create.collection.name;
    RETURN_IF_ERROR(proxy_.CreateCollection(call.context, std::move(create.collection)));
    for (const proxy::CreateIndexRequest& index : create.indexes) {
        RETURN_IF_ERROR(proxy_.CreateIndex(call.context, index));
    }
    if (create.load) {
        RETURN_IF_ERROR(proxy_.Load(call.context, call.database, name, {}, {}, 1, false));
        RETURN_IF_ERROR(WaitUntilLoaded(call, name));
    }
    return RestReply();
}

Status RestRoutes::WaitUntilLoaded(const RestCall& call, const std::string& collection) {
    const int64_t give_up_ns = clock_.MonotonicNs() + kLoadWaitMsMax * 1'000'000;
    while (true) {
        ASSIGN_OR_RETURN(const roles::LoadStatus load,
                         proxy_.GetLoadStatus(call.context, call.database, collection, {}));
        if (load.state == roles::LoadState::kLoaded) {
            return Status();
        }
        if (load.state == roles::LoadState::kNotExist) {
            return roles::CollectionNotFound(DatabaseName(call), collection);
        }
        const int64_t now_ns = clock_.MonotonicNs();
        RETURN_IF_ERROR(call.context.Check(now_ns));
        if (now_ns > give_up_ns) {
            return Status::Error(base::Code::kTimeout, "the collection is still loading");
        }
        clock_.SleepMs(kLoadPollMs);
    }
}

RestResult RestRoutes::DropCollection(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    return ReplyTo(proxy_.DropCollection(call.context, call.database, collection));
}

Status RestRoutes::LoadCollection(const RestCall& call, bool refresh) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    return proxy_.Load(call.context, call.database, collection, {}, {}, 0, refresh);
}

RestResult RestRoutes::Load(const RestCall& call) {
    return ReplyTo(LoadCollection(call, false));
}

RestResult RestRoutes::RefreshLoad(const RestCall& call) {
    return ReplyTo(LoadCollection(call, true));
}

RestResult RestRoutes::Release(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    return ReplyTo(proxy_.Release(call.context, call.database, collection, {}));
}

RestResult RestRoutes::Flush(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    return ReplyTo(proxy_.Flush(call.context, call.database, {collection}).status());
}

RestResult RestRoutes::RenameCollection(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const std::string new_name, call.body.RequiredText("newCollectionName"));
    ASSIGN_OR_RETURN(const std::string new_database, call.body.Text("newDbName"));
    return ReplyTo(
        proxy_.RenameCollection(call.context, call.database, collection, new_name, new_database));
}

RestResult RestRoutes::AlterCollection(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const schema::KeyValues properties, call.body.Pairs("properties"));
    return ReplyTo(proxy_.AlterCollection(call.context, call.database, collection, properties, {}));
}

RestResult RestRoutes::DropCollectionProperties(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const std::vector<std::string> keys, call.body.Texts("propertyKeys"));
    return ReplyTo(proxy_.AlterCollection(call.context, call.database, collection, {}, keys));
}

RestResult RestRoutes::TruncateCollection(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    return ReplyTo(proxy_.TruncateCollection(call.context, call.database, collection));
}

RestResult RestRoutes::AddField(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const schema::FieldSchema field, ReadAddedField(call.body));
    return ReplyTo(proxy_.AddFields(call.context, call.database, collection, {field}));
}

RestResult RestRoutes::AddStructField(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const schema::FieldSchema field, ReadAddedStructField(call.body));
    return ReplyTo(proxy_.AddFields(call.context, call.database, collection, {field}));
}

RestResult RestRoutes::AlterField(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const std::string field, call.body.RequiredText("fieldName"));
    ASSIGN_OR_RETURN(const schema::KeyValues params, call.body.Pairs("fieldParams"));
    return ReplyTo(proxy_.AlterField(call.context, call.database, collection, field, params, {}));
}

RestResult RestRoutes::AddFunction(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const RestBody function, call.body.Object("function"));
    ASSIGN_OR_RETURN(const schema::FunctionSchema added, ReadFunction(function));
    return ReplyTo(proxy_.AddFunction(call.context, call.database, collection, added));
}

RestResult RestRoutes::AlterFunction(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(std::string name, call.body.Text("functionName"));
    ASSIGN_OR_RETURN(const RestBody function, call.body.Object("function"));
    ASSIGN_OR_RETURN(const schema::FunctionSchema altered, ReadFunction(function));
    return ReplyTo(proxy_.AlterFunction(call.context, call.database, collection,
                                        name.empty() ? altered.name : name, altered));
}

RestResult RestRoutes::DropFunction(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    // Milvus spells this key with a capital.
    ASSIGN_OR_RETURN(std::string name, call.body.Text("FunctionName"));
    if (name.empty()) {
        ASSIGN_OR_RETURN(name, call.body.RequiredText("functionName"));
    }
    return ReplyTo(proxy_.DropFunction(call.context, call.database, collection, name,
                                       /*drop_output_fields=*/false));
}

RestResult RestRoutes::Compact(const RestCall& call) {
    proxy::CompactRequest request;
    request.database = call.database;
    ASSIGN_OR_RETURN(request.collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const bool is_clustering, call.body.Bool("isClustering", false));
    request.kind = is_clustering ? roles::CompactionKind::kClustering : roles::CompactionKind::kMix;
    ASSIGN_OR_RETURN(const roles::CompactResponse compaction,
                     proxy_.Compact(call.context, request));
    Value data;
    data.Add("compactionID", compaction.compaction_id);
    return ReplyWith(data);
}

RestResult RestRoutes::CompactionState(const RestCall& call) {
    ASSIGN_OR_RETURN(const int64_t job, call.body.Int("jobID", 0, INT64_MIN, INT64_MAX));
    ASSIGN_OR_RETURN(const roles::CompactionStatus status, proxy_.GetCompaction(call.context, job));
    const CompactionCounts counts = CountPlans(status);
    Value data;
    data.Add("compactionID", job);
    data.Add("state", status.executing ? "Executing" : "Completed");
    data.Add("executingPlanNumber", counts.executing);
    data.Add("timeoutPlanNumber", 0);
    data.Add("completedPlanNumber", counts.completed);
    return ReplyWith(data);
}

}  // namespace elanus::wire
