#include "coord/root_coord.h"

#include "base/log.h"
#include "roles/errors.h"

namespace elanus::coord {

using base::CallContext;
using base::Code;
using base::InvalidParameter;
using base::Result;
using base::Status;
using roles::CollectionInfo;
using roles::DatabaseInfo;
using roles::Empty;
using roles::MetaState;

namespace {

std::string DatabaseKey(base::DatabaseId id) {
    return "db/" + std::to_string(id);
}
std::string CollectionKey(base::CollectionId id) {
    return "coll/" + std::to_string(id);
}
std::string AliasKey(base::DatabaseId database_id, const std::string& alias) {
    return "alias/" + std::to_string(database_id) + "/" + alias;
}

}  // namespace

RootCoordImpl::RootCoordImpl(CoordStore& store, object::ObjectStore& objects, sys::Clock& clock,
                             RootCoordOptions options)
    : store_(store),
      options_(std::move(options)),
      timestamps_(store, clock, "timestamp"),
      ids_(store, clock, "id"),
      resources_(store, objects) {}

void RootCoordImpl::Stop() {
    for (NumberAllocator* numbers : {&timestamps_, &ids_}) {
        if (const Status done = numbers->GiveBackWindow(); !done.ok()) {
            base::LogWarn("numbers_not_given_back", {{"reason", done}});
        }
    }
}

Status RootCoordImpl::Open() {
    RETURN_IF_ERROR(timestamps_.Open());
    RETURN_IF_ERROR(ids_.Open());
    RETURN_IF_ERROR(resources_.Open());
    ASSIGN_OR_RETURN(const auto databases, store_.LoadAll<DatabaseInfo>("db/"));
    ASSIGN_OR_RETURN(const auto collections, store_.LoadAll<CollectionInfo>("coll/"));
    ASSIGN_OR_RETURN(const auto aliases, store_.LoadAll<AliasRecord>("alias/"));
    {
        base::MutexLock lock(mutex_);
        for (const DatabaseInfo& database : databases) {
            databases_[database.id] = database;
        }
        for (const AliasRecord& alias : aliases) {
            aliases_[{alias.database_id, alias.alias}] = alias.collection_id;
        }
    }
    for (const CollectionInfo& collection : collections) {
        Publish(collection);
    }
    if (databases.empty()) {
        DatabaseInfo database{
            roles::kDefaultDatabaseId, std::string(roles::kDefaultDatabase), 0, {}};
        ASSIGN_OR_RETURN(database.created_ts, NewTimestamp());
        return SaveDatabase(database);
    }
    return Status();
}

std::vector<CollectionInfo> RootCoordImpl::AllCollections() const {
    base::MutexLock lock(mutex_);
    std::vector<CollectionInfo> all;
    for (const auto& [id, collection] : collections_) {
        all.push_back(*collection);
    }
    return all;
}

Status RootCoordImpl::Recover(const CallContext& context) {
    base::MutexLock ddl(ddl_mutex_);
    for (const CollectionInfo& collection : AllCollections()) {
        if (collection.state == MetaState::kCreating) {
            RETURN_IF_ERROR(FinishCreate(context, collection));
        } else if (collection.state == MetaState::kDropping) {
            RETURN_IF_ERROR(FinishDrop(context, collection));
        } else {
            if (collection.schema_event_due) {
                RETURN_IF_ERROR(FinishAlter(context, collection));
            }
            for (const roles::PartitionInfo& partition : collection.partitions) {
                if (partition.state == MetaState::kDropping) {
                    RETURN_IF_ERROR(FinishDropPartition(context, collection, partition.id));
                }
            }
        }
    }
    return Status();
}

// ---- lookups

Result<DatabaseInfo> RootCoordImpl::FindDatabase(const std::string& name) const {
    const std::string_view wanted = name.empty() ? roles::kDefaultDatabase : std::string_view(name);
    base::MutexLock lock(mutex_);
    for (const auto& [id, database] : databases_) {
        if (database.name == wanted) {
            return database;
        }
    }
    return roles::DatabaseNotFound(std::string(wanted));
}

RootCoordImpl::CollectionPtr RootCoordImpl::FindByName(base::DatabaseId database_id,
                                                       const std::string& name) const {
    base::MutexLock lock(mutex_);
    const auto found = collection_names_.find({database_id, name});
    return found == collection_names_.end() ? nullptr : collections_.at(found->second);
}

base::CollectionId RootCoordImpl::AliasTarget(base::DatabaseId database_id,
                                              const std::string& alias) const {
    base::MutexLock lock(mutex_);
    const auto found = aliases_.find({database_id, alias});
    return found == aliases_.end() ? 0 : found->second;
}

Result<RootCoordImpl::CollectionPtr> RootCoordImpl::Resolve(const roles::CollectionRef& ref) const {
    ASSIGN_OR_RETURN(const DatabaseInfo database, FindDatabase(ref.database_name));
    CollectionPtr found;
    if (!ref.collection_name.empty()) {
        found = FindByName(database.id, ref.collection_name);
    }
    if (found == nullptr) {
        const base::CollectionId id = ref.collection_name.empty()
                                          ? ref.collection_id
                                          : AliasTarget(database.id, ref.collection_name);
        base::MutexLock lock(mutex_);
        const auto by_id = collections_.find(id);
        found = by_id == collections_.end() ? nullptr : by_id->second;
    }
    if (found == nullptr || found->state != MetaState::kCreated) {
        return roles::CollectionNotFound(database.name, ref.collection_name.empty()
                                                            ? std::to_string(ref.collection_id)
                                                            : ref.collection_name);
    }
    return found;
}

std::vector<std::string> RootCoordImpl::AliasesOf(base::CollectionId id) const {
    base::MutexLock lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, target] : aliases_) {
        if (target == id) {
            names.push_back(name.second);
        }
    }
    return names;
}

