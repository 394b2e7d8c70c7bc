// Collections and partitions of RootCoordImpl: the DDL that reaches channels and files.

#include "base/log.h"
#include "base/parse.h"
#include "coord/root_coord.h"
#include "roles/errors.h"
#include "roles/hidden_properties.h"
#include "sys/kill_point.h"

#include <algorithm>
#include <cstdlib>

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
using roles::PartitionInfo;

namespace {

// The definition as the user gave it: field ids and version do not count.
std::string DefinitionBytes(schema::CollectionSchema schema) {
    schema.version = 0;
    for (schema::FieldSchema& field : schema.fields) {
        field.id = 0;
        for (schema::FieldSchema& sub_field : field.sub_fields) {
            sub_field.id = 0;
        }
    }
    return base::Encode(schema);
}

// The highest id that a field of the schema has.
base::FieldId MaxFieldId(const schema::CollectionSchema& schema) {
    base::FieldId highest = base::kFirstUserField - 1;
    for (const schema::FieldSchema& field : schema.fields) {
        highest = std::max(highest, field.id);
        for (const schema::FieldSchema& sub_field : field.sub_fields) {
            highest = std::max(highest, sub_field.id);
        }
    }
    return highest;
}

// Gives ids above `*highest` to the fields that have none.
void AssignFieldIds(schema::CollectionSchema* schema, base::FieldId* highest) {
    for (schema::FieldSchema& field : schema->fields) {
        field.id = field.id == 0 ? ++*highest : field.id;
        for (schema::FieldSchema& sub_field : field.sub_fields) {
            sub_field.id = sub_field.id == 0 ? ++*highest : sub_field.id;
        }
    }
}

bool IsOn(const roles::KeyValues& properties, std::string_view key) {
    const auto found = properties.find(std::string(key));
    bool on = false;  // clients write "True" as well
    return found != properties.end() && base::ParseBool(found->second, &on) && on;
}

Status DdlDenied() {
    return Status::WithFields(Code::kQuotaExceeded,
                              {{"reason", "access has been disabled by the administrator"}});
}

// Refused by a property of the database: all DDL, or that of collections or partitions.
Status CheckDdlAllowed(const roles::KeyValues& database, std::string_view kind) {
    return IsOn(database, "database.force.deny.ddl") ||
                   IsOn(database, "database.force.deny." + std::string(kind))
               ? DdlDenied()
               : Status();
}

roles::ChannelEvent EventOf(const CollectionInfo& collection, base::PartitionId partition = 0) {
    return roles::ChannelEvent{collection, partition, ""};
}

}  // namespace

Result<CollectionInfo> RootCoordImpl::NewCollection(const roles::CreateCollectionRequest& request,
                                                    const DatabaseInfo& database) {
    RETURN_IF_ERROR(resources_.Check(request.schema));
    CollectionInfo collection;
    ASSIGN_OR_RETURN(const uint64_t id, ids_.Allocate(1));
    collection.id = static_cast<base::CollectionId>(id);
    collection.database_id = database.id;
    collection.database_name = database.name;
    collection.schema = request.schema;
    for (schema::FieldSchema& field : collection.schema.fields) {
        field.id = 0;
        for (schema::FieldSchema& sub_field : field.sub_fields) {
            sub_field.id = 0;
        }
    }
    collection.max_field_id = base::kFirstUserField - 1;
    AssignFieldIds(&collection.schema, &collection.max_field_id);
    collection.state = MetaState::kCreating;
    ASSIGN_OR_RETURN(collection.created_ts, NewTimestamp());
    collection.updated_ts = collection.created_ts;
    collection.consistency_level = request.consistency_level;
    collection.shards_num = request.shards_num;
    collection.pchannel = options_.pchannel;
    for (int32_t shard = 0; shard < request.shards_num; ++shard) {
        collection.vchannels.push_back(options_.pchannel + "_" + std::to_string(collection.id) +
                                       "v" + std::to_string(shard));
    }
    collection.properties = request.properties;

    const bool hashed = collection.schema.partition_key() != nullptr;
    const int64_t partitions = hashed ? request.num_partitions : 1;
    ASSIGN_OR_RETURN(const uint64_t first_id, ids_.Allocate(static_cast<uint32_t>(partitions)));
    for (int64_t i = 0; i < partitions; ++i) {
        PartitionInfo partition;
        partition.id = static_cast<base::PartitionId>(first_id) + i;
        partition.name = hashed ? std::string(roles::kDefaultPartition) + "_" + std::to_string(i)
                                : std::string(roles::kDefaultPartition);
        partition.created_ts = collection.created_ts;
        collection.partitions.push_back(std::move(partition));
    }
    return collection;
}

