// Partitions, aliases, indexes and databases.

#include "wire/rest_error.h"
#include "wire/rest_routes.h"
#include "wire/rest_schema.h"

namespace elanus::wire {
namespace {

using base::Result;
using json::Value;

struct PartitionName {
    std::string collection;
    std::string partition;
};

Result<PartitionName> ReadPartition(const RestBody& body) {
    PartitionName name;
    ASSIGN_OR_RETURN(name.collection, body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(name.partition, body.RequiredText("partitionName"));
    return name;
}

Result<proxy::IndexName> ReadIndexName(const RestCall& call) {
    proxy::IndexName name;
    name.database = call.database;
    ASSIGN_OR_RETURN(name.collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(name.index_name, call.body.RequiredText("indexName"));
    return name;
}

std::string_view IndexStateName(roles::IndexState state) {
    switch (state) {
        case roles::IndexState::kNone:
            return "IndexStateNone";
        case roles::IndexState::kUnissued:
            return "Unissued";
        case roles::IndexState::kInProgress:
            return "InProgress";
        case roles::IndexState::kFinished:
            return "Finished";
        case roles::IndexState::kFailed:
            return "Failed";
        case roles::IndexState::kRetry:
            return "Retry";
    }
    return "IndexStateNone";
}

Value IndexObject(const roles::IndexProgress& progress) {
    const roles::IndexInfo& index = progress.index;
    Value object;
    object.Add("indexName", index.name);
    object.Add("fieldName", index.field_name);
    object.Add("indexType", index.index_type);
    object.Add("metricType", index.metric_type);
    for (const char* key : {"mmap.enabled", "indexoffsetcache.enabled", "warmup"}) {
        const auto it = index.user_params.find(key);
        if (it != index.user_params.end()) {
            object.Add(key, it->second);
        }
    }
    object.Add("totalRows", progress.total_rows);
    object.Add("pendingRows", progress.pending_rows);
    object.Add("indexedRows", progress.indexed_rows);
    object.Add("indexState", IndexStateName(progress.state));
    object.Add("failReason", progress.fail_reason);
    object.Add("minIndexVersion", 0);
    object.Add("maxIndexVersion", 0);
    object.Add("indexParams", PairList(index.user_params));
    return object;
}

}  // namespace

RestResult RestRoutes::ListPartitions(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const std::vector<roles::PartitionInfo> partitions,
                     proxy_.ListPartitions(call.context, call.database, collection));
    Value names = Value::Array();
    for (const roles::PartitionInfo& partition : partitions) {
        names.Append(partition.name);
    }
    return ReplyWith(names);
}

RestResult RestRoutes::HasPartition(const RestCall& call) {
    ASSIGN_OR_RETURN(const PartitionName name, ReadPartition(call.body));
    ASSIGN_OR_RETURN(const bool has, proxy_.HasPartition(call.context, call.database,
                                                         name.collection, name.partition));
    Value data;
    data.Add("has", has);
    return ReplyWith(data);
}

RestResult RestRoutes::PartitionStats(const RestCall& call) {
    ASSIGN_OR_RETURN(const PartitionName name, ReadPartition(call.body));
    ASSIGN_OR_RETURN(const uint64_t rows, proxy_.CountRows(call.context, call.database,
                                                           name.collection, name.partition));
    Value data;
    data.Add("rowCount", rows);
    return ReplyWith(data);
}

RestResult RestRoutes::CreatePartition(const RestCall& call) {
    ASSIGN_OR_RETURN(const PartitionName name, ReadPartition(call.body));
    return ReplyTo(
        proxy_.CreatePartition(call.context, call.database, name.collection, name.partition));
}

RestResult RestRoutes::DropPartition(const RestCall& call) {
    ASSIGN_OR_RETURN(const PartitionName name, ReadPartition(call.body));
    return ReplyTo(
        proxy_.DropPartition(call.context, call.database, name.collection, name.partition));
}

RestResult RestRoutes::LoadPartitions(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const std::vector<std::string> names,
                     call.body.RequiredTexts("partitionNames"));
    return ReplyTo(proxy_.Load(call.context, call.database, collection, names, {}, 0, false));
}

RestResult RestRoutes::ReleasePartitions(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const std::vector<std::string> names,
                     call.body.RequiredTexts("partitionNames"));
    return ReplyTo(proxy_.Release(call.context, call.database, collection, names));
}

RestResult RestRoutes::ListAliases(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.Text("collectionName"));
    ASSIGN_OR_RETURN(const std::vector<roles::AliasInfo> aliases,
                     proxy_.ListAliases(call.context, call.database, collection));
    Value names = Value::Array();
    for (const roles::AliasInfo& alias : aliases) {
        names.Append(alias.alias);
    }
    return ReplyWith(names);
}

RestResult RestRoutes::DescribeAlias(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string alias, call.body.RequiredText("aliasName"));
    ASSIGN_OR_RETURN(const roles::AliasInfo info,
                     proxy_.DescribeAlias(call.context, call.database, alias));
    Value data;
    data.Add("dbName", info.database_name);
    data.Add("collectionName", info.collection_name);
    data.Add("aliasName", info.alias);
    return ReplyWith(data);
}