CollectionInfo RootCoordImpl::WithAliases(const CollectionInfo& collection) const {
    CollectionInfo info = collection;
    info.aliases = AliasesOf(collection.id);
    {
        base::MutexLock lock(mutex_);
        const auto database = databases_.find(collection.database_id);
        if (database != databases_.end()) {
            info.database_properties = database->second.properties;
        }
    }
    std::erase_if(info.partitions, [](const roles::PartitionInfo& partition) {
        return partition.state != MetaState::kCreated;
    });
    return info;
}

// ---- changes: catalog first, then memory

Status RootCoordImpl::SaveDatabase(const DatabaseInfo& database) {
    catalog::Txn txn;
    txn.Set(DatabaseKey(database.id), base::Encode(database));
    RETURN_IF_ERROR(store_.Commit(std::move(txn)));
    base::MutexLock lock(mutex_);
    databases_[database.id] = database;
    return Status();
}

Status RootCoordImpl::StoreCollection(const CollectionInfo& collection) {
    catalog::Txn txn;
    txn.Set(CollectionKey(collection.id), base::Encode(collection));
    return store_.Commit(std::move(txn));
}

Status RootCoordImpl::SaveCollection(const CollectionInfo& collection) {
    RETURN_IF_ERROR(StoreCollection(collection));
    Publish(collection);
    return Status();
}

Status RootCoordImpl::SaveAlias(const AliasRecord& alias) {
    catalog::Txn txn;
    txn.Set(AliasKey(alias.database_id, alias.alias), base::Encode(alias));
    RETURN_IF_ERROR(store_.Commit(std::move(txn)));
    base::MutexLock lock(mutex_);
    aliases_[{alias.database_id, alias.alias}] = alias.collection_id;
    return Status();
}

void RootCoordImpl::Publish(const CollectionInfo& collection) {
    base::MutexLock lock(mutex_);
    const auto old = collections_.find(collection.id);
    if (old != collections_.end()) {
        collection_names_.erase({old->second->database_id, old->second->schema.name});
    }
    collections_[collection.id] = std::make_shared<const CollectionInfo>(collection);
    if (collection.state != MetaState::kDropping) {
        collection_names_[{collection.database_id, collection.schema.name}] = collection.id;
    }
}

Result<base::Timestamp> RootCoordImpl::NewTimestamp() {
    return timestamps_.Allocate(1);
}

Status RootCoordImpl::Invalidate(const CallContext& context, const CollectionInfo& collection) {
    const roles::CollectionRef ref{collection.database_name, collection.schema.name, collection.id};
    for (roles::MetaCacheListener* proxy : partners_.proxies) {
        const Result<Empty> done = proxy->InvalidateCollection(context, ref);
        RETURN_IF_ERROR(done.status());
    }
    return Status();
}

// ---- databases

