#include "wire/rest_schema.h"

#include "proxy/default_values.h"
#include "proxy/tenant_namespace.h"
#include "roles/hidden_properties.h"
#include "wire/rest_error.h"
#include "wire/rest_row_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace elanus::wire {
namespace {

using base::InvalidParameter;
using base::Result;
using base::Status;
using json::Value;
using schema::DataType;
using schema::FieldSchema;
using schema::KeyValues;
using Kind = json::Scalar::Kind;

constexpr std::string_view kDefaultMetric = "COSINE";
constexpr std::string_view kTtlKey = "collection.ttl.seconds";

constexpr std::array<std::string_view, 5> kConsistencyNames = {"Strong", "Session", "Bounded",
                                                               "Eventually", "Customized"};

// Members of `params` that become properties of the collection, with the property's key.
constexpr std::pair<std::string_view, std::string_view> kParamProperties[] = {
    {"ttlSeconds", kTtlKey},
    {"ttlField", "ttl_field"},
    {"partitionKeyIsolation", "partitionkey.isolation"},
    {"mmap.enabled", "mmap.enabled"},
    {"warmup.scalarField", "warmup.scalarField"},
    {"warmup.scalarIndex", "warmup.scalarIndex"},
    {"warmup.vectorField", "warmup.vectorField"},
    {"warmup.vectorIndex", "warmup.vectorIndex"},
};

Status CheckAbsent(const RestBody& body, std::string_view key) {
    const std::string_view raw = body.Raw(key);
    if (raw.empty() || raw == "[]" || raw == "{}" || raw == "\"\"" || raw == "false") {
        return Status();
    }
    return NotYet(key);
}

Result<roles::ConsistencyLevel> ConsistencyFromName(std::string_view name) {
    for (size_t i = 0; i < kConsistencyNames.size(); ++i) {
        if (kConsistencyNames[i] == name) {
            return static_cast<roles::ConsistencyLevel>(i);
        }
    }
    return InvalidParameter(
        "consistencyLevel can only be [Strong, Session, Bounded, Eventually, "
        "Customized], default: Bounded, but got " +
        std::string(name));
}

// A number of `params`, written as a number or as a string.
Result<int64_t> IntParam(const KeyValues& params, const std::string& key) {
    const auto it = params.find(key);
    int64_t value = 0;
    if (it != params.end() && (!ReadIntText(it->second, &value) || value < 0 ||
                               value > std::numeric_limits<int32_t>::max())) {
        return InvalidParameter(key + " should be a non-negative integer, but got " + it->second);
    }
    return value;
}

Result<bool> BoolParam(const KeyValues& params, const std::string& key, bool fallback) {
    const auto it = params.find(key);
    bool value = fallback;
    if (it != params.end() && !ReadBoolText(it->second, &value)) {
        return InvalidParameter(key + " should be true or false, but got " + it->second);
    }
    return value;
}

Status AddProperty(std::string_view key, const std::string& value, KeyValues* properties) {
    if (!properties->emplace(key, value).second && key == kTtlKey) {
        return InvalidParameter("the TTL of the collection is given more than once");
    }
    return Status();
}

Result<KeyValues> ReadProperties(const RestBody& body, const KeyValues& params) {
    KeyValues properties;
    ASSIGN_OR_RETURN(const KeyValues given, body.Pairs("properties"));
    for (const auto& [key, value] : given) {
        RETURN_IF_ERROR(AddProperty(key == "ttl.seconds" ? kTtlKey : key, value, &properties));
    }
    for (const auto& [param, property] : kParamProperties) {
        const auto it = params.find(std::string(param));
        if (it != params.end()) {
            RETURN_IF_ERROR(AddProperty(property, it->second, &properties));
        }
    }
    return properties;
}

Result<DataType> ReadType(const RestBody& field, std::string_view key) {
    ASSIGN_OR_RETURN(const std::string name, field.Text(key));
    const DataType type = schema::DataTypeFromName(name);
    if (type == DataType::kNone) {
        return InvalidParameter(std::string(key) + " " + name + " is invalid(case sensitive)");
    }
    return type;
}

Result<schema::DefaultValue> ReadDefault(const RestBody& field, DataType type) {
    const std::string_view raw = field.Raw("defaultValue");
    if (raw.empty()) {
        return schema::DefaultValue();
    }
    std::string scratch;
    const json::Scalar value = ScalarOf(raw, &scratch);
    if (type == DataType::kBool && value.kind == Kind::kBool) {
        return schema::DefaultValue(value.boolean);
    }
    if (schema::IsInteger(type) && value.kind == Kind::kInt64) {
        return schema::DefaultValue(value.int64);
    }
    if (type == DataType::kDouble && value.is_number()) {
        return schema::DefaultValue(value.AsDouble());
    }
    if (type == DataType::kFloat && value.is_number() &&
        std::abs(value.AsDouble()) <= std::numeric_limits<float>::max()) {
        return schema::DefaultValue(static_cast<float>(value.AsDouble()));
    }
    const bool is_text =
        schema::IsStringLike(type) || type == DataType::kTimestamptz || type == DataType::kGeometry;
    if (is_text && value.kind == Kind::kString) {
        return schema::DefaultValue(std::string(value.text));
    }
    return InvalidParameter("convert defaultValue fail: type (" +
                            std::string(schema::DataTypeName(type)) + ") does not take " +
                            std::string(raw.substr(0, 80)));
}

Result<FieldSchema> ReadField(const RestBody& body) {
    FieldSchema field;
    ASSIGN_OR_RETURN(field.name, body.RequiredText("fieldName"));
    if (!body.Has("dataType")) {
        return MissingRequired("field [dataType] of [" + field.name + "] is required");
    }
    ASSIGN_OR_RETURN(field.type, ReadType(body, "dataType"));
    if (body.Has("elementDataType")) {
        ASSIGN_OR_RETURN(field.element_type, ReadType(body, "elementDataType"));
    }
    ASSIGN_OR_RETURN(field.description, body.Text("description"));
    ASSIGN_OR_RETURN(field.is_primary_key, body.Bool("isPrimary"));
    ASSIGN_OR_RETURN(field.is_partition_key, body.Bool("isPartitionKey"));
    ASSIGN_OR_RETURN(field.is_clustering_key, body.Bool("isClusteringKey"));
    ASSIGN_OR_RETURN(field.nullable, body.Bool("nullable"));
    ASSIGN_OR_RETURN(field.type_params, body.Pairs("elementTypeParams"));
    ASSIGN_OR_RETURN(field.default_value, ReadDefault(body, field.type));
    RETURN_IF_ERROR(CheckAbsent(body, "externalField"));
    return field;
}

constexpr std::pair<std::string_view, schema::FunctionType> kFunctionTypes[] = {
    {"BM25", schema::FunctionType::kBm25},
    {"TextEmbedding", schema::FunctionType::kTextEmbedding},
    {"Rerank", schema::FunctionType::kRerank},
    {"MinHash", schema::FunctionType::kMinHash},
};

std::string_view FunctionTypeName(schema::FunctionType type) {
    for (const auto& [name, value] : kFunctionTypes) {
        if (value == type) {
            return name;
        }
    }
    return "Unknown";
}

// A struct array. A capacity given for the whole counts for the sub-fields that have none.
Result<FieldSchema> ReadStructField(const RestBody& body) {
    FieldSchema field;
    field.type = DataType::kArrayOfStruct;
    ASSIGN_OR_RETURN(field.name, body.RequiredText("fieldName"));
    ASSIGN_OR_RETURN(field.description, body.Text("description"));
    ASSIGN_OR_RETURN(field.nullable, body.Bool("nullable"));
    ASSIGN_OR_RETURN(field.type_params, body.Pairs("typeParams"));
    ASSIGN_OR_RETURN(const std::vector<RestBody> sub_fields, body.Objects("fields"));
    if (sub_fields.empty()) {
        return MissingRequired("field [fields] of [" + field.name + "] is required");
    }
    const auto capacity = field.type_params.find("max_capacity");
    for (const RestBody& sub_body : sub_fields) {
        ASSIGN_OR_RETURN(FieldSchema sub_field, ReadField(sub_body));
        if (capacity != field.type_params.end()) {
            sub_field.type_params.emplace("max_capacity", capacity->second);
        }
        field.sub_fields.push_back(std::move(sub_field));
    }
    return field;
}

Status ReadFields(const RestBody& body, schema::CollectionSchema* schema) {
    ASSIGN_OR_RETURN(const std::vector<RestBody> fields, body.Objects("fields"));
    if (fields.empty()) {
        return MissingRequired("field [fields] of [schema] is required");
    }
    for (const std::string_view unsupported : {"externalSource", "externalSpec"}) {
        RETURN_IF_ERROR(CheckAbsent(body, unsupported));
    }
    ASSIGN_OR_RETURN(const std::vector<RestBody> functions, body.Objects("functions"));
    for (const RestBody& function : functions) {
        ASSIGN_OR_RETURN(schema::FunctionSchema read, ReadFunction(function));
        schema->functions.push_back(std::move(read));
    }
    ASSIGN_OR_RETURN(schema->auto_id, body.Bool("autoId"));
    ASSIGN_OR_RETURN(schema->enable_dynamic_field, body.Bool("enableDynamicField"));
    for (const RestBody& field : fields) {
        ASSIGN_OR_RETURN(FieldSchema read, ReadField(field));
        schema->fields.push_back(std::move(read));
    }
    ASSIGN_OR_RETURN(const std::vector<RestBody> structs, body.Objects("structFields"));
    for (const RestBody& field : structs) {
        ASSIGN_OR_RETURN(FieldSchema read, ReadStructField(field));
        schema->fields.push_back(std::move(read));
    }
    return Status();
}

std::string OrDefault(std::string text, std::string_view fallback) {
    return text.empty() ? std::string(fallback) : text;
}

Result<FieldSchema> QuickKey(const RestBody& body, const KeyValues& params) {
    FieldSchema key;
    ASSIGN_OR_RETURN(std::string name, body.Text("primaryFieldName"));
    key.name = OrDefault(std::move(name), "id");
    key.is_primary_key = true;
    ASSIGN_OR_RETURN(key.auto_id, body.Bool("autoID"));
    ASSIGN_OR_RETURN(const std::string type, body.Text("idType"));
    if (type == "VarChar" || type == "Varchar") {
        key.type = DataType::kVarChar;
        const auto max_length = params.find("max_length");
        if (max_length != params.end()) {
            key.type_params["max_length"] = max_length->second;
        }
    } else if (type.empty() || type == "Int64" || type == "int64") {
        key.type = DataType::kInt64;
    } else {
        return InvalidParameter("idType can only be [Int64, VarChar], default: Int64, but got " +
                                type);
    }
    return key;
}

// The quick form: a key, a vector, AUTOINDEX on it, everything else dynamic.
Status ReadQuickForm(const RestBody& body, const KeyValues& params, RestCreate* create) {
    proxy::CreateCollectionRequest& collection = create->collection;
    ASSIGN_OR_RETURN(std::string metric, body.Text("metricType"));
    metric = OrDefault(std::move(metric), kDefaultMetric);
    ASSIGN_OR_RETURN(const int64_t dim, body.Int("dimension", 0, 0, INT32_MAX));
    if (dim == 0) {
        return MissingRequired(
            "dimension is required for quickly create collection(default metric "
            "type: " +
            metric + ")");
    }
    ASSIGN_OR_RETURN(FieldSchema key, QuickKey(body, params));
    FieldSchema vector;
    ASSIGN_OR_RETURN(std::string vector_name, body.Text("vectorFieldName"));
    vector.name = OrDefault(std::move(vector_name), "vector");
    vector.type = DataType::kFloatVector;
    vector.type_params["dim"] = std::to_string(dim);
    ASSIGN_OR_RETURN(collection.schema.enable_dynamic_field,
                     BoolParam(params, "enableDynamicField", true));
    create->indexes.push_back({collection.database,
                               collection.name,
                               vector.name,
                               vector.name,
                               {{"index_type", "AUTOINDEX"}, {"metric_type", metric}}});
    collection.schema.fields = {std::move(key), std::move(vector)};
    return Status();
}

Value DefaultOf(const schema::DefaultValue& value) {
    if (const bool* flag = std::get_if<bool>(&value)) {
        return *flag;
    }
    if (const int64_t* number = std::get_if<int64_t>(&value)) {
        return *number;
    }
    if (const float* single = std::get_if<float>(&value)) {
        // Through text: 0.1f is meant as 0.1, not as 0.10000000149.
        std::string text;
        AppendFloat(*single, &text);
        double wide = *single;
        std::from_chars(text.data(), text.data() + text.size(), wide);
        return wide;
    }
    if (const double* wide = std::get_if<double>(&value)) {
        return *wide;
    }
    const std::string* text = std::get_if<std::string>(&value);
    return text == nullptr ? Value() : Value(*text);
}

Value FieldObject(const FieldSchema& field, const calendar::TimeZone& zone) {
    Value object;
    object.Add("name", field.name);
    object.Add("id", field.id);
    object.Add("type", schema::DataTypeName(field.type));
    object.Add("primaryKey", field.is_primary_key);
    object.Add("partitionKey", field.is_partition_key);
    object.Add("clusteringKey", field.is_clustering_key);
    object.Add("nullable", field.nullable);
    object.Add("autoId", field.auto_id);
    object.Add("description", field.description);
    if (field.has_default()) {
        object.Add("defaultValue", DefaultOf(proxy::ShownDefault(zone, field)));
    }
    if (field.element_type != DataType::kNone) {
        object.Add("elementType", schema::DataTypeName(field.element_type));
    }
    if (field.is_function_output) {
        object.Add("isFunctionOutput", true);
    }
    if (!field.type_params.empty()) {
        object.Add("params", PairList(field.type_params));
    }
    return object;
}

Value NameList(const std::vector<std::string>& names) {
    Value list = Value::Array();
    for (const std::string& name : names) {
        list.Append(name);
    }
    return list;
}

Value FunctionObject(const schema::FunctionSchema& function) {
    Value object;
    object.Add("name", function.name);
    object.Add("id", function.id);
    object.Add("type", FunctionTypeName(function.type));
    object.Add("inputFieldNames", NameList(function.input_field_names));
    object.Add("outputFieldNames", NameList(function.output_field_names));
    object.Add("params", PairList(function.params));
    object.Add("description", function.description);
    return object;
}

Value StructObject(const FieldSchema& field, const calendar::TimeZone& zone) {
    Value fields = Value::Array();
    for (const FieldSchema& sub_field : field.sub_fields) {
        fields.Append(FieldObject(sub_field, zone));
    }
    Value object;
    object.Add("name", field.name);
    object.Add("id", field.id);
    object.Add("description", field.description);
    object.Add("nullable", field.nullable);
    object.Add("fields", std::move(fields));
    if (!field.type_params.empty()) {
        object.Add("params", PairList(field.type_params));
    }
    return object;
}

}  // namespace

