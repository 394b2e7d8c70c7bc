// Proxy: load state of collections and partitions.

#include "proxy/phrase.h"
#include "proxy/proxy_core.h"
#include "proxy/row_routing.h"

#include <algorithm>

namespace elanus::proxy {

namespace {

base::Result<std::vector<base::PartitionId>> PartitionsToLoad(
    const roles::CollectionInfo& collection, const std::vector<std::string>& partitions,
    std::string_view action) {
    if (!partitions.empty() && collection.schema.partition_key() != nullptr) {
        return Invalid("disable ", action,
                       " partitions if partition key mode is used: not support manually specifying "
                       "the partition names if partition key mode is used");
    }
    return FindPartitions(collection, partitions);
}

// Every vector field that is loaded needs an index.
base::Status CheckIndexed(const roles::CollectionInfo& collection,
                          const std::vector<roles::IndexInfo>& indexes,
                          const std::vector<std::string>& load_fields) {
    std::string missing;
    for (const schema::FieldSchema& field : collection.schema.fields) {
        const bool wanted = load_fields.empty() || std::find(load_fields.begin(), load_fields.end(),
                                                             field.name) != load_fields.end();
        const bool indexed = std::any_of(
            indexes.begin(), indexes.end(),
            [&field](const roles::IndexInfo& index) { return index.field_id == field.id; });
        if (schema::IsVector(field.type) && wanted && !indexed) {
            missing += missing.empty() ? field.name : " " + field.name;
        }
    }
    if (missing.empty()) {
        return base::Status();
    }
    return base::Status::WithFields(base::Code::kIndexNotFound,
                                    {{"collection", collection.schema.name}})
        .Annotate(Phrase("there is no vector index on field: [", missing,
                         "], please create index firstly"));
}

base::Status CheckLoadFields(const schema::CollectionSchema& schema,
                             const std::vector<std::string>& load_fields) {
    if (load_fields.empty()) {
        return base::Status();
    }
    bool has_vector = false;
    for (const std::string& name : load_fields) {
        const schema::FieldSchema* field = schema.FindField(name);
        if (field == nullptr) {
            return base::Status::WithFields(base::Code::kFieldNotFound, {{"field", name}});
        }
        has_vector |= schema::IsVector(field->type);
    }
    std::string list;
    for (const std::string& name : load_fields) {
        list += list.empty() ? name : " " + name;
    }
    for (const schema::FieldSchema& field : schema.fields) {
        const std::string_view kind = field.is_primary_key      ? "primary key"
                                      : field.is_partition_key  ? "partition key"
                                      : field.is_clustering_key ? "clustering key"
                                                                : "";
        if (!kind.empty() && !field.is_hidden() &&
            std::find(load_fields.begin(), load_fields.end(), field.name) == load_fields.end()) {
            return Invalid("load field list [", list, "] does not contain ", kind, " field ",
                           field.name);
        }
    }
    if (!has_vector) {
        return Invalid("load field list [", list, "] does not contain vector field");
    }
    return base::Status();
}

// What the status says about the named partitions alone.
roles::LoadStatus OfPartitions(roles::LoadStatus status,
                               const std::vector<base::PartitionId>& partitions) {
    if (partitions.empty() || status.whole_collection) {
        return status;
    }
    const bool all =
        std::all_of(partitions.begin(), partitions.end(), [&status](base::PartitionId partition) {
            return std::find(status.partitions.begin(), status.partitions.end(), partition) !=
                   status.partitions.end();
        });
    if (!all) {
        status.state = roles::LoadState::kNotLoad;
        status.progress = 0;
        status.refresh_progress = 0;
    }
    return status;
}

}  // namespace

base::Status Proxy::Load(const base::CallContext& context, const std::string& database,
                         const std::string& collection, const std::vector<std::string>& partitions,
                         const std::vector<std::string>& load_fields, int32_t replica_number,
                         bool refresh) {
    const auto result = core_->WithCollection(
        context, database, collection,
        [&](const CollectionPtr& info) -> base::Result<roles::Empty> {
            roles::LoadRequest request;
            ASSIGN_OR_RETURN(request.partitions, PartitionsToLoad(*info, partitions, "load"));
            RETURN_IF_ERROR(CheckLoadFields(info->schema, load_fields));
            ASSIGN_OR_RETURN(const IndexesPtr indexes,
                             core_->cache.RefreshIndexes(context, info->id));
            RETURN_IF_ERROR(CheckIndexed(*info, *indexes, load_fields));
            request.collection = *info;
            request.load_fields = load_fields;
            request.replica_number = replica_number <= 0 ? 1 : replica_number;
            request.refresh = refresh;
            return core_->partners.query_coord->Load(context, request);
        });
    return result.ok() ? base::Status() : result.status();
}

base::Status Proxy::Release(const base::CallContext& context, const std::string& database,
                            const std::string& collection,
                            const std::vector<std::string>& partitions) {
    const auto result = core_->WithCollection(
        context, database, collection,
        [&](const CollectionPtr& info) -> base::Result<roles::Empty> {
            roles::ReleaseRequest request;
            ASSIGN_OR_RETURN(request.partitions, PartitionsToLoad(*info, partitions, "release"));
            request.collection = *info;
            return core_->partners.query_coord->Release(context, request);
        });
    return result.ok() ? base::Status() : result.status();
}

base::Result<roles::LoadStatus> Proxy::GetLoadStatus(const base::CallContext& context,
                                                     const std::string& database,
                                                     const std::string& collection,
                                                     const std::vector<std::string>& partitions) {
    auto status = core_->WithCollection(
        context, database, collection,
        [&](const CollectionPtr& info) -> base::Result<roles::LoadStatus> {
            ASSIGN_OR_RETURN(const std::vector<base::PartitionId> ids,
                             FindPartitions(*info, partitions));
            ASSIGN_OR_RETURN(roles::LoadStatus load, core_->LoadStatusOf(context, *info));
            return OfPartitions(std::move(load), ids);
        });
    if (!status.ok() && status.status().code() == base::Code::kCollectionNotFound) {
        roles::LoadStatus missing;
        missing.state = roles::LoadState::kNotExist;
        return missing;
    }
    return status;
}

}  // namespace elanus::proxy