Status RootCoordImpl::CheckSameDefinition(const CollectionInfo& existing,
                                          const roles::CreateCollectionRequest& request) const {
    const bool hashed = existing.schema.partition_key() != nullptr;
    const bool same =
        DefinitionBytes(existing.schema) == DefinitionBytes(request.schema) &&
        existing.shards_num == request.shards_num &&
        existing.consistency_level == request.consistency_level &&
        roles::VisibleProperties(existing.properties) == request.properties &&
        (!hashed || existing.partitions.size() == static_cast<size_t>(request.num_partitions));
    return same ? Status()
                : InvalidParameter(
                      "create duplicate collection with different parameters, "
                      "collection: " +
                      request.schema.name);
}

Status RootCoordImpl::CheckCapacity(size_t more) const {
    base::MutexLock lock(mutex_);
    size_t used = 0;
    for (const auto& [id, collection] : collections_) {
        used += collection->partitions.size() * collection->vchannels.size();
    }
    return used + more <= options_.max_capacity
               ? Status()
               : Status::WithFields(Code::kGeneralCapacityExceeded,
                                    {{"capacity", std::to_string(options_.max_capacity)}});
}

Result<CollectionInfo> RootCoordImpl::CreateCollection(
    const CallContext& context, const roles::CreateCollectionRequest& request) {
    base::MutexLock ddl(ddl_mutex_);
    ASSIGN_OR_RETURN(const DatabaseInfo database, FindDatabase(request.database_name));
    RETURN_IF_ERROR(CheckDdlAllowed(database.properties, "collectionDDL"));
    if (AliasTarget(database.id, request.schema.name) != 0) {
        return Status::WithFields(Code::kAliasCollectionNameConflict,
                                  {{"database", database.name}, {"alias", request.schema.name}})
            .Annotate("collection name [" + request.schema.name +
                      "] conflicts with an existing alias, please choose a unique name");
    }
    CollectionPtr existing = FindByName(database.id, request.schema.name);
    if (existing != nullptr) {
        RETURN_IF_ERROR(CheckSameDefinition(*existing, request));
        if (existing->state == MetaState::kCreated) {
            return WithAliases(*existing);
        }
        RETURN_IF_ERROR(FinishCreate(context, *existing));
        return WithAliases(*FindByName(database.id, request.schema.name));
    }
    {
        base::MutexLock lock(mutex_);
        const auto in_database = static_cast<size_t>(std::count_if(
            collections_.begin(), collections_.end(),
            [&](const auto& entry) { return entry.second->database_id == database.id; }));
        const auto limit = database.properties.find("database.max.collections");
        const size_t allowed = limit == database.properties.end()
                                   ? options_.max_collections_in_database
                                   : static_cast<size_t>(std::atoll(limit->second.c_str()));
        if (collections_.size() >= options_.max_collections || in_database >= allowed) {
            return Status::WithFields(
                Code::kCollectionNumLimit,
                {{"limit", std::to_string(std::min(allowed, options_.max_collections))}});
        }
    }
    ASSIGN_OR_RETURN(const CollectionInfo collection, NewCollection(request, database));
    RETURN_IF_ERROR(CheckCapacity(collection.partitions.size() * collection.vchannels.size()));
    RETURN_IF_ERROR(SaveCollection(collection));
    RETURN_IF_ERROR(FinishCreate(context, collection));
    return WithAliases(*FindByName(database.id, request.schema.name));
}

Status RootCoordImpl::FinishCreate(const CallContext& context, CollectionInfo collection) {
    const Result<Empty> created =
        partners_.streaming_node->CreateChannels(context, EventOf(collection));
    RETURN_IF_ERROR(created.status());
    collection.state = MetaState::kCreated;
    RETURN_IF_ERROR(SaveCollection(collection));
    base::LogInfo("collection_created", {{"collection", collection.id},
                                         {"name", collection.schema.name},
                                         {"shards", collection.shards_num}});
    return Invalidate(context, collection);
}