RestResult RestRoutes::CreateAlias(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string alias, call.body.RequiredText("aliasName"));
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    return ReplyTo(proxy_.CreateAlias(call.context, call.database, alias, collection));
}

RestResult RestRoutes::AlterAlias(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string alias, call.body.RequiredText("aliasName"));
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    return ReplyTo(proxy_.AlterAlias(call.context, call.database, alias, collection));
}

RestResult RestRoutes::DropAlias(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string alias, call.body.RequiredText("aliasName"));
    return ReplyTo(proxy_.DropAlias(call.context, call.database, alias));
}

RestResult RestRoutes::ListIndexes(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    const auto indexes = proxy_.DescribeIndex(call.context, {call.database, collection, "", ""});
    if (!indexes.ok() && indexes.status().code() != base::Code::kIndexNotFound) {
        return indexes.status();
    }
    Value names = Value::Array();
    for (const roles::IndexProgress& progress :
         indexes.ok() ? *indexes : std::vector<roles::IndexProgress>()) {
        names.Append(progress.index.name);
    }
    return ReplyWith(names);
}

RestResult RestRoutes::DescribeIndex(const RestCall& call) {
    ASSIGN_OR_RETURN(const proxy::IndexName name, ReadIndexName(call));
    ASSIGN_OR_RETURN(const std::vector<roles::IndexProgress> indexes,
                     proxy_.DescribeIndex(call.context, name));
    Value list = Value::Array();
    for (const roles::IndexProgress& progress : indexes) {
        list.Append(IndexObject(progress));
    }
    return ReplyWith(list);
}

RestResult RestRoutes::CreateIndex(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string collection, call.body.RequiredText("collectionName"));
    ASSIGN_OR_RETURN(const std::vector<proxy::CreateIndexRequest> indexes,
                     ReadIndexParams(call.body, call.database, collection));
    if (indexes.empty()) {
        return MissingRequired("field [indexParams] is required");
    }
    for (const proxy::CreateIndexRequest& index : indexes) {
        RETURN_IF_ERROR(proxy_.CreateIndex(call.context, index));
    }
    return RestReply();
}

RestResult RestRoutes::DropIndex(const RestCall& call) {
    ASSIGN_OR_RETURN(const proxy::IndexName name, ReadIndexName(call));
    return ReplyTo(proxy_.DropIndex(call.context, name));
}

RestResult RestRoutes::AlterIndex(const RestCall& call) {
    ASSIGN_OR_RETURN(const proxy::IndexName name, ReadIndexName(call));
    ASSIGN_OR_RETURN(const schema::KeyValues properties, call.body.Pairs("properties"));
    return ReplyTo(proxy_.AlterIndex(call.context, name, properties, {}));
}

RestResult RestRoutes::DropIndexProperties(const RestCall& call) {
    ASSIGN_OR_RETURN(const proxy::IndexName name, ReadIndexName(call));
    ASSIGN_OR_RETURN(const std::vector<std::string> keys, call.body.Texts("propertyKeys"));
    return ReplyTo(proxy_.AlterIndex(call.context, name, {}, keys));
}

RestResult RestRoutes::ListDatabases(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::vector<roles::DatabaseInfo> databases,
                     proxy_.ListDatabases(call.context));
    Value names = Value::Array();
    for (const roles::DatabaseInfo& database : databases) {
        names.Append(database.name);
    }
    return ReplyWith(names);
}

RestResult RestRoutes::CreateDatabase(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string name, call.body.RequiredText("dbName"));
    ASSIGN_OR_RETURN(const schema::KeyValues properties, call.body.Pairs("properties"));
    return ReplyTo(proxy_.CreateDatabase(call.context, name, properties));
}

RestResult RestRoutes::DropDatabase(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string name, call.body.RequiredText("dbName"));
    return ReplyTo(proxy_.DropDatabase(call.context, name));
}

RestResult RestRoutes::DescribeDatabase(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string name, call.body.RequiredText("dbName"));
    ASSIGN_OR_RETURN(const roles::DatabaseInfo info, proxy_.DescribeDatabase(call.context, name));
    Value data;
    data.Add("dbName", info.name);
    data.Add("dbID", info.id);
    data.Add("properties", PairList(info.properties));
    return ReplyWith(data);
}

RestResult RestRoutes::AlterDatabase(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string name, call.body.RequiredText("dbName"));
    ASSIGN_OR_RETURN(const schema::KeyValues properties, call.body.Pairs("properties"));
    return ReplyTo(proxy_.AlterDatabase(call.context, name, properties, {}));
}

RestResult RestRoutes::DropDatabaseProperties(const RestCall& call) {
    ASSIGN_OR_RETURN(const std::string name, call.body.RequiredText("dbName"));
    ASSIGN_OR_RETURN(const std::vector<std::string> keys, call.body.Texts("propertyKeys"));
    return ReplyTo(proxy_.AlterDatabase(call.context, name, {}, keys));
}

}  // namespace elanus::wire