Result<schema::FunctionSchema> ReadFunction(const RestBody& body) {
    schema::FunctionSchema function;
    ASSIGN_OR_RETURN(function.name, body.RequiredText("name"));
    ASSIGN_OR_RETURN(function.description, body.Text("description"));
    ASSIGN_OR_RETURN(const std::string type, body.RequiredText("type"));
    for (const auto& [name, value] : kFunctionTypes) {
        if (name == type) {
            function.type = value;
        }
    }
    if (function.type == schema::FunctionType::kUnknown) {
        return InvalidParameter("Unsupported function type: " + type);
    }
    ASSIGN_OR_RETURN(function.input_field_names, body.Texts("inputFieldNames"));
    ASSIGN_OR_RETURN(function.output_field_names, body.Texts("outputFieldNames"));
    ASSIGN_OR_RETURN(function.params, body.Pairs("params"));
    return function;
}

Result<FieldSchema> ReadAddedField(const RestBody& body) {
    ASSIGN_OR_RETURN(const RestBody schema, body.Object("schema"));
    return ReadField(schema);
}

Result<FieldSchema> ReadAddedStructField(const RestBody& body) {
    ASSIGN_OR_RETURN(const RestBody schema, body.Object("schema"));
    return ReadStructField(schema);
}

Result<RestCreate> ReadCreate(const RestBody& body, const std::string& database) {
    RestCreate create;
    proxy::CreateCollectionRequest& collection = create.collection;
    collection.database = database;
    ASSIGN_OR_RETURN(collection.name, body.RequiredText("collectionName"));
    collection.schema.name = collection.name;
    ASSIGN_OR_RETURN(collection.schema.description, body.Text("description"));
    ASSIGN_OR_RETURN(const KeyValues params, body.Pairs("params"));
    ASSIGN_OR_RETURN(collection.properties, ReadProperties(body, params));
    ASSIGN_OR_RETURN(const int64_t shards, IntParam(params, "shardsNum"));
    collection.shards_num = static_cast<int32_t>(shards);
    ASSIGN_OR_RETURN(collection.num_partitions, IntParam(params, "partitionsNum"));
    collection.consistency_level = roles::ConsistencyLevel::kBounded;
    const auto level = params.find("consistencyLevel");
    if (level != params.end()) {
        ASSIGN_OR_RETURN(collection.consistency_level, ConsistencyFromName(level->second));
    }
    ASSIGN_OR_RETURN(const RestBody schema, body.Object("schema"));
    if (schema.members().empty()) {
        RETURN_IF_ERROR(ReadQuickForm(body, params, &create));
    } else {
        RETURN_IF_ERROR(ReadFields(schema, &collection.schema));
        ASSIGN_OR_RETURN(create.indexes, ReadIndexParams(body, database, collection.name));
    }
    create.load = !create.indexes.empty();
    return create;
}