Result<Empty> RootCoordImpl::CreateDatabase(const CallContext&,
                                            const roles::CreateDatabaseRequest& request) {
    base::MutexLock ddl(ddl_mutex_);
    if (const auto seen = recent_calls_.Find("CreateDatabase", request.request_id);
        seen.has_value()) {
        RETURN_IF_ERROR(*seen);
        return Empty{};
    }
    if (FindDatabase(request.name).ok()) {
        return InvalidParameter("database already exist: " + request.name);
    }
    {
        base::MutexLock lock(mutex_);
        if (databases_.size() >= options_.max_databases) {
            return Status::WithFields(Code::kDatabaseNumLimit,
                                      {{"limit", std::to_string(options_.max_databases)}});
        }
    }
    DatabaseInfo database;
    database.name = request.name;
    database.properties = request.properties;
    ASSIGN_OR_RETURN(const uint64_t id, ids_.Allocate(1));
    database.id = static_cast<base::DatabaseId>(id);
    ASSIGN_OR_RETURN(database.created_ts, NewTimestamp());
    RETURN_IF_ERROR(SaveDatabase(database));
    recent_calls_.Remember("CreateDatabase", request.request_id, Status());
    return Empty{};
}

Result<Empty> RootCoordImpl::DropDatabase(const CallContext&, const roles::DatabaseName& request) {
    base::MutexLock ddl(ddl_mutex_);
    if (request.name.empty() || request.name == roles::kDefaultDatabase) {
        return InvalidParameter("can not drop default database");
    }
    const Result<DatabaseInfo> database = FindDatabase(request.name);
    if (!database.ok()) {
        return Empty{};
    }
    {
        base::MutexLock lock(mutex_);
        for (const auto& [id, collection] : collections_) {
            if (collection->database_id == database->id) {
                return InvalidParameter(
                    "database:" + request.name +
                    " not empty, must drop all collections before drop database");
            }
        }
    }
    catalog::Txn txn;
    txn.Remove(DatabaseKey(database->id));
    RETURN_IF_ERROR(store_.Commit(std::move(txn)));
    base::MutexLock lock(mutex_);
    databases_.erase(database->id);
    return Empty{};
}

Result<Empty> RootCoordImpl::AlterDatabase(const CallContext& context,
                                           const roles::AlterDatabaseRequest& request) {
    base::MutexLock ddl(ddl_mutex_);
    ASSIGN_OR_RETURN(DatabaseInfo database, FindDatabase(request.name));
    for (const auto& [key, value] : request.properties) {
        database.properties[key] = value;
    }
    for (const std::string& key : request.delete_keys) {
        database.properties.erase(key);
    }
    RETURN_IF_ERROR(SaveDatabase(database));
    // What proxies keep of a collection includes the properties of its database.
    for (roles::MetaCacheListener* proxy : partners_.proxies) {
        RETURN_IF_ERROR(proxy->InvalidateCollection(context, {database.name, "", 0}).status());
    }
    return Empty{};
}

Result<DatabaseInfo> RootCoordImpl::DescribeDatabase(const CallContext&,
                                                     const roles::DatabaseName& request) {
    return FindDatabase(request.name);
}

Result<roles::DatabaseList> RootCoordImpl::ListDatabases(const CallContext&, const Empty&) {
    base::MutexLock lock(mutex_);
    roles::DatabaseList list;
    for (const auto& [id, database] : databases_) {
        list.databases.push_back(database);
    }
    return list;
}

// ---- file resources

Result<Empty> RootCoordImpl::AddFileResource(const CallContext&,
                                             const roles::FileResourceInfo& request) {
    base::MutexLock ddl(ddl_mutex_);
    ASSIGN_OR_RETURN(const uint64_t id, ids_.Allocate(1));
    RETURN_IF_ERROR(resources_.Add(request, static_cast<int64_t>(id)));
    return Empty{};
}

Result<Empty> RootCoordImpl::RemoveFileResource(const CallContext&,
                                                const roles::FileResourceInfo& request) {
    base::MutexLock ddl(ddl_mutex_);
    for (const CollectionInfo& collection : AllCollections()) {
        if (FileResourcesOf(collection.schema).contains(request.name)) {
            return InvalidParameter("file resource: " + request.name + " is in use by collection " +
                                    collection.schema.name);
        }
    }
    RETURN_IF_ERROR(resources_.Remove(request.name));
    return Empty{};
}

Result<roles::FileResourceList> RootCoordImpl::ListFileResources(const CallContext&, const Empty&) {
    return resources_.List();
}

// ---- aliases

Result<Empty> RootCoordImpl::CreateAlias(const CallContext& context,
                                         const roles::AliasRequest& request) {
    base::MutexLock ddl(ddl_mutex_);
    ASSIGN_OR_RETURN(const DatabaseInfo database, FindDatabase(request.database_name));
    if (FindByName(database.id, request.alias) != nullptr) {
        return Status::WithFields(Code::kAliasCollectionNameConflict,
                                  {{"database", database.name}, {"alias", request.alias}});
    }
    ASSIGN_OR_RETURN(const CollectionPtr collection,
                     Resolve({database.name, request.collection_name, 0}));
    const base::CollectionId target = AliasTarget(database.id, request.alias);
    if (target != 0 && target != collection->id) {
        return Status::WithFields(Code::kAliasExists,
                                  {{"database", database.name}, {"alias", request.alias}})
            .Annotate(request.alias + " is alias to another collection");
    }
    RETURN_IF_ERROR(SaveAlias({database.id, request.alias, collection->id}));
    RETURN_IF_ERROR(Invalidate(context, *collection));
    return Empty{};
}

