#include "proxy/index_params.h"

#include "base/ascii.h"
#include "function/function.h"
#include "json/json.h"
#include "proxy/field_validation.h"
#include "proxy/name_validation.h"
#include "proxy/phrase.h"
#include "proxy/schema_validation.h"
#include "proxy/search_params.h"
#include "scalar_index/json_path.h"
#include "schema/leaf_field.h"
#include "vindex/family.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>

namespace elanus::proxy {

namespace {

using schema::DataType;
using schema::FieldSchema;

constexpr std::string_view kAutoIndex = "AUTOINDEX";
constexpr std::string_view kCastFunction = "STRING_TO_DOUBLE";
constexpr int64_t kGramMax = 1 << 16;  // characters
constexpr int64_t kBitmapLimitMax = 1000;
constexpr std::string_view kAlterable[] = {"mmap.enabled", "indexoffsetcache.enabled", "warmup"};
constexpr std::string_view kJsonCastTypes[] = {
    "BOOL", "DOUBLE", "VARCHAR", "ARRAY_BOOL", "ARRAY_DOUBLE", "ARRAY_VARCHAR", "JSON"};

template <typename List>
bool Contains(const List& list, std::string_view name) {
    return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

base::Status InvalidIndexType(std::string_view index_type) {
    return InvalidExpected("valid index", Phrase("invalid index type: ", index_type));
}

// The scalar type under the index: elements of arrays, the value itself otherwise.
DataType IndexedType(const FieldSchema& field) {
    return field.type == DataType::kArray ? field.element_type : field.type;
}

base::Status CheckBitmap(const FieldSchema& field) {
    if (field.is_primary_key) {
        return Invalid("create bitmap index on primary key not supported");
    }
    const DataType type = IndexedType(field);
    if (type != DataType::kBool && !schema::IsInteger(type) && type != DataType::kVarChar &&
        type != DataType::kJson) {
        return Invalid("bitmap index are only supported on bool, int, string and array field");
    }
    return base::Status();
}

base::Status CheckNgram(const FieldSchema& field, const KeyValues& params) {
    if (field.type != DataType::kVarChar && field.type != DataType::kJson) {
        return Invalid("Ngram index can only be created on VARCHAR or JSON field");
    }
    const auto low = params.find("min_gram");
    const auto high = params.find("max_gram");
    if (low == params.end() || high == params.end()) {
        return Invalid("Ngram index must specify both min_gram and max_gram");
    }
    int64_t min_gram = 0;
    int64_t max_gram = 0;
    if (!ParseInt(low->second, &min_gram) || !ParseInt(high->second, &max_gram)) {
        return Invalid("min_gram and max_gram for Ngram index must be integers, got: ", low->second,
                       ", ", high->second);
    }
    if (min_gram <= 0 || min_gram > max_gram || max_gram > kGramMax) {
        return Invalid("invalid min_gram or max_gram value for Ngram index, min_gram: ", min_gram,
                       ", max_gram: ", max_gram);
    }
    return base::Status();
}

base::Status CheckBitmapLimit(const KeyValues& params) {
    const auto limit = params.find("bitmap_cardinality_limit");
    int64_t keys = 0;
    if (limit == params.end() ||
        (ParseInt(limit->second, &keys) && keys >= 1 && keys <= kBitmapLimitMax)) {
        return base::Status();
    }
    return Invalid("invalid bitmap_cardinality_limit value: ", limit->second,
                   ", should be in range [1, ", kBitmapLimitMax, "]");
}

base::Status CheckInverted(const FieldSchema& field) {
    const DataType type = IndexedType(field);
    const bool has_order = type == DataType::kBool || type == DataType::kVarChar ||
                           type == DataType::kJson || schema::IsNumeric(type);
    return has_order ? base::Status()
                     : Invalid("INVERTED are not supported on ", schema::DataTypeName(field.type),
                               " field");
}

base::Status CheckScalarType(const FieldSchema& field, std::string_view index_type,
                             const KeyValues& params) {
    const DataType type = IndexedType(field);
    if (field.type == DataType::kText || field.type == DataType::kArrayOfStruct) {
        return Invalid("data type ", schema::DataTypeName(field.type),
                       " can't build with this index ", index_type);
    }
    if (index_type == kAutoIndex) {
        return base::Status();
    }
    if (index_type == "INVERTED") {
        return CheckInverted(field);
    }
    if (index_type == "BITMAP") {
        return CheckBitmap(field);
    }
    if (index_type == "STL_SORT" || index_type == "Asceneding") {
        if (field.type == DataType::kArray ||
            !(schema::IsNumeric(type) || type == DataType::kVarChar ||
              type == DataType::kTimestamptz || type == DataType::kJson)) {
            return Invalid("STL_SORT are only supported on numeric, varchar or timestamptz field");
        }
        return base::Status();
    }
    if (index_type == "TRIE" || index_type == "Trie" || index_type == "marisa-trie") {
        return field.type == DataType::kVarChar
                   ? base::Status()
                   : Invalid("TRIE are only supported on varchar field");
    }
    if (index_type == "NGRAM") {
        return CheckNgram(field, params);
    }
    if (index_type == "RTREE") {
        return field.type == DataType::kGeometry
                   ? base::Status()
                   : Invalid("RTREE index can only be built on geometry field");
    }
    return InvalidIndexType(index_type);
}

// The cast types that an index over a JSON path takes; none for those that take all.
std::span<const std::string_view> CastTypesOf(std::string_view index_type) {
    static constexpr std::string_view kBitmap[] = {"BOOL", "VARCHAR"};
    static constexpr std::string_view kSorted[] = {"DOUBLE", "VARCHAR"};
    static constexpr std::string_view kNgram[] = {"VARCHAR"};
    if (index_type == "BITMAP") {
        return kBitmap;
    }
    if (index_type == "STL_SORT" || index_type == "Asceneding") {
        return kSorted;
    }
    return index_type == "NGRAM" ? std::span<const std::string_view>(kNgram)
                                 : std::span<const std::string_view>();
}

// Checks the cast, whose type and function may be written in any case and are kept in capitals.
base::Status CompleteJsonCast(std::string_view index_type, KeyValues* params) {
    const auto cast = params->find("json_cast_type");
    if (cast == params->end()) {
        return base::Status::WithFields(base::Code::kMissingParameter,
                                        {{"missing_param", "json_cast_type"}})
            .Annotate("json index must specify cast type");
    }
    const auto* type = std::find_if(
        std::begin(kJsonCastTypes), std::end(kJsonCastTypes),
        [&](std::string_view name) { return base::SameIgnoringCase(name, cast->second); });
    if (type == std::end(kJsonCastTypes)) {
        return Invalid("json_cast_type ", cast->second, " is not supported");
    }
    cast->second = *type;
    const std::span<const std::string_view> taken = CastTypesOf(index_type);
    if (!taken.empty() && !Contains(taken, *type)) {
        return Invalid(index_type == "BITMAP" ? "bitmap index" : index_type,
                       " over a JSON path does not take json_cast_type ", *type);
    }
    const auto function = params->find("json_cast_function");
    if (function != params->end()) {
        if (!base::SameIgnoringCase(function->second, kCastFunction) || *type != "DOUBLE") {
            return Invalid("json_cast_function ", function->second, " is not supported for ",
                           *type);
        }
        function->second = kCastFunction;
    }
    return base::Status();
}

// Checks the parameters of an index over JSON. `requested` is the name it was asked for by: a key
// of the dynamic field, or the field's. The path is kept as a JSON pointer, so that two spellings
// of one path are one index.
base::Status CompleteJsonIndex(const FieldSchema& field, const std::string& requested,
                               roles::IndexInfo* index) {
    RETURN_IF_ERROR(CompleteJsonCast(index->index_type, &index->params));
    const std::string& written = index->params.emplace("json_path", requested).first->second;
    const auto keys = scalar_index::ParseJsonPath(written, field);
    if (!keys.ok()) {
        return Invalid("invalid json_path of an index: ", written);
    }
    const std::string pointer = json::Path(*keys).ToPointer();
    index->params["json_path"] = pointer;
    if (index->name.empty()) {
        index->name = field.name + pointer;
    }
    return base::Status();
}

vindex::VectorType VectorTypeOf(const FieldSchema& field) {
    return static_cast<vindex::VectorType>(field.type);
}

base::Status CheckVectorType(const FieldSchema& field, const roles::IndexInfo& index) {
    // A scalar index type on a vector field.
    for (const char* scalar : {"INVERTED", "BITMAP", "STL_SORT", "TRIE", "NGRAM", "RTREE"}) {
        if (index.index_type == scalar) {
            return Invalid("data type ", schema::DataTypeName(field.type),
                           " can't build with this index ", index.index_type);
        }
    }
    if (vindex::FindFamily(index.index_type) == nullptr &&
        !vindex::IsKnownButUnsupported(index.index_type)) {
        return InvalidIndexType(index.index_type);
    }
    return vindex::ValidateBuildParams(index.index_type, VectorTypeOf(field), index.metric_type,
                                       field.dim(), index.params);
}

// What BM25 demands of an index over its output, filled in where it is absent.
base::Status CompleteBm25(const schema::CollectionSchema& schema, const FieldSchema& field,
                          roles::IndexInfo* index) {
    const schema::FunctionSchema* function = function::FunctionOf(schema, field);
    const bool asked = vindex::MetricFromName(index->metric_type) == vindex::Metric::kBm25;
    if (function == nullptr || function->type != schema::FunctionType::kBm25) {
        return asked ? Invalid("only BM25 Function output field support BM25 metric type")
                     : base::Status();
    }
    if (!index->metric_type.empty() && !asked) {
        return Invalid("index metric type of BM25 function output field must be BM25, got ",
                       index->metric_type);
    }
    index->metric_type = vindex::MetricName(vindex::Metric::kBm25);
    index->params.emplace("bm25_k1", "1.2");
    index->params.emplace("bm25_b", "0.75");
    index->params.emplace("bm25_avgdl", "100");
    return base::Status();
}

// `in_struct`: the vectors are elements of a struct array, and lists of them may be compared.
base::Status CompleteVectorIndex(const roles::CollectionInfo& collection, const FieldSchema& field,
                                 bool in_struct, roles::IndexInfo* index) {
    if (!in_struct) {  // functions write to fields of the collection
        RETURN_IF_ERROR(CompleteBm25(collection.schema, field, index));
    }
    const auto asked = vindex::MetricFromName(index->metric_type);
    if (!in_struct && asked.has_value() && vindex::IsListMetric(*asked)) {
        return vindex::UnsupportedMetric(VectorTypeOf(field), index->metric_type);
    }
    RETURN_IF_ERROR(CheckVectorType(field, *index));
    // The mode decides what AUTOINDEX is; it is fixed while there is a vector index.
    const auto mode = collection.properties.find("query_mode");
    if (index->index_type == kAutoIndex && mode != collection.properties.end()) {
        index->params["query_mode"] = mode->second;
    }
    const vindex::Metric usual = in_struct ? vindex::DefaultListMetric(VectorTypeOf(field))
                                           : vindex::DefaultMetric(VectorTypeOf(field));
    index->metric_type = vindex::MetricName(asked.value_or(usual));
    return base::Status();
}

// A field, a sub-field of a struct array, or for a key of the dynamic field `$meta`.
std::optional<schema::LeafField> IndexedField(const schema::CollectionSchema& schema,
                                              std::string_view name) {
    const auto field = schema::FindLeafField(schema, name);
    if (field.has_value() || name.empty() || schema.dynamic_field() == nullptr) {
        return field;
    }
    return schema::LeafField{schema.dynamic_field()};
}

base::Status CheckSwitches(const KeyValues& params, std::string_view index_type = {}) {
    // Its rows stay on disk, whatever is asked.
    if (index_type == "DISKANN" && params.count("mmap.enabled") > 0) {
        return Invalid("index type ", index_type, " does not support mmap");
    }
    for (const char* key : {"mmap.enabled", "indexoffsetcache.enabled"}) {
        const auto it = params.find(key);
        bool on = false;
        if (it != params.end() && !ParseBool(it->second, &on)) {
            return Invalid("invalid ", key, " value: ", it->second, ", expected: true, false");
        }
    }
    const auto warmup = params.find("warmup");
    if (warmup != params.end() && !IsWarmup(warmup->second)) {
        return InvalidWarmup(warmup->second);
    }
    return base::Status();
}

base::Result<KeyValues> MergeParams(const KeyValues& sent, const Limits& limits) {
    KeyValues merged;
    size_t bytes = 0;
    for (const auto& [key, value] : sent) {
        bytes += key.size() + value.size();
        if (key != "params") {
            merged[key] = value;
        }
    }
    if (bytes > static_cast<size_t>(limits.max_index_params_bytes)) {
        return Invalid("the index params are ", bytes, " bytes, more than the limit of ",
                       limits.max_index_params_bytes);
    }
    const auto params = sent.find("params");
    if (params == sent.end() || params->second.empty()) {
        return merged;
    }
    KeyValues inner;
    RETURN_IF_ERROR(MergeJsonParams(params->second, &inner));
    for (const auto& [key, value] : inner) {
        const auto [it, added] = merged.emplace(key, value);
        if (!added && it->second != value) {
            return Invalid("duplicated index param (key=", key,
                           ") with different values: ", it->second, " and ", value);
        }
    }
    return merged;
}

std::string Extract(KeyValues* params, const std::string& key) {
    auto node = params->extract(key);
    return node.empty() ? std::string() : std::move(node.mapped());
}

}  // namespace

base::Result<roles::IndexInfo> ParseIndex(const roles::CollectionInfo& collection,
                                          const CreateIndexRequest& request, const Limits& limits) {
    RETURN_IF_ERROR(ValidateIndexName(request.index_name, limits));
    const auto leaf = IndexedField(collection.schema, request.field);
    if (!leaf.has_value()) {
        return Invalid("cannot create index on non-exist field: ", request.field);
    }
    const FieldSchema value = leaf->ValueSchema();
    const FieldSchema* field = &value;
    roles::IndexInfo index;
    index.collection_id = collection.id;
    index.field_id = field->id;
    index.field_name = leaf->Name();
    index.name = request.index_name;
    index.user_params = request.params;
    ASSIGN_OR_RETURN(index.params, MergeParams(request.params, limits));
    index.index_type = Extract(&index.params, "index_type");
    index.metric_type = Extract(&index.params, "metric_type");
    Extract(&index.params, "dim");
    if (index.index_type.empty()) {
        index.index_type = kAutoIndex;
    }
    RETURN_IF_ERROR(CheckSwitches(index.params, index.index_type));
    if (schema::IsVector(field->type)) {
        RETURN_IF_ERROR(CompleteVectorIndex(collection, *field, leaf->is_element(), &index));
        return index;
    }
    // A misspelt vector field would become a key of the dynamic field.
    const bool for_vectors =
        !index.metric_type.empty() ||
        (index.index_type != kAutoIndex && vindex::FindFamily(index.index_type) != nullptr);
    if (for_vectors && leaf->Name() != request.field) {
        return Invalid("cannot create index on non-exist field: ", request.field);
    }
    RETURN_IF_ERROR(CheckScalarType(*field, index.index_type, index.params));
    RETURN_IF_ERROR(CheckBitmapLimit(index.params));
    if (field->type == DataType::kJson) {
        RETURN_IF_ERROR(CompleteJsonIndex(*field, request.field, &index));
    }
    index.metric_type.clear();
    return index;
}

base::Status CheckAlterableIndexParams(const KeyValues& params,
                                       const std::vector<std::string>& delete_keys,
                                       std::string_view index_type) {
    if (!params.empty() && !delete_keys.empty()) {
        return Invalid("cannot provide both DeleteKeys and ExtraParams");
    }
    if (params.empty() && delete_keys.empty()) {
        return Invalid("no index params to alter");
    }
    for (const auto& [key, value] : params) {
        if (!Contains(kAlterable, key)) {
            return Invalid(key, " is not a configable index property");
        }
    }
    for (const std::string& key : delete_keys) {
        if (!Contains(kAlterable, key)) {
            return Invalid(key, " is not a configable index property");
        }
    }
    return CheckSwitches(params, index_type);
}

}  // namespace elanus::proxy