Result<Empty> RootCoordImpl::DropCollection(const CallContext& context,
                                            const roles::CollectionRef& ref) {
    base::MutexLock ddl(ddl_mutex_);
    ASSIGN_OR_RETURN(const DatabaseInfo database, FindDatabase(ref.database_name));
    if (!ref.collection_name.empty() && AliasTarget(database.id, ref.collection_name) != 0) {
        return InvalidParameter("cannot drop the collection via alias = " + ref.collection_name);
    }
    const Result<CollectionPtr> found = Resolve(ref);
    if (!found.ok()) {
        return Empty{};
    }
    RETURN_IF_ERROR(CheckDdlAllowed(database.properties, "collectionDDL"));
    CollectionInfo collection = **found;
    const std::vector<std::string> aliases = AliasesOf(collection.id);
    if (!aliases.empty()) {
        std::string names;
        for (const std::string& alias : aliases) {
            names += (names.empty() ? "" : ", ") + alias;
        }
        return InvalidParameter("unable to drop the collection [" + collection.schema.name +
                                "] because it has associated aliases [" + names +
                                "], please remove all aliases before dropping the collection");
    }
    collection.state = MetaState::kDropping;
    RETURN_IF_ERROR(SaveCollection(collection));
    RETURN_IF_ERROR(FinishDrop(context, collection));
    return Empty{};
}

Status RootCoordImpl::FinishDrop(const CallContext& context, const CollectionInfo& collection) {
    RETURN_IF_ERROR(Invalidate(context, collection));
    roles::ReleaseRequest release;
    release.collection = collection;
    RETURN_IF_ERROR(partners_.query_coord->Release(context, release).status());
    RETURN_IF_ERROR(partners_.streaming_node->DropChannels(context, EventOf(collection)).status());
    RETURN_IF_ERROR(partners_.data_coord->DropCollectionData(context, {collection.id}).status());
    catalog::Txn txn;
    txn.Remove("coll/" + std::to_string(collection.id));
    RETURN_IF_ERROR(store_.Commit(std::move(txn)));
    base::MutexLock lock(mutex_);
    collections_.erase(collection.id);
    base::LogInfo("collection_dropped",
                  {{"collection", collection.id}, {"name", collection.schema.name}});
    return Status();
}

Result<Empty> RootCoordImpl::RenameCollection(const CallContext& context,
                                              const roles::RenameCollectionRequest& request) {
    base::MutexLock ddl(ddl_mutex_);
    if (const auto seen = recent_calls_.Find("RenameCollection", request.request_id);
        seen.has_value()) {
        RETURN_IF_ERROR(*seen);
        return Empty{};
    }
    ASSIGN_OR_RETURN(const DatabaseInfo database, FindDatabase(request.database_name));
    ASSIGN_OR_RETURN(const DatabaseInfo target,
                     FindDatabase(request.new_database_name.empty() ? request.database_name
                                                                    : request.new_database_name));
    if (AliasTarget(database.id, request.old_name) != 0) {
        return InvalidParameter("unsupported use an alias to rename collection, alias:" +
                                request.old_name);
    }
    ASSIGN_OR_RETURN(const CollectionPtr found, Resolve({database.name, request.old_name, 0}));
    if (AliasTarget(target.id, request.new_name) != 0) {
        return InvalidParameter("cannot rename collection to an existing alias: " +
                                request.new_name);
    }
    if (FindByName(target.id, request.new_name) != nullptr) {
        return InvalidParameter("duplicated new collection name " + request.new_name +
                                " in database " + target.name +
                                " with other collection name or alias");
    }
    if (target.id != database.id && !AliasesOf(found->id).empty()) {
        return InvalidParameter("fail to rename db name, must drop all aliases of collection " +
                                request.old_name + " before rename");
    }
    CollectionInfo renamed = *found;
    renamed.schema.name = request.new_name;
    renamed.database_id = target.id;
    renamed.database_name = target.name;
    ASSIGN_OR_RETURN(renamed.updated_ts, NewTimestamp());
    RETURN_IF_ERROR(SaveCollection(renamed));
    RETURN_IF_ERROR(Invalidate(context, *found));
    RETURN_IF_ERROR(Invalidate(context, renamed));
    recent_calls_.Remember("RenameCollection", request.request_id, Status());
    return Empty{};
}

Result<Empty> RootCoordImpl::AlterCollection(const CallContext& context,
                                             const roles::AlterCollectionRequest& request) {
    base::MutexLock ddl(ddl_mutex_);
    ASSIGN_OR_RETURN(const CollectionPtr found, Resolve(request.collection));
    ASSIGN_OR_RETURN(const DatabaseInfo owner, FindDatabase(found->database_name));
    RETURN_IF_ERROR(CheckDdlAllowed(owner.properties, "collectionDDL"));
    if (found->schema_event_due) {
        RETURN_IF_ERROR(FinishAlter(context, *found));
    }
    CollectionInfo altered = *found;
    altered.schema_event_due = false;
    for (const auto& [key, value] : request.properties) {
        altered.properties[key] = value;
    }
    for (const std::string& key : request.delete_keys) {
        altered.properties.erase(key);
    }
    const auto description = request.properties.find("collection.description");
    if (description != request.properties.end()) {
        altered.schema.description = description->second;
    }
    ASSIGN_OR_RETURN(altered.updated_ts, NewTimestamp());
    if (IsOn(altered.properties, roles::kUniqueKeysProperty) !=
        IsOn(found->properties, roles::kUniqueKeysProperty)) {
        RETURN_IF_ERROR(ChangeSchema(context, altered));  // the channels decide by it
        return Empty{};
    }
    RETURN_IF_ERROR(SaveCollection(altered));
    RETURN_IF_ERROR(Invalidate(context, altered));
    return Empty{};
}

