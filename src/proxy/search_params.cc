#include "proxy/search_params.h"

#include "json/json.h"
#include "proxy/output_path.h"
#include "proxy/phrase.h"
#include "proxy/schema_validation.h"

#include <algorithm>
#include <iterator>

namespace elanus::proxy {

namespace {

// Keys of a search that are no index parameters, wherever they are written.
constexpr std::string_view kReserved[] = {
    "anns_field",
    "topk",
    "limit",
    "offset",
    "metric_type",
    "params",
    "round_decimal",
    "ignore_growing",
    "iterator",
    "search_iter_v2",
    "search_iter_batch_size",
    "search_iter_last_bound",
    "search_iter_id",
    "collection_id",
    "cluster_id",
    "group_by_field",
    "group_by_fields",
    "group_size",
    "strict_group_size",
    "order_by_fields",
    "json_path",
    "json_type",
    "strict_cast",
    "hints",
    "page_retain_order",
    "analyzer_name",
    "timezone",
    "time_fields",
    "pipeline_trace",
    "profile",
    "element_scope",
    "enable_recall_calculation",
    "guarantee_timestamp",
};

bool IsReserved(std::string_view key) {
    return std::find(std::begin(kReserved), std::end(kReserved), key) != std::end(kReserved);
}

const std::string* Find(const KeyValues& values, const std::string& key) {
    const auto it = values.find(key);
    return it == values.end() ? nullptr : &it->second;
}

base::Status ReadBool(const KeyValues& values, const std::string& key, bool* out) {
    const std::string* text = Find(values, key);
    if (text != nullptr && !text->empty() && !ParseBool(*text, out)) {
        return Invalid(key, " [", *text, "] is invalid, should be true or false");
    }
    return base::Status();
}

std::string RangePhrase(int64_t limit, int64_t actual) {
    return Phrase("it should be in range [1, ", limit, "], but got ", actual);
}

base::Result<schema::LeafField> FindVectorField(const schema::CollectionSchema& schema,
                                                const std::string& name) {
    const auto leaf = schema::FindLeafField(schema, name);
    if (!leaf.has_value()) {
        return Invalid(
            "failed to create query plan: failed to get field schema by name: "
            "fieldName(",
            name, ") not found");
    }
    if (!schema::IsVector(leaf->field->type)) {
        return Invalid("failed to create query plan: field (", name,
                       ") to search is not of vector data type");
    }
    return *leaf;
}

// The only vector field of the collection; without any, the only one within struct arrays.
base::Result<schema::LeafField> OnlyVectorField(const schema::CollectionSchema& schema) {
    std::vector<schema::LeafField> fields;
    std::vector<schema::LeafField> sub_fields;
    for (const schema::FieldSchema& field : schema.fields) {
        if (schema::IsVector(field.type)) {
            fields.push_back({&field});
        }
        for (size_t i = 0; i < field.sub_fields.size(); ++i) {
            if (schema::IsVector(field.sub_fields[i].type)) {
                sub_fields.push_back({&field.sub_fields[i], &field, i});
            }
        }
    }
    const std::vector<schema::LeafField>& candidates = fields.empty() ? sub_fields : fields;
    if (candidates.size() > 1) {
        return Invalid("multiple anns_fields exist, please specify a anns_field in search_params");
    }
    if (candidates.empty()) {
        return Invalid("there is no vector field in collection ", schema.name);
    }
    return candidates[0];
}

base::Status ChooseField(const schema::CollectionSchema& schema, const std::string* name,
                         SearchSettings* out) {
    const bool named = name != nullptr && !name->empty();
    ASSIGN_OR_RETURN(const schema::LeafField leaf,
                     named ? FindVectorField(schema, *name) : OnlyVectorField(schema));
    out->field = leaf.field;
    out->parent = leaf.parent;
    out->child = leaf.child;
    return base::Status();
}

base::Status ReadWindow(const KeyValues& values, const Limits& limits, SearchSettings* out) {
    const std::string* top_k = Find(values, "topk");
    if (top_k == nullptr) {
        top_k = Find(values, "limit");
    }
    if (top_k == nullptr || top_k->empty()) {
        return base::MissingParameter("topk is required");
    }
    if (!ParseInt(*top_k, &out->top_k)) {
        return Invalid("topk [", *top_k, "] is invalid");
    }
    if (out->iterator) {
        out->top_k = std::min(out->top_k, limits.max_top_k);
    }
    if (out->top_k < 1 || out->top_k > limits.max_top_k) {
        return Invalid("topk [", out->top_k, "] is invalid, ",
                       RangePhrase(limits.max_top_k, out->top_k));
    }
    const std::string* offset = Find(values, "offset");
    if (offset == nullptr || offset->empty()) {
        return base::Status();
    }
    if (!ParseInt(*offset, &out->offset)) {
        return Invalid("offset [", *offset, "] is invalid");
    }
    if (out->offset < 0 || out->offset > limits.max_top_k) {
        return Invalid("offset [", out->offset, "] is invalid, ",
                       RangePhrase(limits.max_top_k, out->offset));
    }
    if (out->offset + out->top_k > limits.max_top_k) {
        return Invalid("offset+topk [", out->offset + out->top_k, "] is invalid, ",
                       RangePhrase(limits.max_top_k, out->offset + out->top_k));
    }
    return base::Status();
}

base::Status ReadIndexParams(const KeyValues& values, SearchSettings* out) {
    std::map<std::string, std::string> all;
    const std::string* params = Find(values, "params");
    if (params != nullptr && !params->empty()) {
        RETURN_IF_ERROR(MergeJsonParams(*params, &all));
    }
    if (out->metric_type.empty() && all.contains("metric_type")) {
        out->metric_type = all["metric_type"];
    }
    if (out->analyzer_name.empty() && all.contains("analyzer_name")) {
        out->analyzer_name = all["analyzer_name"];
    }
    all.insert(values.begin(), values.end());
    if (const std::string* profile = Find(all, "profile")) {
        ASSIGN_OR_RETURN(out->profile, ParseProfileForm(*profile));
    }
    for (const auto& [key, value] : all) {
        (IsReserved(key) ? out->shaping : out->params)[key] = value;
    }
    return base::Status();
}

}  // namespace

std::vector<std::string> ReadNames(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const size_t end = std::min(text.find(','), text.size());
        const std::string_view name = TrimBlanks(text.substr(0, end));
        if (!name.empty()) {
            names.emplace_back(name);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return names;
}

base::Status MergeJsonParams(std::string_view text, std::map<std::string, std::string>* out) {
    const base::Result<json::Value> parsed = json::Parse(text);
    if (!parsed.ok()) {
        return parsed.status().Annotate(Phrase("failed to parse params [", text, "]"));
    }
    if (parsed->is_null()) {
        return base::Status();
    }
    const json::Value::Object* object = parsed->object_if();
    if (object == nullptr) {
        return Invalid("params [", text, "] should be a JSON object");
    }
    for (const auto& [key, value] : *object) {
        if (value.is_null()) {
            continue;
        }
        const std::string* plain = value.string_if();
        out->emplace(key, plain != nullptr ? *plain : json::Write(value));
    }
    return base::Status();
}

base::Status ReadRoundDecimal(const KeyValues& values, int* out_digits) {
    const std::string* text = Find(values, "round_decimal");
    if (text == nullptr || text->empty()) {
        return base::Status();
    }
    int64_t digits = 0;
    if (!ParseInt(*text, &digits) || (digits != -1 && (digits < 0 || digits > 6))) {
        return Invalid("round_decimal [", *text,
                       "] is invalid, should be -1 or an integer in range [0, 6]");
    }
    *out_digits = static_cast<int>(digits);
    return base::Status();
}

Limits LimitsOfReads(const KeyValues& properties, Limits limits) {
    const std::string* mode = Find(properties, "query_mode");
    if (mode != nullptr && *mode == "large_topk") {
        limits.max_top_k = limits.large_top_k;
        limits.max_query_window = limits.large_query_window;
    }
    return limits;
}

base::Status CheckHits(int64_t nq, int64_t hits_a_query) {
    constexpr int64_t kHitsMax = int64_t{1} << 28;
    return nq * hits_a_query <= kHitsMax
               ? base::Status()
               : Invalid("nq [", nq, "] times topk and offset [", hits_a_query,
                         "] is too large, should be at most ", kHitsMax,
                         ": send fewer vectors a request");
}

base::Status CheckNq(int64_t nq, const Limits& limits) {
    if (nq < 1 || nq > limits.max_nq) {
        return Invalid("nq [", nq,
                       "] is invalid, nq (number of search vector per search request) should be in "
                       "range [1, ",
                       limits.max_nq, "], but got ", nq);
    }
    return base::Status();
}

base::Result<SearchSettings> ParseSearchSettings(const schema::CollectionSchema& schema,
                                                 const KeyValues& search_params,
                                                 const Limits& limits) {
    SearchSettings settings;
    RETURN_IF_ERROR(ReadBool(search_params, "iterator", &settings.iterator));
    RETURN_IF_ERROR(ReadBool(search_params, "ignore_growing", &settings.ignore_growing));
    RETURN_IF_ERROR(ChooseField(schema, Find(search_params, "anns_field"), &settings));
    RETURN_IF_ERROR(ReadWindow(search_params, limits, &settings));
    RETURN_IF_ERROR(ReadRoundDecimal(search_params, &settings.round_decimal));
    if (const std::string* metric = Find(search_params, "metric_type")) {
        settings.metric_type = *metric;
    }
    if (const std::string* analyzer = Find(search_params, "analyzer_name")) {
        settings.analyzer_name = *analyzer;
    }
    RETURN_IF_ERROR(ReadIndexParams(search_params, &settings));
    return settings;
}

base::Result<QuerySettings> ParseQuerySettings(const KeyValues& query_params,
                                               const Limits& limits) {
    QuerySettings settings;
    RETURN_IF_ERROR(ReadBool(query_params, "iterator", &settings.iterator));
    RETURN_IF_ERROR(ReadBool(query_params, "ignore_growing", &settings.ignore_growing));
    bool stop_for_best = false;
    RETURN_IF_ERROR(ReadBool(query_params, "reduce_stop_for_best", &stop_for_best));
    if (const std::string* order = Find(query_params, "order_by_fields");
        order && !order->empty()) {
        ASSIGN_OR_RETURN(settings.order_by, ReadOrderBy(*order));
    }
    if (const std::string* groups = Find(query_params, "group_by_fields")) {
        settings.group_by = ReadNames(*groups);
    }
    if (const std::string* profile = Find(query_params, "profile")) {
        ASSIGN_OR_RETURN(settings.profile, ParseProfileForm(*profile));
    }
    const std::string* limit = Find(query_params, "limit");
    if (limit == nullptr || limit->empty()) {
        return settings;
    }
    settings.has_limit = true;
    if (!ParseInt(*limit, &settings.limit)) {
        return Invalid("limit [", *limit, "] is invalid");
    }
    const std::string* offset = Find(query_params, "offset");
    if (offset != nullptr && !offset->empty() && !ParseInt(*offset, &settings.offset)) {
        return Invalid("offset [", *offset, "] is invalid");
    }
    const std::string_view start = "invalid max query result window, ";
    if (settings.offset < 0) {
        return Invalid(start, "offset [", settings.offset, "] is invalid, should be gte than 0");
    }
    if (settings.limit <= 0) {
        return Invalid(start, "limit [", settings.limit, "] is invalid, should be greater than 0");
    }
    const bool fits = settings.limit <= limits.max_query_window &&
                      settings.offset <= limits.max_query_window - settings.limit;
    if (!fits) {
        const auto depth =
            static_cast<uint64_t>(settings.limit) + static_cast<uint64_t>(settings.offset);
        return Invalid(start, "(offset+limit) should be in range [1, ", limits.max_query_window,
                       "], but got ", depth);
    }
    return settings;
}

}  // namespace elanus::proxy
