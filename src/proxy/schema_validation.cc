#include "proxy/schema_validation.h"

#include "function/checks.h"
#include "function/function.h"
#include "proxy/default_values.h"
#include "proxy/field_validation.h"
#include "proxy/name_validation.h"
#include "proxy/phrase.h"
#include "proxy/tenant_namespace.h"
#include "roles/hidden_properties.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <string_view>

namespace elanus::proxy {

namespace {

using schema::DataType;
using schema::FieldSchema;

constexpr int64_t kMaxTtlSeconds = 3155760000;

base::Status CheckPrimaryKey(const schema::CollectionSchema& schema) {
    const FieldSchema* key = nullptr;
    for (const FieldSchema& field : schema.fields) {
        if (!field.is_primary_key) {
            if (field.auto_id) {
                return Invalid("only primary field can speficy AutoID with true, field name = ",
                               field.name);
            }
            continue;
        }
        if (key != nullptr) {
            return Invalid("there are more than one primary key, field name = ", key->name, ", ",
                           field.name);
        }
        if (field.type != DataType::kInt64 && field.type != DataType::kVarChar) {
            return Invalid("the data type of primary key should be Int64 or VarChar");
        }
        if (field.nullable) {
            return Invalid("primary field not support null");
        }
        key = &field;
    }
    if (key == nullptr) {
        return Invalid("primary key is not specified");
    }
    return base::Status();
}

base::Status CheckPartitionKey(const schema::CollectionSchema& schema) {
    const FieldSchema* key = nullptr;
    for (const FieldSchema& field : schema.fields) {
        if (!field.is_partition_key) {
            continue;
        }
        if (key != nullptr) {
            return Invalid("there are more than one partition key, field name = ", key->name, ", ",
                           field.name);
        }
        if (field.is_primary_key) {
            return Invalid("the partition key field must not be primary field");
        }
        if (field.type != DataType::kInt64 && field.type != DataType::kVarChar) {
            return Invalid("the data type of partition key should be Int64 or VarChar");
        }
        if (field.nullable) {
            return Invalid("partition key field not support nullable");
        }
        key = &field;
    }
    return base::Status();
}

base::Status CheckClusteringKey(const schema::CollectionSchema& schema) {
    const FieldSchema* key = nullptr;
    for (const FieldSchema& field : schema.fields) {
        if (!field.is_clustering_key) {
            continue;
        }
        if (key != nullptr) {
            return Invalid("there are more than one clustering key, field name = ", key->name, ", ",
                           field.name);
        }
        if (schema::IsVector(field.type)) {
            return base::Status::FromParts(
                static_cast<base::Code>(107),
                Phrase("vector clustering key not allowed[field=", field.name, "]"), false, true);
        }
        if (!IsPlainScalar(field.type)) {
            return Invalid("clustering key field does not support the data type ",
                           schema::DataTypeName(field.type), ", field name = ", field.name);
        }
        key = &field;
    }
    return base::Status();
}

base::Status CheckFields(const schema::CollectionSchema& schema, const Limits& limits) {
    std::set<std::string_view> names;
    int64_t vectors = 0;
    for (const FieldSchema& field : schema.fields) {
        if (field.is_dynamic || field.name == schema::kDynamicFieldName) {
            return Invalid("cannot explicitly set a field as a dynamic field, field name = ",
                           field.name);
        }
        RETURN_IF_ERROR(CheckField(field, schema.name, limits));
        if (!names.insert(field.name).second) {
            return Invalid("duplicated field name ", field.name);
        }
        vectors += schema::IsVector(field.type) ? 1 : 0;
        vectors += std::count_if(field.sub_fields.begin(), field.sub_fields.end(),
                                 [](const FieldSchema& sub) { return schema::IsVector(sub.type); });
    }
    if (vectors == 0) {
        return Invalid("schema does not contain vector field");
    }
    if (vectors > limits.max_vector_fields) {
        return Invalid("maximum vector field's number should be limited to ",
                       limits.max_vector_fields);
    }
    return base::Status();
}

void AddDynamicField(schema::CollectionSchema* schema) {
    FieldSchema field;
    field.name = schema::kDynamicFieldName;
    field.description = "dynamic schema";
    field.type = DataType::kJson;
    field.is_dynamic = true;
    field.nullable = false;
    schema->fields.push_back(std::move(field));
}

// A limit of a rate or a size: any number, -1 for none.
base::Status CheckNumber(std::string_view key, const std::string& value) {
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    return !value.empty() && error == std::errc() && end == value.data() + value.size()
               ? base::Status()
               : Invalid("invalid value of property ", key, ": ", value);
}

base::Status CheckCounts(const Limits& limits, CreateCollectionRequest* request) {
    if (request->shards_num == 0) {
        request->shards_num = 1;
    }
    if (request->shards_num < 0 || request->shards_num > limits.max_shards) {
        return Invalid("maximum shards's number should be limited to ", limits.max_shards);
    }
    const bool by_key = request->schema.partition_key() != nullptr;
    if (!by_key) {
        if (request->num_partitions > 1) {
            return Invalid(
                "num_partitions should only be specified with partition key field enabled");
        }
        request->num_partitions = 0;
        return base::Status();
    }
    if (request->num_partitions == 0) {
        request->num_partitions = limits.default_partition_key_partitions;
    }
    if (request->num_partitions < 0) {
        return Invalid(
            "the specified partitions should be greater than 0 if partition key is used");
    }
    if (request->num_partitions > limits.max_partitions) {
        return Invalid("partition number (", request->num_partitions,
                       ") exceeds max configuration (", limits.max_partitions, ")");
    }
    return base::Status();
}

// Sub-fields of struct arrays count as fields.
base::Status CheckFieldCount(const schema::CollectionSchema& schema, const Limits& limits) {
    size_t count = schema.fields.size();
    for (const FieldSchema& field : schema.fields) {
        count += field.sub_fields.size();
    }
    if (count > static_cast<size_t>(limits.max_fields)) {
        return Invalid("maximum field's number should be limited to ", limits.max_fields);
    }
    return base::Status();
}

// A struct array is null as a whole: its sub-fields are nullable exactly when it is. What users
// write as text becomes what columns store.
base::Status NormalizeFields(const calendar::TimeZone& zone, schema::CollectionSchema* schema) {
    for (FieldSchema& field : schema->fields) {
        RETURN_IF_ERROR(StoreDefault(zone, &field));
        for (FieldSchema& sub_field : field.sub_fields) {
            sub_field.nullable = sub_field.nullable || field.nullable;
        }
    }
    return base::Status();
}

// autoID of the schema means autoID of its primary key, and the other way round.
void SpreadAutoId(schema::CollectionSchema* schema) {
    for (FieldSchema& field : schema->fields) {
        if (field.is_primary_key) {
            field.auto_id = field.auto_id || schema->auto_id;
            schema->auto_id = field.auto_id;
        }
    }
}

}  // namespace

base::Status CheckPropertyRules(const schema::CollectionSchema& schema,
                                const KeyValues& properties) {
    const auto is_on = [&](std::string_view key) {
        const auto found = properties.find(std::string(key));
        bool on = false;
        return found != properties.end() && ParseBool(found->second, &on) && on;
    };
    if (is_on("partitionkey.isolation") && schema.partition_key() == nullptr) {
        return Invalid(
            "partition key isolation mode is enabled but no partition key field is set. Please set "
            "the partition key first");
    }
    if (is_on(roles::kUniqueKeysProperty) && schema.enable_namespace) {
        return Invalid(roles::kUniqueKeysProperty,
                       " and namespaces cannot be used at the same time: a key may stand in each "
                       "namespace");
    }
    const auto ttl_field = properties.find(std::string(roles::kTtlFieldProperty));
    if (ttl_field == properties.end()) {
        return base::Status();
    }
    const FieldSchema* field = schema.FindField(ttl_field->second);
    if (field == nullptr) {
        return Invalid("ttl field name ", ttl_field->second, " not found in schema");
    }
    if (field->type != DataType::kTimestamptz) {
        return Invalid("ttl field must be timestamptz, field name = ", field->name);
    }
    if (properties.contains(std::string(roles::kTtlProperty))) {
        return Invalid("collection TTL and ttl field cannot be set at the same time");
    }
    if (is_on(roles::kUniqueKeysProperty)) {
        return Invalid(roles::kUniqueKeysProperty,
                       " and ttl_field cannot be set at the same time: whether a key is there "
                       "would depend on the clock");
    }
    return base::Status();
}

KeyValues NormalProperties(KeyValues properties) {
    for (auto& [key, value] : properties) {
        bool on = false;
        if ((key == roles::kUniqueKeysProperty || key == "dynamicfield.enabled") &&
            ParseBool(value, &on)) {
            value = on ? "true" : "false";
        }
    }
    return properties;
}

// Files are not encrypted, and a user who asks for it must not believe that they are.
base::Status RefuseEncryption(const KeyValues& properties) {
    for (const auto& [key, value] : properties) {
        bool on = false;
        const bool switched_off = key == "cipher.enabled" && ParseBool(value, &on) && !on;
        if (key.starts_with("cipher.") && !switched_off) {
            return base::Status::Error(
                base::Code::kUnsupportedOperation,
                Phrase("property ", key, ": this server does not encrypt data, leave it out"));
        }
    }
    return base::Status();
}

base::Status ValidateDatabaseProperties(const KeyValues& properties) {
    RETURN_IF_ERROR(RefuseEncryption(properties));
    for (const auto& [key, value] : properties) {
        bool on = false;
        int64_t number = 0;
        if (key == "timezone") {
            RETURN_IF_ERROR(FindZone(value).status());
        }
        if (key.starts_with("database.force.deny.") && !ParseBool(value, &on)) {
            return Invalid("invalid value of property ", key, ": ", value);
        }
        if ((key == "database.max.collections" || key == "database.replica.number") &&
            (!ParseInt(value, &number) || number < 0)) {
            return Invalid("invalid value of property ", key, ": ", value);
        }
        if (key == "database.diskQuota.mb") {
            RETURN_IF_ERROR(CheckNumber(key, value));
        }
    }
    return base::Status();
}

void NumberFunctions(schema::CollectionSchema* schema) {
    int64_t highest = base::kFirstUserField - 1;
    for (const schema::FunctionSchema& function : schema->functions) {
        highest = std::max(highest, function.id);
    }
    for (schema::FunctionSchema& function : schema->functions) {
        function.id = function.id == 0 ? ++highest : function.id;
    }
}

base::Status CheckAddedFields(const Limits& limits, const calendar::TimeZone& zone,
                              schema::CollectionSchema* schema) {
    for (FieldSchema& field : schema->fields) {
        if (field.id != 0) {
            continue;
        }
        if (field.is_primary_key || field.auto_id) {
            return Invalid("not support to add pk field, field name = ", field.name);
        }
        if (field.is_partition_key) {
            return Invalid("not support to add partition key field, field name  = ", field.name);
        }
        if (field.is_clustering_key) {
            return Invalid("not support to add clustering key field, field name  = ", field.name);
        }
        if (field.is_dynamic) {
            return Invalid("not support to add dynamic field, field name  = ", field.name);
        }
        if (!field.nullable && function::FunctionOf(*schema, field) == nullptr) {
            return Invalid("added field must be nullable, please check it, field name = ",
                           field.name);
        }
        RETURN_IF_ERROR(StoreDefault(zone, &field));
        for (FieldSchema& sub_field : field.sub_fields) {
            sub_field.nullable = true;
        }
    }
    schema::CollectionSchema visible = *schema;
    std::erase_if(visible.fields, [](const FieldSchema& field) { return field.is_hidden(); });
    RETURN_IF_ERROR(CheckFieldCount(visible, limits));
    RETURN_IF_ERROR(CheckFields(visible, limits));
    NumberFunctions(schema);
    return function::CheckFunctions(schema);
}

base::Status ValidateCollectionProperties(const KeyValues& properties) {
    for (const auto& [key, value] : properties) {
        if (key.starts_with(roles::kCreatedNamespacePrefix)) {
            return Invalid("invalid property ", key, ": namespaces are made with CreateNamespace");
        }
    }
    RETURN_IF_ERROR(RefuseEncryption(properties));
    for (const auto& [key, value] : properties) {
        if (key == "collection.ttl.seconds") {
            int64_t seconds = 0;
            if (!ParseInt(value, &seconds)) {
                return Invalid("collection.ttl.seconds should be an integer, but got ", value);
            }
            if (seconds < -1 || seconds > kMaxTtlSeconds) {
                return Invalid("collection TTL is out of range, expect [-1, ", kMaxTtlSeconds,
                               "], got ", seconds);
            }
        }
        if (key == "timezone") {
            RETURN_IF_ERROR(FindZone(value).status());
        }
        if (key.ends_with("Rate.max.mb") || key.ends_with("Rate.min.mb") ||
            key.ends_with("Rate.max.qps") || key.ends_with("Rate.min.qps") ||
            key.ends_with("Rate.max.vps") || key.ends_with("Rate.min.vps") ||
            key.ends_with("diskProtection.diskQuota.mb")) {
            RETURN_IF_ERROR(CheckNumber(key, value));
        }
        if (key == "collection.replica.number") {
            int64_t replicas = 0;
            if (!ParseInt(value, &replicas) || replicas < 1) {
                return Invalid("invalid value of property ", key, ": ", value);
            }
        }
        if (key.starts_with("warmup") && value != "disable" && value != "sync" &&
            value != "async") {
            return Invalid("invalid value of property ", key, ": ", value,
                           ", expected one of disable, sync, async");
        }
        if (key == "query_mode" && value != "large_topk" && !value.empty()) {
            return Invalid("invalid value of property query_mode: ", value);
        }
        bool on = false;
        if ((key == roles::kUniqueKeysProperty || key == "lazyload.enabled" ||
             key == "disable_func_runtime_check" || key == "mmap.enabled" ||
             key == "partitionkey.isolation" || key == "collection.autocompaction.enabled" ||
             key == "dynamicfield.enabled" || key == "allow_insert_auto_id") &&
            !ParseBool(value, &on)) {
            return Invalid("invalid value of property ", key, ": ", value);
        }
    }
    return base::Status();
}

base::Status CheckDescription(std::string_view collection, std::string_view description,
                              const Limits& limits) {
    return description.size() <= static_cast<size_t>(limits.max_description_bytes)
               ? base::Status()
               : Invalid("the length of the description of collection ", collection,
                         " must not exceed ", limits.max_description_bytes, " bytes");
}

base::Status PrepareCollection(const Limits& limits, CreateCollectionRequest* request) {
    schema::CollectionSchema& schema = request->schema;
    RETURN_IF_ERROR(ValidateCollectionName(request->name, limits));
    if (!schema.name.empty() && schema.name != request->name) {
        return Invalid("collection name mismatch: request ", request->name, ", schema ",
                       schema.name);
    }
    schema.name = request->name;
    RETURN_IF_ERROR(CheckDescription(schema.name, schema.description, limits));
    RETURN_IF_ERROR(CheckFieldCount(schema, limits));
    RETURN_IF_ERROR(ValidateCollectionProperties(request->properties));
    RETURN_IF_ERROR(NormalizeFields(ZoneOf(request->properties), &schema));
    SpreadAutoId(&schema);
    RETURN_IF_ERROR(CheckFields(schema, limits));
    RETURN_IF_ERROR(CheckPrimaryKey(schema));
    RETURN_IF_ERROR(CheckPartitionKey(schema));
    RETURN_IF_ERROR(CheckClusteringKey(schema));
    RETURN_IF_ERROR(function::CheckFunctions(&schema));
    for (schema::FunctionSchema& function : schema.functions) {
        function.id = 0;
    }
    NumberFunctions(&schema);
    if (schema.enable_namespace) {
        RETURN_IF_ERROR(AddNamespaceField(request->properties, limits, &schema));
    }
    RETURN_IF_ERROR(CheckPropertyRules(schema, request->properties));
    RETURN_IF_ERROR(CheckCounts(limits, request));
    if (schema.enable_dynamic_field) {
        AddDynamicField(&schema);
    }
    return base::Status();
}

}  // namespace elanus::proxy