Result<Empty> RootCoordImpl::AlterSchema(const CallContext& context,
                                         const roles::AlterSchemaRequest& request) {
    base::MutexLock ddl(ddl_mutex_);
    if (const auto seen = recent_calls_.Find("AlterSchema", request.request_id); seen.has_value()) {
        RETURN_IF_ERROR(*seen);
        return Empty{};
    }
    ASSIGN_OR_RETURN(const CollectionPtr found, Resolve(request.collection));
    ASSIGN_OR_RETURN(const DatabaseInfo owner, FindDatabase(found->database_name));
    RETURN_IF_ERROR(CheckDdlAllowed(owner.properties, "collectionDDL"));
    if (found->schema.version != request.base_version) {
        return Status::WithFields(Code::kSchemaMismatch, {{"collection", found->schema.name}})
            .Annotate("the schema was changed by another request meanwhile");
    }
    CollectionInfo changed = *found;
    changed.schema = request.schema;
    changed.schema.name = found->schema.name;
    changed.max_field_id = std::max(found->max_field_id, MaxFieldId(found->schema));
    AssignFieldIds(&changed.schema, &changed.max_field_id);
    for (const auto& [key, value] : request.properties) {
        changed.properties[key] = value;
    }
    ASSIGN_OR_RETURN(changed.updated_ts, NewTimestamp());
    RETURN_IF_ERROR(ChangeSchema(context, std::move(changed)));
    recent_calls_.Remember("AlterSchema", request.request_id, Status());
    return Empty{};
}

// The new schema is the intent: once the catalog has it, a restart begins with it. The event then
// tells the channels of a running server, and only after it does anybody else see the schema.
Status RootCoordImpl::ChangeSchema(const CallContext& context, CollectionInfo changed) {
    RETURN_IF_ERROR(resources_.Check(changed.schema));
    ++changed.schema.version;
    changed.schema_event_due = true;
    RETURN_IF_ERROR(StoreCollection(changed));
    sys::KillPoint("coord.schema_after_intent");
    const Status finished = FinishAlter(context, changed);
    if (!finished.ok()) {
        Publish(changed);  // decided all the same; the next change or start tells the channels
        RETURN_IF_ERROR(Invalidate(context, changed));
    }
    return finished;
}

Status RootCoordImpl::FinishAlter(const CallContext& context, CollectionInfo collection) {
    RETURN_IF_ERROR(partners_.streaming_node->AlterSchema(context, EventOf(collection)).status());
    sys::KillPoint("coord.schema_after_event");
    collection.schema_event_due = false;
    RETURN_IF_ERROR(SaveCollection(collection));
    base::LogInfo("schema_changed",
                  {{"collection", collection.id}, {"version", collection.schema.version}});
    return Invalidate(context, collection);
}

Result<Empty> RootCoordImpl::TruncateCollection(const CallContext& context,
                                                const roles::TruncateRequest& request) {
    base::MutexLock ddl(ddl_mutex_);
    ASSIGN_OR_RETURN(const CollectionPtr found, Resolve(request.collection));
    ASSIGN_OR_RETURN(const DatabaseInfo owner, FindDatabase(found->database_name));
    RETURN_IF_ERROR(CheckDdlAllowed(owner.properties, "collectionDDL"));
    roles::ChannelEvent event = EventOf(*found);
    event.request_id = request.request_id;
    RETURN_IF_ERROR(partners_.streaming_node->Truncate(context, event).status());
    return Empty{};
}

Result<CollectionInfo> RootCoordImpl::DescribeCollection(const CallContext&,
                                                         const roles::CollectionRef& ref) {
    ASSIGN_OR_RETURN(const CollectionPtr found, Resolve(ref));
    return WithAliases(*found);
}

