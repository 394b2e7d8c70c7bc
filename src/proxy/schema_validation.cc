#include "proxy/schema_validation.h"

#include "proxy/name_validation.h"
#include "proxy/phrase.h"

#include <charconv>
#include <cmath>
#include <set>
#include <string>
#include <string_view>

namespace elanus::proxy {

namespace {

using schema::DataType;
using schema::FieldSchema;

constexpr int64_t kMaxTtlSeconds = 3155760000;

bool IsSupportedScalar(DataType type) {
    return type == DataType::kBool || schema::IsNumeric(type) || type == DataType::kVarChar;
}

base::Status CheckType(const FieldSchema& field) {
    const std::string_view name = schema::DataTypeName(field.type);
    if (field.type == DataType::kString) {
        return Invalid(
            "string data type not supported yet, please use VarChar type instead, field ",
            field.name);
    }
    if (IsSupportedScalar(field.type) || field.type == DataType::kJson ||
        field.type == DataType::kFloatVector) {
        return base::Status();
    }
    if (field.type == DataType::kArray) {
        if (!IsSupportedScalar(field.element_type)) {
            return Invalid("element type ", schema::DataTypeName(field.element_type),
                           " is not supported, field ", field.name);
        }
        return base::Status();
    }
    if (field.type == DataType::kNone || name == "Unknown") {
        return Invalid("data type ", static_cast<int32_t>(field.type), " of field ", field.name,
                       " is not valid");
    }
    return NotSupportedYet(Phrase("data type ", name));
}

base::Status CheckDimension(const FieldSchema& field, const Limits& limits) {
    const auto it = field.type_params.find("dim");
    if (it == field.type_params.end()) {
        return Invalid(
            "dimension is not defined in field type params, check type param `dim` for vector "
            "field ",
            field.name);
    }
    int64_t dim = 0;
    if (!ParseInt(it->second, &dim) || dim < 2) {
        return Invalid("invalid dimension: ", it->second, ". should be in range 2 ~ ",
                       limits.max_dimension);
    }
    if (dim > limits.max_dimension) {
        return Invalid("invalid dimension: ", dim, " of field ", field.name,
                       ". float vector dimension should be in range 2 ~ ", limits.max_dimension);
    }
    return base::Status();
}

base::Status CheckMaxLength(const FieldSchema& field, std::string_view collection,
                            const Limits& limits) {
    const auto it = field.type_params.find("max_length");
    if (it == field.type_params.end()) {
        return base::MissingParameter(
            Phrase("type param(max_length) should be specified for the "
                   "field(",
                   field.name, ") of collection ", collection));
    }
    int64_t length = 0;
    if (!ParseInt(it->second, &length)) {
        return Invalid("the value of max_length for field ", field.name,
                       " must be an integer, but got ", it->second);
    }
    if (length <= 0 || length > limits.max_varchar_length) {
        return Invalid("the maximum length specified for the field(", field.name,
                       ") should be in (0, ", limits.max_varchar_length, "], but got ", length,
                       " instead");
    }
    return base::Status();
}

base::Status CheckMaxCapacity(const FieldSchema& field, std::string_view collection,
                              const Limits& limits) {
    const auto it = field.type_params.find("max_capacity");
    if (it == field.type_params.end()) {
        return base::MissingParameter(
            Phrase("type param(max_capacity) should be specified for "
                   "array field ",
                   field.name, " of collection ", collection));
    }
    int64_t capacity = 0;
    if (!ParseInt(it->second, &capacity)) {
        return Invalid("the value of max_capacity for field ", field.name,
                       " must be an integer, but got ", it->second);
    }
    if (capacity <= 0 || capacity > limits.max_array_capacity) {
        return Invalid("the maximum capacity specified for a Array should be in (0, ",
                       limits.max_array_capacity, "], but got ", capacity, " instead");
    }
    return base::Status();
}

base::Status CheckTypeParams(const FieldSchema& field, std::string_view collection,
                             const Limits& limits) {
    if (field.type == DataType::kFloatVector) {
        RETURN_IF_ERROR(CheckDimension(field, limits));
    }
    if (field.type == DataType::kVarChar ||
        (field.type == DataType::kArray && field.element_type == DataType::kVarChar)) {
        RETURN_IF_ERROR(CheckMaxLength(field, collection, limits));
    }
    if (field.type == DataType::kArray) {
        RETURN_IF_ERROR(CheckMaxCapacity(field, collection, limits));
    }
    for (const char* key : {"enable_analyzer", "enable_match"}) {
        const auto it = field.type_params.find(key);
        bool on = false;
        if (it != field.type_params.end() && (!ParseBool(it->second, &on) || on)) {
            return NotSupportedYet(Phrase("text analysis (", key, ") of field ", field.name));
        }
    }
    const auto mmap = field.type_params.find("mmap.enabled");
    bool on = false;
    if (mmap != field.type_params.end() && !ParseBool(mmap->second, &on)) {
        return Invalid("invalid mmap.enabled value: ", mmap->second, ", field ", field.name);
    }
    return base::Status();
}

std::string_view DefaultKind(const schema::DefaultValue& value) {
    static constexpr std::string_view kNames[] = {"None",  "Bool",   "Int64",
                                                  "Float", "Double", "VarChar"};
    return kNames[value.index()];
}

base::Status DefaultMismatch(const FieldSchema& field) {
    return Invalid("type (", schema::DataTypeName(field.type), ") of field (", field.name,
                   ") is not equal to the type(", DefaultKind(field.default_value),
                   ") of default_value");
}

base::Status CheckIntegerDefault(const FieldSchema& field, int64_t value) {
    int64_t low = INT64_MIN;
    int64_t high = INT64_MAX;
    if (field.type == DataType::kInt8) {
        low = INT8_MIN;
        high = INT8_MAX;
    } else if (field.type == DataType::kInt16) {
        low = INT16_MIN;
        high = INT16_MAX;
    } else if (field.type == DataType::kInt32) {
        low = INT32_MIN;
        high = INT32_MAX;
    }
    if (value < low || value > high) {
        return Invalid("[", value, " out of range ", low, " <= value <= ", high,
                       "]: default value out of range, field ", field.name);
    }
    return base::Status();
}

base::Status CheckDefault(const FieldSchema& field) {
    if (!field.has_default()) {
        return base::Status();
    }
    if (field.is_primary_key) {
        return Invalid("primary field not support default_value");
    }
    if (!IsSupportedScalar(field.type)) {
        return Invalid("type not support default_value, type:", schema::DataTypeName(field.type),
                       ", name:", field.name);
    }
    const schema::DefaultValue& value = field.default_value;
    bool matches = false;
    const float* narrow = std::get_if<float>(&value);
    const double* wide = std::get_if<double>(&value);
    if ((narrow != nullptr && !std::isfinite(*narrow)) ||
        (wide != nullptr && !std::isfinite(*wide))) {
        return Invalid("default value of field ", field.name, " is not a number or infinity");
    }
    if (std::holds_alternative<bool>(value)) {
        matches = field.type == DataType::kBool;
    } else if (const int64_t* integer = std::get_if<int64_t>(&value)) {
        matches = schema::IsInteger(field.type);
        if (matches) {
            return CheckIntegerDefault(field, *integer);
        }
    } else if (std::holds_alternative<float>(value)) {
        matches = field.type == DataType::kFloat;
    } else if (std::holds_alternative<double>(value)) {
        matches = field.type == DataType::kDouble;
    } else if (const std::string* text = std::get_if<std::string>(&value)) {
        matches = field.type == DataType::kVarChar;
        if (matches && text->size() > static_cast<size_t>(field.max_length())) {
            return Invalid("the length (", text->size(), ") of string exceeds max length (",
                           field.max_length(), "): default value of field ", field.name);
        }
    }
    return matches ? base::Status() : DefaultMismatch(field);
}

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
        if (!IsSupportedScalar(field.type)) {
            return Invalid("clustering key field does not support the data type ",
                           schema::DataTypeName(field.type), ", field name = ", field.name);
        }
        key = &field;
    }
    return base::Status();
}

