// Proxy: changes of a collection that exists: fields added, altered and dropped, properties,
// truncation. The new schema is made from the cached one and sent whole; RootCoord refuses it when
// another change came first, and it is made once more (WithCollection).

#include "function/checks.h"
#include "function/text_embedding.h"
#include "proxy/default_values.h"
#include "proxy/field_validation.h"
#include "proxy/index_params.h"
#include "proxy/name_validation.h"
#include "proxy/phrase.h"
#include "proxy/proxy.h"
#include "proxy/proxy_core.h"
#include "proxy/schema_validation.h"
#include "proxy/tenant_namespace.h"

#include <algorithm>

namespace elanus::proxy {

namespace {

using schema::DataType;
using schema::FieldSchema;

roles::CollectionRef RefById(const roles::CollectionInfo& collection) {
    return roles::CollectionRef{collection.database_name, "", collection.id};
}

bool IsLoaded(const roles::LoadStatus& load) {
    return load.state == roles::LoadState::kLoaded || load.state == roles::LoadState::kLoading;
}

base::Status CheckReleased(ProxyCore& core, const base::CallContext& context,
                           const roles::CollectionInfo& collection) {
    ASSIGN_OR_RETURN(const roles::LoadStatus load, core.LoadStatusOf(context, collection));
    if (!IsLoaded(load)) {
        return base::Status();
    }
    return base::Status::WithFields(base::Code::kCollectionLoaded,
                                    {{"collection", collection.schema.name}})
        .Annotate("can not alter mmap properties if collection loaded");
}

base::Result<roles::Empty> SendSchema(ProxyCore& core, const base::CallContext& context,
                                      const roles::CollectionInfo& collection,
                                      schema::CollectionSchema schema, KeyValues properties = {}) {
    roles::AlterSchemaRequest request;
    request.collection = RefById(collection);
    request.base_version = collection.schema.version;
    request.schema = std::move(schema);
    request.properties = std::move(properties);
    request.request_id = core.NextRequestId();
    auto result = core.partners.root_coord->AlterSchema(context, request);
    core.cache.Invalidate(roles::CollectionRef{"", "", collection.id});
    return result;
}

base::Status CheckVectorIndex(ProxyCore& core, const base::CallContext& context,
                              const roles::CollectionInfo& collection, std::string_view what) {
    ASSIGN_OR_RETURN(const IndexesPtr indexes, core.cache.RefreshIndexes(context, collection.id));
    for (const roles::IndexInfo& index : *indexes) {
        if (!index.metric_type.empty()) {
            return base::Status::WithFields(base::Code::kIndexDuplicate,
                                            {{"collection", collection.schema.name}})
                .Annotate(Phrase("can not alter ", what,
                                 " if the collection already has a vector index. Please drop the "
                                 "index first"));
        }
    }
    return base::Status();
}

base::Status CheckMayAlter(const std::string& key) {
    return IsFixedNamespaceProperty(key)
               ? Invalid("can not alter ", key, ", it is fixed when the collection is created")
               : base::Status();
}

bool NeedsRelease(const std::string& key) {
    return key == "mmap.enabled" || key == "warmup" || key.starts_with("warmup.");
}

// Sets an integer limit of a field; it may only grow, since rows that are there keep their size.
base::Status Raise(FieldSchema* field, const std::string& key, const std::string& value) {
    int64_t wanted = 0;
    if (!ParseInt(value, &wanted)) {
        return Invalid("the value of ", key, " must be an integer, but got ", value);
    }
    if (wanted < field->IntParam(key)) {
        return Invalid("the value of ", key, " of field ", field->name,
                       " can not be decreased: ", field->IntParam(key), " to ", wanted);
    }
    field->type_params[key] = std::to_string(wanted);
    for (FieldSchema& sub_field : field->sub_fields) {
        if (sub_field.type_params.contains(key)) {
            sub_field.type_params[key] = std::to_string(wanted);
        }
    }
    return base::Status();
}

base::Status SetFieldProperty(const std::string& key, const std::string& value,
                              FieldSchema* field) {
    const bool is_text =
        field->type == DataType::kVarChar || field->type == DataType::kText ||
        (field->type == DataType::kArray && field->element_type == DataType::kVarChar);
    if (key == "max_length" && is_text) {
        return Raise(field, key, value);
    }
    if (key == "max_capacity" && (field->type == DataType::kArray || !field->sub_fields.empty())) {
        return Raise(field, key, value);
    }
    if (key == "max_length" || key == "max_capacity") {
        return Invalid("can not modify the ", key, " of field ", field->name, " of type ",
                       schema::DataTypeName(field->type));
    }
    bool on = false;
    if (key == "mmap.enabled" && !ParseBool(value, &on)) {
        return Invalid("invalid value of mmap.enabled: ", value);
    }
    if (key == "warmup" && !IsWarmup(value)) {
        return InvalidWarmup(value);
    }
    if (key == "field.description") {
        field->description = value;
        return base::Status();
    }
    if (key != "mmap.enabled" && key != "warmup") {
        return Invalid("the field property ", key, " can not be altered");
    }
    field->type_params[key] = value;
    return base::Status();
}

FieldSchema* FindField(schema::CollectionSchema* schema, const std::string& name) {
    for (FieldSchema& field : schema->fields) {
        if (field.name == name && !field.is_hidden()) {
            return &field;
        }
    }
    return nullptr;
}

base::Status FieldNotFound(const std::string& name) {
    return base::Status::WithFields(base::Code::kFieldNotFound, {{"field", name}});
}

base::Status CheckMayDrop(const roles::CollectionInfo& collection, const FieldSchema& field) {
    if (field.is_primary_key || field.is_partition_key || field.is_clustering_key) {
        return Invalid("cannot drop the ",
                       field.is_primary_key     ? "primary"
                       : field.is_partition_key ? "partition"
                                                : "clustering",
                       " key field ", field.name);
    }
    if (field.is_dynamic) {
        return Invalid("cannot drop the dynamic field");
    }
    for (const schema::FunctionSchema& function : collection.schema.functions) {
        for (const auto* names : {&function.input_field_names, &function.output_field_names}) {
            if (std::find(names->begin(), names->end(), field.name) != names->end()) {
                return Invalid("cannot drop field ", field.name, ", it is referenced by function ",
                               function.name);
            }
        }
    }
    const auto ttl_field = collection.properties.find(std::string(roles::kTtlFieldProperty));
    if (ttl_field != collection.properties.end() && ttl_field->second == field.name) {
        return Invalid("cannot drop field ", field.name, ", it is the ttl_field of the collection");
    }
    const auto has_vector = [](const FieldSchema& each) {
        return schema::IsVector(each.type) ||
               std::any_of(each.sub_fields.begin(), each.sub_fields.end(),
                           [](const FieldSchema& sub) { return schema::IsVector(sub.type); });
    };
    const bool others = std::any_of(
        collection.schema.fields.begin(), collection.schema.fields.end(),
        [&](const FieldSchema& each) { return each.id != field.id && has_vector(each); });
    return others ? base::Status()
                  : Invalid("cannot drop field ", field.name,
                            ", it is the last vector field of the collection");
}

base::Status DropIndexesOf(ProxyCore& core, const base::CallContext& context, base::CollectionId id,
                           const FieldSchema& field) {
    ASSIGN_OR_RETURN(const roles::IndexList list,
                     core.partners.data_coord->ListIndexes(context, roles::OfCollection{id}));
    for (const roles::IndexProgress& progress : list.indexes) {
        const base::FieldId indexed = progress.index.field_id;
        const bool of_sub_field =
            std::any_of(field.sub_fields.begin(), field.sub_fields.end(),
                        [&](const FieldSchema& sub_field) { return sub_field.id == indexed; });
        if (indexed == field.id || of_sub_field) {
            RETURN_IF_ERROR(core.partners.data_coord
                                ->DropIndex(context, roles::DropIndexRequest{id, field.name,
                                                                             progress.index.name})
                                .status());
        }
    }
    core.cache.InvalidateIndexes(id);
    return base::Status();
}

// A function fills fields that come with it: those that are there hold what clients sent.
base::Status CheckOutputsAreNew(const roles::CollectionInfo& collection,
                                const std::vector<schema::FunctionSchema>& functions) {
    for (const schema::FunctionSchema& function : functions) {
        for (const std::string& name : function.output_field_names) {
            if (collection.schema.FindField(name) != nullptr) {
                return Invalid("the output field ", name, " of function ", function.name,
                               " exists already, a function is added together with a new field");
            }
        }
    }
    return base::Status();
}

// An embedding is paid once, when its row is written, so a field that such a function fills
// has no rows that are older than it.
base::Status CheckMakesOldRows(const std::vector<schema::FunctionSchema>& functions) {
    for (const schema::FunctionSchema& function : functions) {
        if (function.type == schema::FunctionType::kTextEmbedding) {
            return Invalid("function ", function.name,
                           ": a TextEmbedding function is added to a vector field that exists "
                           "and is filled (add_collection_function), not with a new field");
        }
    }
    return base::Status();
}

// Milvus' words for the others.
base::Status CheckComesAlone(const schema::FunctionSchema& function, std::string_view verb) {
    if (function.type == schema::FunctionType::kTextEmbedding) {
        return base::Status();
    }
    const std::string_view kind = function.type == schema::FunctionType::kBm25      ? "BM25 "
                                  : function.type == schema::FunctionType::kMinHash ? "MinHash "
                                                                                    : "";
    return Invalid("currently does not support ", verb, " ", kind,
                   "function alone: add it together with its output field (add_function_field)");
}

schema::FunctionSchema* FindFunction(schema::CollectionSchema* schema, const std::string& name) {
    for (schema::FunctionSchema& function : schema->functions) {
        if (function.name == name) {
            return &function;
        }
    }
    return nullptr;
}

base::Status FunctionNotFound(const std::string& name, const std::string& collection) {
    return Invalid("function ", name, " not found in collection ", collection);
}

// The schema with a function that came or changed: its rules, and whether its model answers.
base::Status CheckChangedFunction(const base::CallContext& context,
                                  const roles::CollectionInfo& collection, const std::string& name,
                                  schema::CollectionSchema* schema) {
    NumberFunctions(schema);
    RETURN_IF_ERROR(function::CheckFunctions(schema));
    return function::ProbeTextEmbeddings(context, *schema, collection.properties, name);
}

// $meta for a collection made without it: rows of before hold no dynamic keys.
FieldSchema LateDynamicField() {
    FieldSchema field;
    field.name = schema::kDynamicFieldName;
    field.description = "dynamic schema";
    field.type = DataType::kJson;
    field.is_dynamic = true;
    field.default_value = std::string("{}");
    return field;
}

}  // namespace

base::Status Proxy::AddFields(const base::CallContext& context, const std::string& database,
                              const std::string& collection,
                              const std::vector<schema::FieldSchema>& fields) {
    if (fields.empty()) {
        return Invalid("no field to add");
    }
    return core_
        ->WithCollection(
            context, database, collection,
            [&](const CollectionPtr& info) -> base::Result<roles::Empty> {
                schema::CollectionSchema schema = info->schema;
                const auto place =
                    std::find_if(schema.fields.begin(), schema.fields.end(),
                                 [](const FieldSchema& field) { return field.is_hidden(); });
                schema.fields.insert(place, fields.begin(), fields.end());
                RETURN_IF_ERROR(CheckAddedFields(core_->limits, ZoneOf(info->properties), &schema));
                return SendSchema(*core_, context, *info, std::move(schema));
            })
        .status();
}

base::Status Proxy::AddFunctionFields(const base::CallContext& context,
                                      const FunctionFields& added) {
    const auto result = core_->WithCollection(
        context, added.database, added.collection,
        [&](const CollectionPtr& info) -> base::Result<roles::Empty> {
            roles::CollectionInfo changed = *info;
            schema::CollectionSchema& schema = changed.schema;
            const auto place =
                std::find_if(schema.fields.begin(), schema.fields.end(),
                             [](const FieldSchema& field) { return field.is_hidden(); });
            schema.fields.insert(place, added.fields.begin(), added.fields.end());
            schema.functions.insert(schema.functions.end(), added.functions.begin(),
                                    added.functions.end());
            RETURN_IF_ERROR(CheckAddedFields(core_->limits, ZoneOf(info->properties), &schema));
            RETURN_IF_ERROR(CheckOutputsAreNew(*info, added.functions));
            RETURN_IF_ERROR(CheckMakesOldRows(added.functions));
            for (const CreateIndexRequest& index : added.indexes) {
                RETURN_IF_ERROR(ParseIndex(changed, index, core_->limits).status());
            }
            return SendSchema(*core_, context, *info, std::move(schema));
        });
    RETURN_IF_ERROR(result.status());
    for (const CreateIndexRequest& index : added.indexes) {
        RETURN_IF_ERROR(CreateIndex(context, index));
    }
    return base::Status();
}

base::Status Proxy::AddFunction(const base::CallContext& context, const std::string& database,
                                const std::string& collection,
                                const schema::FunctionSchema& function) {
    RETURN_IF_ERROR(CheckComesAlone(function, "adding"));
    return core_
        ->WithCollection(
            context, database, collection,
            [&](const CollectionPtr& info) -> base::Result<roles::Empty> {
                schema::CollectionSchema schema = info->schema;
                schema.functions.push_back(function);
                schema.functions.back().id = 0;
                RETURN_IF_ERROR(CheckChangedFunction(context, *info, function.name, &schema));
                return SendSchema(*core_, context, *info, std::move(schema));
            })
        .status();
}

base::Status Proxy::AlterFunction(const base::CallContext& context, const std::string& database,
                                  const std::string& collection, const std::string& name,
                                  const schema::FunctionSchema& function) {
    RETURN_IF_ERROR(CheckComesAlone(function, "altering"));
    return core_
        ->WithCollection(context, database, collection,
                         [&](const CollectionPtr& info) -> base::Result<roles::Empty> {
                             schema::CollectionSchema schema = info->schema;
                             schema::FunctionSchema* old = FindFunction(&schema, name);
                             if (old == nullptr) {
                                 return FunctionNotFound(name, schema.name);
                             }
                             RETURN_IF_ERROR(CheckComesAlone(*old, "altering"));
                             if (function.name != name) {
                                 return Invalid("invalid function config, name not match: ", name,
                                                ", ", function.name);
                             }
                             const int64_t id = old->id;
                             *old = function;
                             old->id = id;
                             RETURN_IF_ERROR(CheckChangedFunction(context, *info, name, &schema));
                             return SendSchema(*core_, context, *info, std::move(schema));
                         })
        .status();
}

base::Status Proxy::DropFunction(const base::CallContext& context, const std::string& database,
                                 const std::string& collection, const std::string& name,
                                 bool drop_output_fields) {
    return core_
        ->WithCollection(
            context, database, collection,
            [&](const CollectionPtr& info) -> base::Result<roles::Empty> {
                schema::CollectionSchema schema = info->schema;
                const schema::FunctionSchema* function = FindFunction(&schema, name);
                if (function == nullptr) {
                    return FunctionNotFound(name, schema.name);
                }
                if (!drop_output_fields && function->type == schema::FunctionType::kBm25) {
                    return Invalid(
                        "currently does not support dropping BM25 function without its "
                        "output field: drop both with drop_function_field");
                }
                const std::vector<std::string> outputs = function->output_field_names;
                const bool is_filled = function->type == schema::FunctionType::kTextEmbedding;
                std::erase_if(schema.functions, [&](const schema::FunctionSchema& each) {
                    return each.name == name;
                });
                roles::CollectionInfo rest = *info;
                rest.schema = schema;
                std::vector<FieldSchema> dropped;
                for (const std::string& output : outputs) {
                    FieldSchema* field = FindField(&schema, output);
                    field->is_function_output = false;
                    // Rows older than other functions have no values.
                    field->nullable = field->nullable || !is_filled;
                    if (drop_output_fields) {
                        RETURN_IF_ERROR(CheckMayDrop(rest, *field));
                        dropped.push_back(*field);
                        std::erase_if(schema.fields,
                                      [&](const FieldSchema& each) { return each.name == output; });
                    }
                }
                RETURN_IF_ERROR(SendSchema(*core_, context, *info, std::move(schema)).status());
                for (const FieldSchema& field : dropped) {
                    RETURN_IF_ERROR(DropIndexesOf(*core_, context, info->id, field));
                }
                return roles::Empty();
            })
        .status();
}

base::Status Proxy::DropField(const base::CallContext& context, const std::string& database,
                              const std::string& collection, const std::string& name,
                              base::FieldId id) {
    return core_
        ->WithCollection(
            context, database, collection,
            [&](const CollectionPtr& info) -> base::Result<roles::Empty> {
                const FieldSchema* field =
                    name.empty() ? info->schema.FindField(id) : info->schema.FindField(name);
                if (field == nullptr) {
                    return FieldNotFound(name.empty() ? std::to_string(id) : name);
                }
                RETURN_IF_ERROR(CheckMayDrop(*info, *field));
                schema::CollectionSchema schema = info->schema;
                std::erase_if(schema.fields,
                              [&](const FieldSchema& each) { return each.id == field->id; });
                RETURN_IF_ERROR(SendSchema(*core_, context, *info, std::move(schema)).status());
                RETURN_IF_ERROR(DropIndexesOf(*core_, context, info->id, *field));
                return roles::Empty();
            })
        .status();
}

base::Status Proxy::AlterField(const base::CallContext& context, const std::string& database,
                               const std::string& collection, const std::string& name,
                               const KeyValues& properties,
                               const std::vector<std::string>& delete_keys) {
    if (properties.empty() == delete_keys.empty()) {
        return Invalid(properties.empty() ? "no properties to alter"
                                          : "cannot provide both DeleteKeys and Properties");
    }
    return core_
        ->WithCollection(context, database, collection,
                         [&](const CollectionPtr& info) -> base::Result<roles::Empty> {
                             schema::CollectionSchema schema = info->schema;
                             FieldSchema* field = FindField(&schema, name);
                             if (field == nullptr) {
                                 return FieldNotFound(name);
                             }
                             bool release = false;
                             for (const auto& [key, value] : properties) {
                                 RETURN_IF_ERROR(SetFieldProperty(key, value, field));
                                 release = release || NeedsRelease(key);
                             }
                             for (const std::string& key : delete_keys) {
                                 if (!NeedsRelease(key)) {
                                     return Invalid("the field property ", key,
                                                    " can not be deleted");
                                 }
                                 field->type_params.erase(key);
                                 release = true;
                             }
                             RETURN_IF_ERROR(CheckField(*field, schema.name, core_->limits));
                             if (release) {
                                 RETURN_IF_ERROR(CheckReleased(*core_, context, *info));
                             }
                             return SendSchema(*core_, context, *info, std::move(schema));
                         })
        .status();
}

base::Status Proxy::AlterCollection(const base::CallContext& context, const std::string& database,
                                    const std::string& collection, const KeyValues& properties,
                                    const std::vector<std::string>& delete_keys) {
    if (properties.empty() == delete_keys.empty()) {
        return Invalid(properties.empty() ? "no properties to alter"
                                          : "cannot provide both DeleteKeys and Properties");
    }
    RETURN_IF_ERROR(ValidateCollectionProperties(properties));
    if (const auto description = properties.find("collection.description");
        description != properties.end()) {
        RETURN_IF_ERROR(CheckDescription(collection, description->second, core_->limits));
    }
    return core_
        ->WithCollection(context, database, collection,
                         [&](const CollectionPtr& info) -> base::Result<roles::Empty> {
                             RETURN_IF_ERROR(AlterKnown(context, *info, properties, delete_keys));
                             return roles::Empty();
                         })
        .status();
}

base::Status Proxy::AlterKnown(const base::CallContext& context, const roles::CollectionInfo& info,
                               const KeyValues& properties,
                               const std::vector<std::string>& delete_keys) {
    KeyValues merged = info.properties;
    bool release = false;
    for (const auto& [key, value] : properties) {
        RETURN_IF_ERROR(CheckMayAlter(key));
        merged[key] = value;
        release = release || NeedsRelease(key);
    }
    for (const std::string& key : delete_keys) {
        RETURN_IF_ERROR(CheckMayAlter(key));
        merged.erase(key);
        release = release || NeedsRelease(key);
        if (key == "dynamicfield.enabled") {
            return Invalid("the property dynamicfield.enabled can not be deleted");
        }
    }
    RETURN_IF_ERROR(CheckPropertyRules(info.schema, merged));
    for (const auto& [key, what] :
         {std::pair("query_mode", "query mode"),
          std::pair("partitionkey.isolation", "partition key isolation mode")}) {
        if (properties.count(key) > 0) {
            RETURN_IF_ERROR(CheckVectorIndex(*core_, context, info, what));
        }
    }
    if (release) {
        RETURN_IF_ERROR(CheckReleased(*core_, context, info));
    }
    KeyValues normal = NormalProperties(properties);
    if (const auto dynamic = normal.find("dynamicfield.enabled"); dynamic != normal.end()) {
        const bool on = dynamic->second == "true";
        if (on != info.schema.enable_dynamic_field) {
            if (!on) {
                return Invalid("dynamic schema cannot supported to be disabled");
            }
            schema::CollectionSchema schema = info.schema;
            schema.enable_dynamic_field = true;
            schema.fields.push_back(LateDynamicField());
            return SendSchema(*core_, context, info, std::move(schema), std::move(normal)).status();
        }
    }
    roles::AlterCollectionRequest request;
    request.collection = RefById(info);
    request.properties = std::move(normal);
    request.delete_keys = delete_keys;
    const auto result = core_->partners.root_coord->AlterCollection(context, request);
    core_->cache.Invalidate(roles::CollectionRef{"", "", info.id});
    return result.ok() ? base::Status() : result.status();
}

base::Status Proxy::TruncateCollection(const base::CallContext& context,
                                       const std::string& database, const std::string& collection) {
    ASSIGN_OR_RETURN(const CollectionPtr info, core_->Collection(context, database, collection));
    roles::TruncateRequest request;
    request.collection = RefById(*info);
    request.request_id = core_->NextRequestId();
    return core_->partners.root_coord->TruncateCollection(context, request).status();
}

}  // namespace elanus::proxy
