// Collections, partitions, aliases and load state.

#include "roles/errors.h"
#include "wire/milvus_service.h"

#include <algorithm>

namespace elanus::wire {
namespace {

base::Result<proxy::CreateCollectionRequest> FromCreate(
    const pb::milvus::CreateCollectionRequest& in, std::string database) {
    pb::schema::CollectionSchema schema;
    if (!schema.ParseFromString(in.schema())) {
        return base::InvalidParameter("the schema is not a valid CollectionSchema message");
    }
    if (schema.name() != in.collection_name()) {
        return base::InvalidParameter("collection name in the schema [" + schema.name() +
                                      "] differs from the name of the request [" +
                                      in.collection_name() + "]");
    }
    proxy::CreateCollectionRequest request;
    request.database = std::move(database);
    request.name = in.collection_name();
    request.schema = FromSchema(schema);
    request.shards_num = in.shards_num();
    request.num_partitions = in.num_partitions();
    request.consistency_level = static_cast<roles::ConsistencyLevel>(in.consistency_level());
    request.properties = FromPairs(in.properties());
    for (auto& [key, value] : FromPairs(schema.properties())) {
        request.properties.emplace(key, value);
    }
    return request;
}

void AddStat(const std::string& key, uint64_t value, KeyValueList* out) {
    ToPairs({{key, std::to_string(value)}}, out);
}

uint64_t UtcMs(base::Timestamp ts) {
    return static_cast<uint64_t>(base::PhysicalMs(ts));
}

}  // namespace

void MilvusService::RegisterCollections(RpcHandlers& handlers) {
    handlers.Set<rpc::CreateCollection>([this](rpc::CreateCollection::Call& call) {
        base::Result<proxy::CreateCollectionRequest> request =
            FromCreate(call.request(), DatabaseOf(call, call.request().db_name()));
        FinishWith(call, request.ok() ? proxy_.CreateCollection(call.context(), std::move(*request))
                                      : request.status());
    });
    handlers.Set<rpc::DropCollection>([this](rpc::DropCollection::Call& call) {
        FinishWith(call,
                   proxy_.DropCollection(call.context(), DatabaseOf(call, call.request().db_name()),
                                         call.request().collection_name()));
    });
    handlers.Set<rpc::HasCollection>([this](rpc::HasCollection::Call& call) {
        const base::Result<bool> has =
            proxy_.HasCollection(call.context(), DatabaseOf(call, call.request().db_name()),
                                 call.request().collection_name());
        call.response().set_value(has.ok() && *has);
        FinishWith(call, has.status());
    });
    handlers.Set<rpc::DescribeCollection>([this](rpc::DescribeCollection::Call& call) {
        const auto info = proxy_.DescribeCollection(
            call.context(), DatabaseOf(call, call.request().db_name()),
            call.request().collection_name(), call.request().collectionid());
        if (info.ok()) {
            ToDescription(*info, &call.response());
        }
        FinishWith(call, info.status());
    });
    handlers.Set<rpc::BatchDescribeCollection>([this](rpc::BatchDescribeCollection::Call& call) {
        const std::string database = DatabaseOf(call, call.request().db_name());
        const auto add = [&](const std::string& name, base::CollectionId id) {
            pb::milvus::DescribeCollectionResponse* response = call.response().add_responses();
            const auto info = proxy_.DescribeCollection(call.context(), database, name, id);
            if (info.ok()) {
                ToDescription(*info, response);
            }
            SetStatus(info.status(), response->mutable_status());
        };
        for (const std::string& name : call.request().collection_name()) {
            add(name, 0);
        }
        for (const int64_t id : call.request().collectionid()) {
            add("", id);
        }
        FinishWith(call, base::Status());
    });
    handlers.Set<rpc::ShowCollections>([this](rpc::ShowCollections::Call& call) {
        const std::string database = DatabaseOf(call, call.request().db_name());
        const auto collections = proxy_.ListCollections(call.context(), database);
        if (!collections.ok()) {
            FinishWith(call, collections.status());
            return;
        }
        const bool in_memory = call.request().type() == pb::milvus::InMemory;
        const auto names = FromStrings(call.request().collection_names());
        for (const roles::CollectionInfo& info : *collections) {
            if (!names.empty() &&
                std::find(names.begin(), names.end(), info.schema.name) == names.end()) {
                continue;
            }
            if (in_memory) {
                const auto load =
                    proxy_.GetLoadStatus(call.context(), database, info.schema.name, {});
                if (!load.ok() || load->state == roles::LoadState::kNotLoad) {
                    continue;
                }
                call.response().add_inmemory_percentages(load->progress);
                call.response().add_query_service_available(load->state ==
                                                            roles::LoadState::kLoaded);
            }
            call.response().add_collection_names(info.schema.name);
            call.response().add_collection_ids(info.id);
            call.response().add_created_timestamps(info.created_ts);
            call.response().add_created_utc_timestamps(UtcMs(info.created_ts));
            call.response().add_shards_num(info.shards_num);
        }
        FinishWith(call, base::Status());
    });
    handlers.Set<rpc::RenameCollection>([this](rpc::RenameCollection::Call& call) {
        FinishWith(call, proxy_.RenameCollection(call.context(),
                                                 DatabaseOf(call, call.request().db_name()),
                                                 call.request().oldname(), call.request().newname(),
                                                 call.request().newdbname()));
    });
    handlers.Set<rpc::AlterCollection>([this](rpc::AlterCollection::Call& call) {
        FinishWith(
            call, proxy_.AlterCollection(call.context(), DatabaseOf(call, call.request().db_name()),
                                         call.request().collection_name(),
                                         FromPairs(call.request().properties()),
                                         FromStrings(call.request().delete_keys())));
    });
    handlers.Set<rpc::GetCollectionStatistics>([this](rpc::GetCollectionStatistics::Call& call) {
        const base::Result<uint64_t> rows =
            proxy_.CountRows(call.context(), DatabaseOf(call, call.request().db_name()),
                             call.request().collection_name(), "");
        if (rows.ok()) {
            AddStat("row_count", *rows, call.response().mutable_stats());
        }
        FinishWith(call, rows.status());
    });
    RegisterPartitions(handlers);
    RegisterNamespaces(handlers);
    RegisterAliases(handlers);
    RegisterFileResources(handlers);
    RegisterLoading(handlers);
    RegisterSchemaChanges(handlers);
}

void MilvusService::RegisterPartitions(RpcHandlers& handlers) {
    handlers.Set<rpc::CreatePartition>([this](rpc::CreatePartition::Call& call) {
        FinishWith(call, proxy_.CreatePartition(
                             call.context(), DatabaseOf(call, call.request().db_name()),
                             call.request().collection_name(), call.request().partition_name()));
    });
    handlers.Set<rpc::DropPartition>([this](rpc::DropPartition::Call& call) {
        FinishWith(call, proxy_.DropPartition(
                             call.context(), DatabaseOf(call, call.request().db_name()),
                             call.request().collection_name(), call.request().partition_name()));
    });
    handlers.Set<rpc::HasPartition>([this](rpc::HasPartition::Call& call) {
        const base::Result<bool> has =
            proxy_.HasPartition(call.context(), DatabaseOf(call, call.request().db_name()),
                                call.request().collection_name(), call.request().partition_name());
        call.response().set_value(has.ok() && *has);
        FinishWith(call, has.status());
    });
    handlers.Set<rpc::ShowPartitions>([this](rpc::ShowPartitions::Call& call) {
        const std::string database = DatabaseOf(call, call.request().db_name());
        const auto partitions =
            proxy_.ListPartitions(call.context(), database, call.request().collection_name());
        const auto names = FromStrings(call.request().partition_names());
        for (const roles::PartitionInfo& partition :
             partitions.ok() ? *partitions : std::vector<roles::PartitionInfo>()) {
            if (!names.empty() &&
                std::find(names.begin(), names.end(), partition.name) == names.end()) {
                continue;
            }
            call.response().add_partition_names(partition.name);
            call.response().add_partitionids(partition.id);
            call.response().add_created_timestamps(partition.created_ts);
            call.response().add_created_utc_timestamps(UtcMs(partition.created_ts));
            if (call.request().type() == pb::milvus::InMemory) {
                const auto load = proxy_.GetLoadStatus(
                    call.context(), database, call.request().collection_name(), {partition.name});
                call.response().add_inmemory_percentages(load.ok() ? load->progress : 0);
            }
        }
        FinishWith(call, partitions.status());
    });
    handlers.Set<rpc::GetPartitionStatistics>([this](rpc::GetPartitionStatistics::Call& call) {
        const base::Result<uint64_t> rows =
            proxy_.CountRows(call.context(), DatabaseOf(call, call.request().db_name()),
                             call.request().collection_name(), call.request().partition_name());
        if (rows.ok()) {
            AddStat("row_count", *rows, call.response().mutable_stats());
        }
        FinishWith(call, rows.status());
    });
}

void MilvusService::RegisterAliases(RpcHandlers& handlers) {
    handlers.Set<rpc::CreateAlias>([this](rpc::CreateAlias::Call& call) {
        FinishWith(call,
                   proxy_.CreateAlias(call.context(), DatabaseOf(call, call.request().db_name()),
                                      call.request().alias(), call.request().collection_name()));
    });
    handlers.Set<rpc::AlterAlias>([this](rpc::AlterAlias::Call& call) {
        FinishWith(call,
                   proxy_.AlterAlias(call.context(), DatabaseOf(call, call.request().db_name()),
                                     call.request().alias(), call.request().collection_name()));
    });
    handlers.Set<rpc::DropAlias>([this](rpc::DropAlias::Call& call) {
        FinishWith(call,
                   proxy_.DropAlias(call.context(), DatabaseOf(call, call.request().db_name()),
                                    call.request().alias()));
    });
    handlers.Set<rpc::DescribeAlias>([this](rpc::DescribeAlias::Call& call) {
        const auto alias = proxy_.DescribeAlias(
            call.context(), DatabaseOf(call, call.request().db_name()), call.request().alias());
        if (alias.ok()) {
            call.response().set_db_name(alias->database_name);
            call.response().set_alias(alias->alias);
            call.response().set_collection(alias->collection_name);
        }
        FinishWith(call, alias.status());
    });
    handlers.Set<rpc::ListAliases>([this](rpc::ListAliases::Call& call) {
        const std::string database = DatabaseOf(call, call.request().db_name());
        const auto aliases =
            proxy_.ListAliases(call.context(), database, call.request().collection_name());
        if (aliases.ok()) {
            call.response().set_db_name(database.empty() ? std::string(roles::kDefaultDatabase)
                                                         : database);
            call.response().set_collection_name(call.request().collection_name());
            for (const roles::AliasInfo& alias : *aliases) {
                call.response().add_aliases(alias.alias);
            }
        }
        FinishWith(call, aliases.status());
    });
}

void MilvusService::RegisterFileResources(RpcHandlers& handlers) {
    handlers.Set<rpc::AddFileResource>([this](rpc::AddFileResource::Call& call) {
        FinishWith(call, proxy_.AddFileResource(call.context(), call.request().name(),
                                                call.request().path()));
    });
    handlers.Set<rpc::RemoveFileResource>([this](rpc::RemoveFileResource::Call& call) {
        FinishWith(call, proxy_.RemoveFileResource(call.context(), call.request().name()));
    });
    handlers.Set<rpc::ListFileResources>([this](rpc::ListFileResources::Call& call) {
        const auto list = proxy_.ListFileResources(call.context());
        if (list.ok()) {
            for (const roles::FileResourceInfo& resource : list->resources) {
                auto* added = call.response().add_resources();
                added->set_id(resource.id);
                added->set_name(resource.name);
                added->set_path(resource.path);
            }
        }
        FinishWith(call, list.status());
    });
}

base::Result<roles::LoadStatus> MilvusService::LoadStatusOf(
    RawCall& call, const std::string& database, const std::string& collection,
    const std::vector<std::string>& partitions) {
    return proxy_.GetLoadStatus(call.context(), DatabaseOf(call, database), collection, partitions);
}

namespace {

constexpr std::string_view kDefaultResourceGroup = "__default_resource_group";

// One node, one group: replicas can be asked for in that group alone.
template <typename Request>
base::Status CheckResourceGroups(const Request& request) {
    for (const std::string& group : request.resource_groups()) {
        if (group != kDefaultResourceGroup) {
            return base::Status::WithFields(base::Code::kResourceGroupNotFound, {{"rg", group}});
        }
    }
    return base::Status();
}

// Clients ask for the progress until it is 100: what will never get there has to be an error.
base::Status CheckLoaded(const pb::milvus::GetLoadingProgressRequest& request,
                         const std::string& database, const roles::LoadStatus& load) {
    if (load.state == roles::LoadState::kNotExist) {
        return roles::CollectionNotFound(
            database.empty() ? std::string(roles::kDefaultDatabase) : database,
            request.collection_name());
    }
    if (load.state != roles::LoadState::kNotLoad) {
        return base::Status();
    }
    if (load.partitions.empty() || request.partition_names().empty()) {
        return base::Status::WithFields(base::Code::kCollectionNotLoaded,
                                        {{"collection", request.collection_name()}});
    }
    std::string names;
    for (const std::string& name : request.partition_names()) {
        names += names.empty() ? name : "," + name;
    }
    return base::Status::WithFields(base::Code::kPartitionNotLoaded, {{"partition", names}});
}

}  // namespace

void MilvusService::RegisterLoading(RpcHandlers& handlers) {
    handlers.Set<rpc::LoadCollection>([this](rpc::LoadCollection::Call& call) {
        const auto& request = call.request();
        if (const base::Status groups = CheckResourceGroups(request); !groups.ok()) {
            FinishWith(call, groups);
            return;
        }
        FinishWith(call,
                   proxy_.Load(call.context(), DatabaseOf(call, request.db_name()),
                               request.collection_name(), {}, FromStrings(request.load_fields()),
                               request.replica_number(), request.refresh()));
    });
    handlers.Set<rpc::LoadPartitions>([this](rpc::LoadPartitions::Call& call) {
        const auto& request = call.request();
        if (request.partition_names().empty()) {
            FinishWith(call, base::InvalidParameter(
                                 "failed to load partition, due to no partition specified"));
            return;
        }
        if (const base::Status groups = CheckResourceGroups(request); !groups.ok()) {
            FinishWith(call, groups);
            return;
        }
        FinishWith(call,
                   proxy_.Load(call.context(), DatabaseOf(call, request.db_name()),
                               request.collection_name(), FromStrings(request.partition_names()),
                               FromStrings(request.load_fields()), request.replica_number(),
                               request.refresh()));
    });
    handlers.Set<rpc::ReleaseCollection>([this](rpc::ReleaseCollection::Call& call) {
        FinishWith(call, proxy_.Release(call.context(), DatabaseOf(call, call.request().db_name()),
                                        call.request().collection_name(), {}));
    });
    handlers.Set<rpc::ReleasePartitions>([this](rpc::ReleasePartitions::Call& call) {
        if (call.request().partition_names().empty()) {
            FinishWith(call, base::InvalidParameter(
                                 "failed to release partition, due to no partition specified"));
            return;
        }
        FinishWith(call, proxy_.Release(call.context(), DatabaseOf(call, call.request().db_name()),
                                        call.request().collection_name(),
                                        FromStrings(call.request().partition_names())));
    });
    handlers.Set<rpc::GetLoadingProgress>([this](rpc::GetLoadingProgress::Call& call) {
        const auto& request = call.request();
        const auto load = LoadStatusOf(call, request.db_name(), request.collection_name(),
                                       FromStrings(request.partition_names()));
        if (!load.ok()) {
            FinishWith(call, load.status());
            return;
        }
        const base::Status loaded =
            CheckLoaded(request, DatabaseOf(call, request.db_name()), *load);
        if (!loaded.ok()) {
            FinishWith(call, loaded);
            return;
        }
        call.response().set_progress(load->progress);
        call.response().set_refresh_progress(load->refresh_progress);
        FinishWith(call, base::Status());
    });
    handlers.Set<rpc::GetLoadState>([this](rpc::GetLoadState::Call& call) {
        const auto& request = call.request();
        const auto load = LoadStatusOf(call, request.db_name(), request.collection_name(),
                                       FromStrings(request.partition_names()));
        // A missing collection is an answer here, not a failure.
        const bool missing = !load.ok() && load.status().code() == base::Code::kCollectionNotFound;
        if (missing) {
            call.response().set_state(pb::common::LoadStateNotExist);
        } else if (load.ok()) {
            call.response().set_state(static_cast<pb::common::LoadState>(load->state));
        }
        FinishWith(call, missing ? base::Status() : load.status());
    });
}

}  // namespace elanus::wire