base::Status CheckField(const FieldSchema& field, std::string_view collection,
                        const Limits& limits) {
    RETURN_IF_ERROR(ValidateFieldName(field.name, limits));
    RETURN_IF_ERROR(CheckType(field));
    RETURN_IF_ERROR(CheckTypeParams(field, collection, limits));
    if (field.is_function_output) {
        return NotSupportedYet(Phrase("function output field ", field.name));
    }
    if (field.nullable && schema::IsVector(field.type)) {
        return NotSupportedYet(Phrase("nullable vector field ", field.name));
    }
    return CheckDefault(field);
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

bool ParseBool(std::string_view text, bool* value) {
    for (const char* yes : {"true", "True", "TRUE", "1", "t", "T"}) {
        if (text == yes) {
            *value = true;
            return true;
        }
    }
    for (const char* no : {"false", "False", "FALSE", "0", "f", "F"}) {
        if (text == no) {
            *value = false;
            return true;
        }
    }
    return false;
}

bool ParseInt(std::string_view text, int64_t* value) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

base::Status ValidateCollectionProperties(const KeyValues& properties) {
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
        bool on = false;
        if ((key == "mmap.enabled" || key == "partitionkey.isolation" ||
             key == "collection.autocompaction.enabled" || key == "dynamicfield.enabled" ||
             key == "allow_insert_auto_id") &&
            !ParseBool(value, &on)) {
            return Invalid("invalid value of property ", key, ": ", value);
        }
    }
    return base::Status();
}

base::Status PrepareCollection(const Limits& limits, CreateCollectionRequest* request) {
    schema::CollectionSchema& schema = request->schema;
    RETURN_IF_ERROR(ValidateCollectionName(request->name, limits));
    if (!schema.name.empty() && schema.name != request->name) {
        return Invalid("collection name mismatch: request ", request->name, ", schema ",
                       schema.name);
    }
    schema.name = request->name;
    if (schema.description.size() > static_cast<size_t>(limits.max_description_bytes)) {
        return Invalid("the length of the description of collection ", schema.name,
                       " must not exceed ", limits.max_description_bytes, " bytes");
    }
    if (!schema.functions.empty()) {
        return NotSupportedYet(Phrase("function ", schema.functions[0].name));
    }
    if (schema.enable_namespace) {
        return NotSupportedYet("namespace");
    }
    if (schema.fields.size() > static_cast<size_t>(limits.max_fields)) {
        return Invalid("maximum field's number should be limited to ", limits.max_fields);
    }
    SpreadAutoId(&schema);
    RETURN_IF_ERROR(CheckFields(schema, limits));
    RETURN_IF_ERROR(CheckPrimaryKey(schema));
    RETURN_IF_ERROR(CheckPartitionKey(schema));
    RETURN_IF_ERROR(CheckClusteringKey(schema));
    RETURN_IF_ERROR(ValidateCollectionProperties(request->properties));
    RETURN_IF_ERROR(CheckCounts(limits, request));
    if (schema.enable_dynamic_field) {
        AddDynamicField(&schema);
    }
    return base::Status();
}

}  // namespace elanus::proxy
