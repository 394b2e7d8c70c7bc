#include "proxy/tenant_namespace.h"

#include "base/check.h"
#include "proxy/name_validation.h"
#include "proxy/partition_key.h"
#include "proxy/phrase.h"
#include "proxy/row_routing.h"
#include "proxy/schema_validation.h"
#include "roles/hidden_properties.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace elanus::proxy {

namespace {

constexpr std::string_view kModeProperty = "namespace.mode";
constexpr std::string_view kShardingProperty = "namespace.sharding.enabled";
constexpr std::string_view kPartitionMode = "partition";

bool IsPartitionMode(const KeyValues& properties) {
    const auto mode = properties.find(std::string(kModeProperty));
    return mode != properties.end() && mode->second == kPartitionMode;
}

base::Status CheckProperties(const KeyValues& properties) {
    const auto mode = properties.find(std::string(kModeProperty));
    if (mode != properties.end() && mode->second != kPartitionMode &&
        mode->second != "partition_key") {
        return Invalid("invalid value of property ", kModeProperty, ": ", mode->second,
                       ", expected one of partition_key, partition");
    }
    const auto sharding = properties.find(std::string(kShardingProperty));
    bool on = false;
    if (sharding != properties.end() && !ParseBool(sharding->second, &on)) {
        return Invalid("invalid value of property ", kShardingProperty, ": ", sharding->second);
    }
    return base::Status();
}

// With namespace.mode=partition the shard is that of the row's key, whatever the property says.
bool IsSharded(const roles::CollectionInfo& collection) {
    const auto sharding = collection.properties.find(std::string(kShardingProperty));
    bool on = false;
    return collection.schema.enable_namespace && !IsPartitionMode(collection.properties) &&
           sharding != collection.properties.end() && ParseBool(sharding->second, &on) && on;
}

}  // namespace

base::Status AddNamespaceField(const KeyValues& properties, const Limits& limits,
                               schema::CollectionSchema* schema) {
    RETURN_IF_ERROR(CheckProperties(properties));
    if (const schema::FieldSchema* key = schema->partition_key()) {
        return Invalid("namespace and partition key cannot be used at the same time, field name = ",
                       key->name);
    }
    schema::FieldSchema field;
    field.name = schema::kNamespaceFieldName;
    field.description = "namespace id";
    field.type = schema::DataType::kVarChar;
    field.is_partition_key = !IsPartitionMode(properties);
    field.type_params["max_length"] = std::to_string(limits.max_name_length);
    schema->fields.push_back(std::move(field));
    return base::Status();
}

const schema::FieldSchema& NamespaceField(const roles::CollectionInfo& collection) {
    const auto& fields = collection.schema.fields;
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [](const auto& each) { return each.is_namespace(); });
    CHECK(field != fields.end(), "a collection with namespaces and without their field");
    return *field;
}

bool HasNamespacePartitions(const roles::CollectionInfo& collection) {
    return IsPartitionMode(collection.properties);
}

bool IsFixedNamespaceProperty(std::string_view key) {
    return key == kModeProperty || key == kShardingProperty ||
           key.starts_with(roles::kCreatedNamespacePrefix);
}

std::string CreatedNamespaceProperty(std::string_view name) {
    return Phrase(roles::kCreatedNamespacePrefix, name);
}

std::map<std::string, base::Timestamp> CreatedNamespaces(const KeyValues& properties) {
    std::map<std::string, base::Timestamp> created;
    for (auto it = properties.lower_bound(std::string(roles::kCreatedNamespacePrefix));
         it != properties.end() && it->first.starts_with(roles::kCreatedNamespacePrefix); ++it) {
        int64_t timestamp = 0;
        ParseInt(it->second, &timestamp);
        created[it->first.substr(roles::kCreatedNamespacePrefix.size())] =
            static_cast<base::Timestamp>(timestamp);
    }
    return created;
}

CollectionPtr OnShardOfNamespace(MetaCache& cache, const CollectionPtr& collection,
                                 const NamespaceName& name) {
    const size_t shards = collection->vchannels.size();
    if (!name.has_value() || shards < 2 || !IsSharded(*collection)) {
        return collection;
    }
    // Other bits than those that choose the partition, so that each shard has some of every.
    return cache.OnShard(collection, (HashPartitionKey(std::string_view(*name)) >> 32) % shards);
}

base::Status CheckNamespace(const roles::CollectionInfo& collection, const NamespaceName& name,
                            const Limits& limits) {
    if (name.has_value() != collection.schema.enable_namespace) {
        return Invalid(name.has_value() ? "namespace data is set but namespace disabled"
                                        : "namespace data is not set but namespace enabled");
    }
    if (!name.has_value()) {
        return base::Status();
    }
    const base::Status rules = ValidatePartitionName(*name, limits);
    return rules.ok() ? rules : rules.Annotate("invalid namespace");
}

PlanPtr WithinNamespace(const roles::CollectionInfo& collection, const NamespaceName& name,
                        PlanPtr filter) {
    if (!collection.schema.enable_namespace || (filter != nullptr && filter->IsAlwaysFalse())) {
        return filter;
    }
    const schema::FieldSchema& field = NamespaceField(collection);
    expr::Compare within;
    within.column.field_id = field.id;
    within.column.type = field.type;
    within.value = *name;
    expr::Plan term{std::move(within)};
    return std::make_shared<const expr::Plan>(
        filter == nullptr ? std::move(term) : expr::InFront(std::move(term), *filter));
}

void LimitDeletes(const roles::CollectionInfo& collection, const NamespaceName& name,
                  std::vector<roles::WritePart>* parts) {
    if (!collection.schema.enable_namespace) {
        return;
    }
    const base::FieldId field = NamespaceField(collection).id;
    const std::optional<base::PartitionId> partition = PartitionOfNamespace(collection, *name);
    for (roles::WritePart& part : *parts) {
        part.delete_scope = roles::DeleteScope{field, *name};
        part.partition_id = partition.value_or(part.partition_id);
    }
}

std::optional<base::PartitionId> PartitionOfNamespace(const roles::CollectionInfo& collection,
                                                      std::string_view name) {
    if (IsPartitionMode(collection.properties)) {
        const auto found = FindPartition(collection, name);
        return found.ok() ? std::optional(*found) : std::nullopt;
    }
    const std::vector<base::PartitionId> partitions = HashPartitions(collection);
    return partitions.empty()
               ? std::nullopt
               : std::optional(partitions[HashPartitionKey(name) % partitions.size()]);
}

base::Status UseNamespacePartition(const roles::CollectionInfo& collection,
                                   const NamespaceName& name, std::string* partition) {
    if (!collection.schema.enable_namespace || !IsPartitionMode(collection.properties)) {
        return base::Status();
    }
    if (!partition->empty() && *partition != *name) {
        return Invalid("partition ", *partition, " is not that of namespace ", *name,
                       ": leave the partition out");
    }
    *partition = *name;
    return base::Status();
}

schema::FieldSchema FilledNamespaceField(const schema::FieldSchema& field,
                                         const NamespaceName& name) {
    schema::FieldSchema filled = field;
    filled.default_value = name.value_or("");
    return filled;
}

}  // namespace elanus::proxy
