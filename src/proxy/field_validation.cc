#include "proxy/field_validation.h"

#include "proxy/name_validation.h"
#include "proxy/phrase.h"
#include "proxy/schema_validation.h"
#include "proxy/text_analysis.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <string>

namespace elanus::proxy {

namespace {

using schema::DataType;
using schema::FieldSchema;

const std::string* Param(const FieldSchema& field, const std::string& key) {
    const auto it = field.type_params.find(key);
    return it == field.type_params.end() ? nullptr : &it->second;
}

base::Status CheckType(const FieldSchema& field) {
    const std::string_view name = schema::DataTypeName(field.type);
    switch (field.type) {
        case DataType::kString:
            return Invalid(
                "string data type not supported yet, please use VarChar type instead, field ",
                field.name);
        case DataType::kArray:
            if (!IsPlainScalar(field.element_type)) {
                return Invalid("element type ", schema::DataTypeName(field.element_type),
                               " is not supported, field ", field.name);
            }
            return base::Status();
        case DataType::kArrayOfVector:
            return Invalid("ArrayOfVector is only allowed inside a struct array, field ",
                           field.name);
        case DataType::kNone:
        case DataType::kStruct:
            return Invalid("data type ", static_cast<int32_t>(field.type), " of field ", field.name,
                           " is not valid");
        default:
            if (name == "Unknown") {
                return Invalid("data type ", static_cast<int32_t>(field.type), " of field ",
                               field.name, " is not valid");
            }
            return base::Status();
    }
}

// The dimension of vectors of type `type`: the field's, or the elements' of an ArrayOfVector.
base::Status CheckDimension(const FieldSchema& field, DataType type, const Limits& limits) {
    const std::string* text = Param(field, "dim");
    if (type == DataType::kSparseFloatVector) {
        return text == nullptr ? base::Status()
                               : Invalid("dim should not be specified for sparse vector field ",
                                         field.name, "(", field.id, ")");
    }
    if (text == nullptr) {
        return Invalid(
            "dimension is not defined in field type params, check type param `dim` for vector "
            "field ",
            field.name);
    }
    int64_t dim = 0;
    if (!ParseInt(*text, &dim) || dim < 2) {
        return Invalid("invalid dimension: ", *text, ". should be in range 2 ~ ",
                       limits.max_dimension);
    }
    if (type == DataType::kBinaryVector) {
        if (dim % 8 != 0) {
            return Invalid("invalid dimension: ", dim, " of field ", field.name,
                           ". binary vector dimension should be multiple of 8. ");
        }
        if (dim > limits.max_dimension * 8) {
            return Invalid("invalid dimension: ", dim, " of field ", field.name,
                           ". binary vector dimension should be in range 2 ~ ",
                           limits.max_dimension * 8);
        }
        return base::Status();
    }
    if (dim > limits.max_dimension) {
        return Invalid("invalid dimension: ", dim, " of field ", field.name,
                       ". float vector dimension should be in range 2 ~ ", limits.max_dimension);
    }
    return base::Status();
}

base::Status CheckMaxLength(const FieldSchema& field, std::string_view collection, int64_t limit) {
    const std::string* text = Param(field, "max_length");
    if (text == nullptr) {
        return base::MissingParameter(
            Phrase("type param(max_length) should be specified for the "
                   "field(",
                   field.name, ") of collection ", collection));
    }
    int64_t length = 0;
    if (!ParseInt(*text, &length)) {
        return Invalid("the value of max_length for field ", field.name,
                       " must be an integer, but got ", *text);
    }
    if (length <= 0 || length > limit) {
        return Invalid("the maximum length specified for the field(", field.name,
                       ") should be in (0, ", limit, "], but got ", length, " instead");
    }
    return base::Status();
}

base::Status CheckMaxCapacity(const FieldSchema& field, std::string_view collection,
                              const Limits& limits) {
    const std::string* text = Param(field, "max_capacity");
    if (text == nullptr) {
        return base::MissingParameter(
            Phrase("type param(max_capacity) should be specified for "
                   "array field ",
                   field.name, " of collection ", collection));
    }
    int64_t capacity = 0;
    if (!ParseInt(*text, &capacity)) {
        return Invalid("the value of max_capacity for field ", field.name,
                       " must be an integer, but got ", *text);
    }
    if (capacity <= 0 || capacity > limits.max_array_capacity) {
        return Invalid("the maximum capacity specified for a Array should be in (0, ",
                       limits.max_array_capacity, "], but got ", capacity, " instead");
    }
    return base::Status();
}

base::Status ReadSwitch(const FieldSchema& field, const std::string& key, bool* on) {
    const std::string* text = Param(field, key);
    if (text != nullptr && !ParseBool(*text, on)) {
        return Invalid("invalid ", key, " value: ", *text, ", field ", field.name);
    }
    return base::Status();
}

base::Status CheckTypeParams(const FieldSchema& field, std::string_view collection,
                             const Limits& limits) {
    if (schema::IsVector(field.type)) {
        RETURN_IF_ERROR(CheckDimension(field, field.type, limits));
    }
    if (field.type == DataType::kVarChar ||
        (field.type == DataType::kArray && field.element_type == DataType::kVarChar)) {
        RETURN_IF_ERROR(CheckMaxLength(field, collection, limits.max_varchar_length));
    }
    if (field.type == DataType::kText && Param(field, "max_length") != nullptr) {
        RETURN_IF_ERROR(CheckMaxLength(field, collection, limits.max_text_length));
    }
    if (field.type == DataType::kArray) {
        RETURN_IF_ERROR(CheckMaxCapacity(field, collection, limits));
    }
    RETURN_IF_ERROR(CheckTextAnalysis(field));
    const std::string* warmup = Param(field, "warmup");
    if (warmup != nullptr && !IsWarmup(*warmup)) {
        return InvalidWarmup(*warmup);
    }
    bool on = false;
    RETURN_IF_ERROR(ReadSwitch(field, "field.skipLoad", &on));
    return ReadSwitch(field, "mmap.enabled", &on);
}

std::string_view DefaultKind(const schema::DefaultValue& value) {
    static constexpr std::string_view kNames[] = {"None",  "Bool",   "Int64",
                                                  "Float", "Double", "VarChar"};
    return kNames[value.index()];
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

base::Status CheckTextDefault(const FieldSchema& field, size_t size, const Limits& limits) {
    int64_t limit = field.max_length();
    if (field.type == DataType::kText && limit == 0) {
        limit = limits.max_text_length;
    }
    if (size > static_cast<size_t>(limit)) {
        return Invalid("the length (", size, ") of string exceeds max length (", limit,
                       "): default value of field ", field.name);
    }
    return base::Status();
}

bool DefaultMatches(DataType type, const schema::DefaultValue& value) {
    switch (type) {
        case DataType::kBool:
            return std::holds_alternative<bool>(value);
        case DataType::kInt8:
        case DataType::kInt16:
        case DataType::kInt32:
        case DataType::kInt64:
        case DataType::kTimestamptz:
            return std::holds_alternative<int64_t>(value);
        case DataType::kFloat:
            return std::holds_alternative<float>(value);
        case DataType::kDouble:
            return std::holds_alternative<double>(value);
        default:
            return std::holds_alternative<std::string>(value);
    }
}

base::Status CheckDefault(const FieldSchema& field, const Limits& limits) {
    if (!field.has_default()) {
        return base::Status();
    }
    if (field.is_primary_key) {
        return Invalid("primary field not support default_value");
    }
    if (!IsPlainScalar(field.type) && field.type != DataType::kTimestamptz &&
        field.type != DataType::kGeometry && field.type != DataType::kText) {
        return Invalid("type not support default_value, type:", schema::DataTypeName(field.type),
                       ", name:", field.name);
    }
    const schema::DefaultValue& value = field.default_value;
    if (!DefaultMatches(field.type, value)) {
        return Invalid("type (", schema::DataTypeName(field.type), ") of field (", field.name,
                       ") is not equal to the type(", DefaultKind(value), ") of default_value");
    }
    const float* narrow = std::get_if<float>(&value);
    const double* wide = std::get_if<double>(&value);
    if ((narrow != nullptr && !std::isfinite(*narrow)) ||
        (wide != nullptr && !std::isfinite(*wide))) {
        return Invalid("default value of field ", field.name, " is not a number or infinity");
    }
    if (const int64_t* integer = std::get_if<int64_t>(&value)) {
        return CheckIntegerDefault(field, *integer);
    }
    const std::string* text = std::get_if<std::string>(&value);
    return text != nullptr && schema::IsStringLike(field.type)
               ? CheckTextDefault(field, text->size(), limits)
               : base::Status();
}

base::Status CheckSubFieldType(const FieldSchema& field) {
    const std::string_view element = schema::DataTypeName(field.element_type);
    if (field.type != DataType::kArray && field.type != DataType::kArrayOfVector) {
        return Invalid(
            "Fields in StructArrayField can only be array or array of vector, but field ",
            field.name, " is ", schema::DataTypeName(field.type));
    }
    if (field.element_type == DataType::kArray || field.element_type == DataType::kArrayOfVector ||
        field.element_type == DataType::kArrayOfStruct || field.element_type == DataType::kStruct) {
        return Invalid("Nested array is not supported ", field.name);
    }
    if (field.type == DataType::kArrayOfVector) {
        return schema::IsDenseVector(field.element_type)
                   ? base::Status()
                   : Invalid("Unsupported element type ", element,
                             " of ArrayOfVector in struct array, field ", field.name);
    }
    if (schema::IsVector(field.element_type)) {
        return Invalid(
            "Inside StructArrayField, use ArrayOfVector when element type is a vector, field ",
            field.name);
    }
    return IsPlainScalar(field.element_type)
               ? base::Status()
               : Invalid("element type ", element, " is not supported for fields in struct, field ",
                         field.name);
}

base::Status CheckSubField(const FieldSchema& parent, const FieldSchema& field,
                           std::string_view collection, const Limits& limits) {
    RETURN_IF_ERROR(ValidateFieldName(field.name, limits));
    RETURN_IF_ERROR(CheckSubFieldType(field));
    if (field.is_primary_key || field.is_partition_key || field.is_clustering_key ||
        field.auto_id || field.is_dynamic || field.is_function_output) {
        return Invalid(
            "a field in struct array cannot be a key, autoID, dynamic or function output, field ",
            field.name);
    }
    if (field.has_default()) {
        return Invalid("default_value is not supported for fields in struct array, field ",
                       field.name);
    }
    if (field.nullable && !parent.nullable) {
        return Invalid("nullable is not supported for fields in struct array now, fieldName = ",
                       field.name);
    }
    RETURN_IF_ERROR(CheckMaxCapacity(field, collection, limits));
    if (field.max_capacity() != parent.sub_fields[0].max_capacity()) {
        return Invalid("all fields of struct array ", parent.name,
                       " must have the same max_capacity, but field ", field.name, " has ",
                       field.max_capacity(), " and field ", parent.sub_fields[0].name, " has ",
                       parent.sub_fields[0].max_capacity());
    }
    if (field.element_type == DataType::kVarChar) {
        RETURN_IF_ERROR(CheckMaxLength(field, collection, limits.max_varchar_length));
    }
    RETURN_IF_ERROR(CheckTextAnalysis(field));
    return field.type == DataType::kArrayOfVector
               ? CheckDimension(field, field.element_type, limits)
               : base::Status();
}

base::Status CheckStructArray(const FieldSchema& field, std::string_view collection,
                              const Limits& limits) {
    if (field.sub_fields.empty()) {
        return Invalid("struct array field ", field.name, " has no sub-fields");
    }
    if (field.is_primary_key || field.is_partition_key || field.is_clustering_key ||
        field.auto_id || field.has_default()) {
        return Invalid("a struct array cannot be a key, autoID or have a default value, field ",
                       field.name);
    }
    std::set<std::string_view> names;
    for (const FieldSchema& sub_field : field.sub_fields) {
        RETURN_IF_ERROR(CheckSubField(field, sub_field, collection, limits));
        if (!names.insert(sub_field.name).second) {
            return Invalid("duplicated field name ", sub_field.name, " in struct array ",
                           field.name);
        }
    }
    return base::Status();
}

}  // namespace

bool IsPlainScalar(DataType type) {
    return type == DataType::kBool || schema::IsNumeric(type) || type == DataType::kVarChar;
}

base::Status CheckField(const FieldSchema& field, std::string_view collection,
                        const Limits& limits) {
    RETURN_IF_ERROR(ValidateFieldName(field.name, limits));
    RETURN_IF_ERROR(CheckType(field));
    if (field.type == DataType::kArrayOfStruct) {
        return CheckStructArray(field, collection, limits);
    }
    RETURN_IF_ERROR(CheckTypeParams(field, collection, limits));
    return CheckDefault(field, limits);
}

bool IsWarmup(std::string_view value) {
    return value == "disable" || value == "sync" || value == "async";
}

base::Status InvalidWarmup(std::string_view value) {
    return Invalid("invalid warmup value: ", value, ", expected: disable, sync, async");
}

}  // namespace elanus::proxy