Result<roles::CollectionList> RootCoordImpl::ListCollections(const CallContext&,
                                                             const roles::DatabaseName& request) {
    ASSIGN_OR_RETURN(const DatabaseInfo database, FindDatabase(request.name));
    std::vector<CollectionPtr> found;
    {
        base::MutexLock lock(mutex_);
        for (const auto& [id, collection] : collections_) {
            if (collection->database_id == database.id &&
                collection->state == MetaState::kCreated) {
                found.push_back(collection);
            }
        }
    }
    roles::CollectionList list;
    for (const CollectionPtr& collection : found) {
        list.collections.push_back(WithAliases(*collection));
    }
    return list;
}

// ---- partitions

Result<Empty> RootCoordImpl::CreatePartition(const CallContext& context,
                                             const roles::PartitionRequest& request) {
    base::MutexLock ddl(ddl_mutex_);
    ASSIGN_OR_RETURN(const CollectionPtr found, Resolve(request.collection));
    ASSIGN_OR_RETURN(const DatabaseInfo owner, FindDatabase(found->database_name));
    RETURN_IF_ERROR(CheckDdlAllowed(owner.properties, "partitionDDL"));
    if (const PartitionInfo* existing = found->FindPartition(request.partition_name)) {
        if (existing->state == MetaState::kCreated) {
            return Empty{};
        }
        RETURN_IF_ERROR(FinishDropPartition(context, *found, existing->id));
    }
    ASSIGN_OR_RETURN(const CollectionPtr current, Resolve({"", "", found->id}));
    if (current->partitions.size() >= options_.max_partitions) {
        return InvalidParameter("partition number (" + std::to_string(current->partitions.size()) +
                                ") exceeds max configuration (" +
                                std::to_string(options_.max_partitions) +
                                "), collection: " + current->schema.name);
    }
    RETURN_IF_ERROR(CheckCapacity(current->vchannels.size()));
    CollectionInfo changed = *current;
    PartitionInfo partition;
    ASSIGN_OR_RETURN(const uint64_t id, ids_.Allocate(1));
    partition.id = static_cast<base::PartitionId>(id);
    partition.name = request.partition_name;
    ASSIGN_OR_RETURN(partition.created_ts, NewTimestamp());
    changed.partitions.push_back(std::move(partition));
    RETURN_IF_ERROR(SaveCollection(changed));
    RETURN_IF_ERROR(Invalidate(context, changed));
    return Empty{};
}

Status RootCoordImpl::CheckNotLoaded(const CallContext& context, const CollectionInfo& collection,
                                     const PartitionInfo& partition) {
    ASSIGN_OR_RETURN(const roles::LoadStatus load,
                     partners_.query_coord->GetLoadStatus(context, {collection.id}));
    bool loaded = load.state != roles::LoadState::kNotLoad && load.whole_collection;
    for (base::PartitionId id : load.partitions) {
        loaded = loaded || id == partition.id;
    }
    return loaded ? InvalidParameter(
                        "partition cannot be dropped, partition is loaded, please release it first")
                  : Status();
}

Result<Empty> RootCoordImpl::DropPartition(const CallContext& context,
                                           const roles::PartitionRequest& request) {
    base::MutexLock ddl(ddl_mutex_);
    if (request.partition_name == roles::kDefaultPartition) {
        return InvalidParameter("default partition cannot be deleted");
    }
    ASSIGN_OR_RETURN(const CollectionPtr found, Resolve(request.collection));
    ASSIGN_OR_RETURN(const DatabaseInfo owner, FindDatabase(found->database_name));
    RETURN_IF_ERROR(CheckDdlAllowed(owner.properties, "partitionDDL"));
    const PartitionInfo* partition = found->FindPartition(request.partition_name);
    if (partition == nullptr) {
        return Empty{};
    }
    RETURN_IF_ERROR(CheckNotLoaded(context, *found, *partition));
    CollectionInfo changed = *found;
    for (PartitionInfo& candidate : changed.partitions) {
        if (candidate.id == partition->id) {
            candidate.state = MetaState::kDropping;
        }
    }
    RETURN_IF_ERROR(SaveCollection(changed));
    RETURN_IF_ERROR(Invalidate(context, changed));
    RETURN_IF_ERROR(FinishDropPartition(context, changed, partition->id));
    return Empty{};
}

Status RootCoordImpl::FinishDropPartition(const CallContext& context, CollectionInfo collection,
                                          base::PartitionId partition) {
    RETURN_IF_ERROR(
        partners_.streaming_node->DropPartition(context, EventOf(collection, partition)).status());
    RETURN_IF_ERROR(
        partners_.data_coord->DropPartitionData(context, {collection.id, partition}).status());
    std::erase_if(collection.partitions, [partition](const PartitionInfo& candidate) {
        return candidate.id == partition;
    });
    RETURN_IF_ERROR(SaveCollection(collection));
    return Invalidate(context, collection);
}

}  // namespace elanus::coord