Result<std::vector<proxy::CreateIndexRequest>> ReadIndexParams(const RestBody& body,
                                                               const std::string& database,
                                                               const std::string& collection) {
    std::vector<proxy::CreateIndexRequest> indexes;
    ASSIGN_OR_RETURN(const std::vector<RestBody> list, body.Objects("indexParams"));
    for (const RestBody& entry : list) {
        proxy::CreateIndexRequest index;
        index.database = database;
        index.collection = collection;
        ASSIGN_OR_RETURN(index.field, entry.RequiredText("fieldName"));
        ASSIGN_OR_RETURN(index.index_name, entry.Text("indexName"));
        for (const auto& [member, key] :
             {std::pair{"metricType", "metric_type"}, std::pair{"indexType", "index_type"}}) {
            ASSIGN_OR_RETURN(const std::string text, entry.Text(member));
            if (!text.empty()) {
                index.params[key] = text;
            }
        }
        ASSIGN_OR_RETURN(const RestBody params, entry.Object("params"));
        if (!params.members().empty()) {
            index.params["params"] = entry.Raw("params");
        }
        indexes.push_back(std::move(index));
    }
    return indexes;
}

Value DescribeObject(const roles::CollectionInfo& info) {
    const calendar::TimeZone zone = proxy::ZoneOf(info.properties);
    Value fields = Value::Array();
    Value struct_fields = Value::Array();
    for (const FieldSchema& field : info.schema.fields) {
        if (field.type == DataType::kArrayOfStruct) {
            struct_fields.Append(StructObject(field, zone));
        } else if (!field.is_hidden()) {
            fields.Append(FieldObject(field, zone));
        }
    }
    Value aliases = Value::Array();
    for (const std::string& alias : info.aliases) {
        aliases.Append(alias);
    }
    Value object;
    object.Add("collectionName", info.schema.name);
    object.Add("collectionID", info.id);
    object.Add("description", info.schema.description);
    object.Add("autoId", info.schema.auto_id);
    object.Add("fields", std::move(fields));
    object.Add("structFields", std::move(struct_fields));
    Value functions = Value::Array();
    for (const schema::FunctionSchema& function : info.schema.functions) {
        functions.Append(FunctionObject(function));
    }
    object.Add("functions", std::move(functions));
    object.Add("aliases", std::move(aliases));
    object.Add("shardsNum", info.shards_num);
    object.Add("partitionsNum", info.partitions.size());
    object.Add("consistencyLevel", ConsistencyName(info.consistency_level));
    object.Add("enableDynamicField", info.schema.enable_dynamic_field);
    object.Add("externalSource", "");
    object.Add("externalSpec", "");
    object.Add("properties", PairList(roles::VisibleProperties(info.properties)));
    return object;
}

Value PairList(const KeyValues& pairs) {
    Value list = Value::Array();
    for (const auto& [key, value] : pairs) {
        list.Append(Value().Add("key", key).Add("value", value));
    }
    return list;
}

std::string_view ConsistencyName(roles::ConsistencyLevel level) {
    const auto number = static_cast<size_t>(level);
    return number < kConsistencyNames.size() ? kConsistencyNames[number] : "Unknown";
}

Result<std::optional<roles::ConsistencyLevel>> ReadConsistency(const RestBody& body) {
    ASSIGN_OR_RETURN(const std::string name, body.Text("consistencyLevel"));
    if (name.empty()) {
        return std::optional<roles::ConsistencyLevel>();
    }
    ASSIGN_OR_RETURN(const roles::ConsistencyLevel level, ConsistencyFromName(name));
    return std::optional<roles::ConsistencyLevel>(level);
}

}  // namespace elanus::wire
