// Proxy: databases, collections, partitions and aliases: rules of names and schemas, then
// RootCoord. After every change the cache forgets what was changed; RootCoord tells the other
// proxies.

#include "proxy/proxy.h"

#include "function/text_embedding.h"
#include "proxy/default_values.h"
#include "proxy/name_validation.h"
#include "proxy/phrase.h"
#include "proxy/proxy_core.h"
#include "proxy/row_routing.h"
#include "proxy/schema_validation.h"

#include <algorithm>

namespace elanus::proxy {

namespace {

roles::CollectionRef RefOf(const std::string& database, const std::string& collection) {
    roles::CollectionRef ref;
    ref.database_name = database.empty() ? std::string(roles::kDefaultDatabase) : database;
    ref.collection_name = collection;
    return ref;
}

std::string OrDefault(const std::string& database) {
    return database.empty() ? std::string(roles::kDefaultDatabase) : database;
}

template <typename T>
base::Status StatusOf(const base::Result<T>& result) {
    return result.ok() ? base::Status() : result.status();
}

base::Status CheckOneOf(const KeyValues& properties, const std::vector<std::string>& delete_keys) {
    if (!properties.empty() && !delete_keys.empty()) {
        return Invalid("cannot provide both DeleteKeys and Properties");
    }
    if (properties.empty() && delete_keys.empty()) {
        return Invalid("no properties to alter");
    }
    return base::Status();
}

base::Status CheckNoPartitionKey(const roles::CollectionInfo& collection, std::string_view action) {
    if (collection.schema.partition_key() == nullptr) {
        return base::Status();
    }
    return Invalid("disable ", action,
                   " partition if partition key mode is used: not support manually specifying the "
                   "partition names if partition key mode is used");
}

bool IsLoaded(const roles::LoadStatus& status, base::PartitionId partition) {
    if (status.state != roles::LoadState::kLoaded && status.state != roles::LoadState::kLoading) {
        return false;
    }
    return status.whole_collection || std::find(status.partitions.begin(), status.partitions.end(),
                                                partition) != status.partitions.end();
}

const std::string kZoneKey = "timezone";

}  // namespace

Proxy::Proxy(ProxyPartners partners, Limits limits, ModelServices models)
    : core_(std::make_unique<ProxyCore>(partners, limits, std::move(models))) {}

Proxy::~Proxy() = default;

base::Result<roles::Empty> Proxy::InvalidateCollection(const base::CallContext&,
                                                       const roles::CollectionRef& ref) {
    core_->cache.Invalidate(ref);
    return roles::Empty();
}

base::Status Proxy::CreateDatabase(const base::CallContext& context, const std::string& name,
                                   const KeyValues& properties) {
    RETURN_IF_ERROR(ValidateDatabaseName(name, core_->limits));
    RETURN_IF_ERROR(ValidateDatabaseProperties(properties));
    roles::CreateDatabaseRequest request;
    request.name = name;
    request.properties = properties;
    request.request_id = core_->NextRequestId();
    return StatusOf(core_->partners.root_coord->CreateDatabase(context, request));
}

base::Status Proxy::DropDatabase(const base::CallContext& context, const std::string& name) {
    RETURN_IF_ERROR(ValidateDatabaseName(name, core_->limits));
    const auto result =
        core_->partners.root_coord->DropDatabase(context, roles::DatabaseName{name});
    core_->cache.Invalidate(RefOf(name, ""));
    return StatusOf(result);
}

base::Status Proxy::AlterDatabase(const base::CallContext& context, const std::string& name,
                                  const KeyValues& properties,
                                  const std::vector<std::string>& delete_keys) {
    RETURN_IF_ERROR(CheckOneOf(properties, delete_keys));
    RETURN_IF_ERROR(ValidateDatabaseProperties(properties));
    roles::AlterDatabaseRequest request;
    request.name = OrDefault(name);
    request.properties = properties;
    request.delete_keys = delete_keys;
    return StatusOf(core_->partners.root_coord->AlterDatabase(context, request));
}

// A collection without a time zone of its own keeps the one that its database had when it was
// created.
base::Status Proxy::InheritZone(const base::CallContext& context,
                                CreateCollectionRequest* request) {
    if (request->properties.contains(kZoneKey)) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(const roles::DatabaseInfo database,
                     DescribeDatabase(context, request->database));
    const auto zone = database.properties.find(kZoneKey);
    if (zone != database.properties.end()) {
        request->properties[kZoneKey] = zone->second;
    }
    return base::Status();
}

base::Result<roles::DatabaseInfo> Proxy::DescribeDatabase(const base::CallContext& context,
                                                          const std::string& name) {
    return core_->partners.root_coord->DescribeDatabase(context,
                                                        roles::DatabaseName{OrDefault(name)});
}

base::Result<std::vector<roles::DatabaseInfo>> Proxy::ListDatabases(
    const base::CallContext& context) {
    ASSIGN_OR_RETURN(roles::DatabaseList list,
                     core_->partners.root_coord->ListDatabases(context, roles::Empty()));
    return std::move(list.databases);
}

base::Status Proxy::CreateCollection(const base::CallContext& context,
                                     CreateCollectionRequest request) {
    RETURN_IF_ERROR(InheritZone(context, &request));
    RETURN_IF_ERROR(PrepareCollection(core_->limits, &request));
    RETURN_IF_ERROR(function::ProbeTextEmbeddings(context, request.schema, request.properties));
    roles::CreateCollectionRequest create;
    create.database_name = OrDefault(request.database);
    create.schema = std::move(request.schema);
    create.shards_num = request.shards_num;
    create.num_partitions = request.num_partitions;
    create.consistency_level = request.consistency_level;
    create.properties = NormalProperties(request.properties);
    const auto result = core_->partners.root_coord->CreateCollection(context, create);
    core_->cache.Invalidate(RefOf(request.database, request.name));
    return StatusOf(result);
}

base::Status Proxy::DropCollection(const base::CallContext& context, const std::string& database,
                                   const std::string& collection) {
    RETURN_IF_ERROR(ValidateCollectionName(collection, core_->limits));
    const roles::CollectionRef ref = RefOf(database, collection);
    const auto info = core_->partners.root_coord->DescribeCollection(context, ref);
    const auto result = core_->partners.root_coord->DropCollection(context, ref);
    core_->cache.Invalidate(ref);
    if (!result.ok()) {
        return result.status();
    }
    if (!info.ok()) {
        return base::Status();  // it was not there
    }
    roles::CollectionRef by_id;
    by_id.collection_id = info->id;
    core_->cache.Invalidate(by_id);
    roles::ReleaseRequest release;
    release.collection = *info;
    return StatusOf(core_->partners.query_coord->Release(context, release));
}

base::Result<bool> Proxy::HasCollection(const base::CallContext& context,
                                        const std::string& database,
                                        const std::string& collection) {
    const auto info = core_->Collection(context, database, collection);
    if (info.ok()) {
        return true;
    }
    if (info.status().code() == base::Code::kCollectionNotFound) {
        return false;
    }
    return info.status();
}

base::Result<roles::CollectionInfo> Proxy::DescribeCollection(const base::CallContext& context,
                                                              const std::string& database,
                                                              const std::string& collection,
                                                              base::CollectionId id) {
    if (!collection.empty() || id == 0) {
        RETURN_IF_ERROR(ValidateCollectionName(collection, core_->limits));
    }
    ASSIGN_OR_RETURN(const CollectionPtr info, core_->cache.Get(context, database, collection, id));
    return *info;
}

base::Result<std::vector<roles::CollectionInfo>> Proxy::ListCollections(
    const base::CallContext& context, const std::string& database) {
    ASSIGN_OR_RETURN(roles::CollectionList list,
                     core_->partners.root_coord->ListCollections(
                         context, roles::DatabaseName{OrDefault(database)}));
    return std::move(list.collections);
}

base::Status Proxy::RenameCollection(const base::CallContext& context, const std::string& database,
                                     const std::string& old_name, const std::string& new_name,
                                     const std::string& new_database) {
    RETURN_IF_ERROR(ValidateCollectionName(old_name, core_->limits));
    RETURN_IF_ERROR(ValidateCollectionName(new_name, core_->limits));
    if (!new_database.empty()) {
        RETURN_IF_ERROR(ValidateDatabaseName(new_database, core_->limits));
    }
    roles::RenameCollectionRequest request;
    request.database_name = OrDefault(database);
    request.old_name = old_name;
    request.new_name = new_name;
    request.new_database_name = new_database;
    request.request_id = core_->NextRequestId();
    const auto result = core_->partners.root_coord->RenameCollection(context, request);
    core_->cache.Invalidate(RefOf(database, old_name));
    core_->cache.Invalidate(RefOf(new_database.empty() ? database : new_database, new_name));
    return StatusOf(result);
}

base::Status Proxy::CreatePartition(const base::CallContext& context, const std::string& database,
                                    const std::string& collection, const std::string& partition) {
    RETURN_IF_ERROR(ValidatePartitionName(partition, core_->limits));
    ASSIGN_OR_RETURN(const CollectionPtr info, core_->Collection(context, database, collection));
    RETURN_IF_ERROR(CheckNoPartitionKey(*info, "create"));
    if (info->FindPartition(partition) == nullptr &&
        info->partitions.size() >= static_cast<size_t>(core_->limits.max_partitions)) {
        return Invalid("partition number (", info->partitions.size(),
                       ") exceeds max configuration (", core_->limits.max_partitions,
                       "), collection: ", collection);
    }
    roles::PartitionRequest request;
    request.collection = RefOf(database, collection);
    request.partition_name = partition;
    const auto result = core_->partners.root_coord->CreatePartition(context, request);
    core_->cache.Invalidate(roles::CollectionRef{"", "", info->id});
    return StatusOf(result);
}

base::Status Proxy::DropPartition(const base::CallContext& context, const std::string& database,
                                  const std::string& collection, const std::string& partition) {
    RETURN_IF_ERROR(ValidatePartitionName(partition, core_->limits));
    ASSIGN_OR_RETURN(const CollectionPtr info, core_->Collection(context, database, collection));
    RETURN_IF_ERROR(CheckNoPartitionKey(*info, "drop"));
    if (partition == roles::kDefaultPartition) {
        return Invalid("default partition cannot be deleted");
    }
    const roles::PartitionInfo* found = info->FindPartition(partition);
    if (found != nullptr) {
        ASSIGN_OR_RETURN(const roles::LoadStatus load, core_->LoadStatusOf(context, *info));
        if (IsLoaded(load, found->id)) {
            return Invalid(
                "partition cannot be dropped, partition is loaded, please release it first");
        }
    }
    roles::PartitionRequest request;
    request.collection = RefOf(database, collection);
    request.partition_name = partition;
    const auto result = core_->partners.root_coord->DropPartition(context, request);
    core_->cache.Invalidate(roles::CollectionRef{"", "", info->id});
    return StatusOf(result);
}

base::Result<bool> Proxy::HasPartition(const base::CallContext& context,
                                       const std::string& database, const std::string& collection,
                                       const std::string& partition) {
    RETURN_IF_ERROR(ValidatePartitionName(partition, core_->limits));
    ASSIGN_OR_RETURN(const CollectionPtr info, core_->Collection(context, database, collection));
    return info->FindPartition(partition) != nullptr;
}

base::Result<std::vector<roles::PartitionInfo>> Proxy::ListPartitions(
    const base::CallContext& context, const std::string& database, const std::string& collection) {
    ASSIGN_OR_RETURN(const CollectionPtr info, core_->Collection(context, database, collection));
    return info->partitions;
}

base::Status Proxy::CreateAlias(const base::CallContext& context, const std::string& database,
                                const std::string& alias, const std::string& collection) {
    RETURN_IF_ERROR(ValidateAlias(alias, core_->limits));
    RETURN_IF_ERROR(ValidateCollectionName(collection, core_->limits));
    const roles::AliasRequest request{OrDefault(database), alias, collection};
    const auto result = core_->partners.root_coord->CreateAlias(context, request);
    core_->cache.Invalidate(RefOf(database, alias));
    core_->cache.Invalidate(RefOf(database, collection));
    return StatusOf(result);
}

base::Status Proxy::AlterAlias(const base::CallContext& context, const std::string& database,
                               const std::string& alias, const std::string& collection) {
    RETURN_IF_ERROR(ValidateAlias(alias, core_->limits));
    RETURN_IF_ERROR(ValidateCollectionName(collection, core_->limits));
    // The alias list of the collection that it leaves changes as well.
    const auto before = core_->cache.Get(context, database, alias);
    const roles::AliasRequest request{OrDefault(database), alias, collection};
    const auto result = core_->partners.root_coord->AlterAlias(context, request);
    if (before.ok()) {
        core_->cache.Invalidate(roles::CollectionRef{"", "", (*before)->id});
    }
    core_->cache.Invalidate(RefOf(database, alias));
    core_->cache.Invalidate(RefOf(database, collection));
    return StatusOf(result);
}

base::Status Proxy::DropAlias(const base::CallContext& context, const std::string& database,
                              const std::string& alias) {
    RETURN_IF_ERROR(ValidateAlias(alias, core_->limits));
    const auto before = core_->cache.Get(context, database, alias);
    const roles::AliasRequest request{OrDefault(database), alias, ""};
    const auto result = core_->partners.root_coord->DropAlias(context, request);
    if (before.ok()) {
        core_->cache.Invalidate(roles::CollectionRef{"", "", (*before)->id});
    }
    core_->cache.Invalidate(RefOf(database, alias));
    return StatusOf(result);
}

base::Result<roles::AliasInfo> Proxy::DescribeAlias(const base::CallContext& context,
                                                    const std::string& database,
                                                    const std::string& alias) {
    RETURN_IF_ERROR(ValidateAlias(alias, core_->limits));
    return core_->partners.root_coord->DescribeAlias(
        context, roles::AliasRequest{OrDefault(database), alias, ""});
}

base::Result<std::vector<roles::AliasInfo>> Proxy::ListAliases(const base::CallContext& context,
                                                               const std::string& database,
                                                               const std::string& collection) {
    if (!collection.empty()) {
        RETURN_IF_ERROR(ValidateCollectionName(collection, core_->limits));
    }
    ASSIGN_OR_RETURN(roles::AliasList list,
                     core_->partners.root_coord->ListAliases(
                         context, roles::AliasRequest{OrDefault(database), "", collection}));
    return std::move(list.aliases);
}

base::Status Proxy::AddFileResource(const base::CallContext& context, const std::string& name,
                                    const std::string& path) {
    if (name.empty() || name.size() > static_cast<size_t>(core_->limits.max_name_length)) {
        return Invalid("file resource name must have 1 to ", core_->limits.max_name_length,
                       " characters");
    }
    if (path.empty()) {
        return Invalid("file resource path is empty");
    }
    return StatusOf(core_->partners.root_coord->AddFileResource(context, {0, name, path}));
}

base::Status Proxy::RemoveFileResource(const base::CallContext& context, const std::string& name) {
    return StatusOf(core_->partners.root_coord->RemoveFileResource(context, {0, name, ""}));
}

base::Result<roles::FileResourceList> Proxy::ListFileResources(const base::CallContext& context) {
    return core_->partners.root_coord->ListFileResources(context, roles::Empty{});
}

base::Result<base::Timestamp> Proxy::AllocTimestamp(const base::CallContext& context) {
    return FreshTimestamp(context, core_->partners);
}

}  // namespace elanus::proxy