Result<Empty> RootCoordImpl::AlterAlias(const CallContext& context,
                                        const roles::AliasRequest& request) {
    base::MutexLock ddl(ddl_mutex_);
    ASSIGN_OR_RETURN(const DatabaseInfo database, FindDatabase(request.database_name));
    if (FindByName(database.id, request.alias) != nullptr) {
        return Status::WithFields(Code::kAliasCollectionNameConflict,
                                  {{"database", database.name}, {"alias", request.alias}});
    }
    ASSIGN_OR_RETURN(const CollectionPtr collection,
                     Resolve({database.name, request.collection_name, 0}));
    const base::CollectionId before = AliasTarget(database.id, request.alias);
    if (before == 0) {
        return Status::WithFields(Code::kAliasNotFound,
                                  {{"database", database.name}, {"alias", request.alias}});
    }
    RETURN_IF_ERROR(SaveAlias({database.id, request.alias, collection->id}));
    const Result<CollectionPtr> old_target = Resolve({database.name, "", before});
    if (old_target.ok()) {
        RETURN_IF_ERROR(Invalidate(context, **old_target));
    }
    RETURN_IF_ERROR(Invalidate(context, *collection));
    return Empty{};
}

Result<Empty> RootCoordImpl::DropAlias(const CallContext& context,
                                       const roles::AliasRequest& request) {
    base::MutexLock ddl(ddl_mutex_);
    ASSIGN_OR_RETURN(const DatabaseInfo database, FindDatabase(request.database_name));
    const base::CollectionId target = AliasTarget(database.id, request.alias);
    if (target == 0) {
        return Empty{};
    }
    catalog::Txn txn;
    txn.Remove(AliasKey(database.id, request.alias));
    RETURN_IF_ERROR(store_.Commit(std::move(txn)));
    {
        base::MutexLock lock(mutex_);
        aliases_.erase({database.id, request.alias});
    }
    const Result<CollectionPtr> collection = Resolve({database.name, "", target});
    if (collection.ok()) {
        RETURN_IF_ERROR(Invalidate(context, **collection));
    }
    return Empty{};
}

Result<roles::AliasInfo> RootCoordImpl::DescribeAlias(const CallContext&,
                                                      const roles::AliasRequest& request) {
    ASSIGN_OR_RETURN(const DatabaseInfo database, FindDatabase(request.database_name));
    const base::CollectionId target = AliasTarget(database.id, request.alias);
    if (target == 0) {
        return Status::WithFields(Code::kAliasNotFound,
                                  {{"database", database.name}, {"alias", request.alias}});
    }
    ASSIGN_OR_RETURN(const CollectionPtr collection, Resolve({database.name, "", target}));
    return roles::AliasInfo{database.name, request.alias, collection->schema.name};
}

Result<roles::AliasList> RootCoordImpl::ListAliases(const CallContext&,
                                                    const roles::AliasRequest& request) {
    ASSIGN_OR_RETURN(const DatabaseInfo database, FindDatabase(request.database_name));
    base::CollectionId only = 0;
    if (!request.collection_name.empty()) {
        ASSIGN_OR_RETURN(const CollectionPtr collection,
                         Resolve({database.name, request.collection_name, 0}));
        only = collection->id;
    }
    base::MutexLock lock(mutex_);
    roles::AliasList list;
    for (const auto& [name, target] : aliases_) {
        const auto collection = collections_.find(target);
        if (name.first == database.id && (only == 0 || only == target) &&
            collection != collections_.end()) {
            list.aliases.push_back({database.name, name.second, collection->second->schema.name});
        }
    }
    return list;
}

// ---- numbers

Result<roles::AllocResponse> RootCoordImpl::AllocTimestamps(const CallContext&,
                                                            const roles::AllocRequest& request) {
    ASSIGN_OR_RETURN(const uint64_t first, timestamps_.Allocate(request.count));
    return roles::AllocResponse{first};
}

Result<roles::AllocResponse> RootCoordImpl::AllocIds(const CallContext&,
                                                     const roles::AllocRequest& request) {
    ASSIGN_OR_RETURN(const uint64_t first, ids_.Allocate(request.count));
    return roles::AllocResponse{first};
}

}  // namespace elanus::coord
