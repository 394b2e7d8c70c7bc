#include "proxy/search_shape.h"

#include "base/ascii.h"
#include "json/json.h"
#include "proxy/order_by.h"
#include "proxy/output_path.h"
#include "proxy/phrase.h"
#include "proxy/schema_validation.h"
#include "reduce/aggregation.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace elanus::proxy {

namespace {

using schema::DataType;

std::string_view TextOf(const KeyValues& values, const std::string& key) {
    const auto it = values.find(key);
    return it == values.end() ? std::string_view() : std::string_view(it->second);
}

base::Result<bool> ReadFlag(const KeyValues& values, const std::string& key) {
    const std::string_view text = TextOf(values, key);
    bool flag = false;
    if (!text.empty() && !ParseBool(std::string(text), &flag)) {
        return Invalid(key, " [", text, "] is invalid, should be true or false");
    }
    return flag;
}

struct CastName {
    std::string_view name;
    DataType type;
};
constexpr CastName kCastNames[] = {
    {"bool", DataType::kBool},      {"int8", DataType::kInt8},   {"int16", DataType::kInt16},
    {"int32", DataType::kInt32},    {"int64", DataType::kInt64}, {"varchar", DataType::kVarChar},
    {"string", DataType::kVarChar},
};

base::Result<DataType> ReadCast(std::string_view text) {
    const std::string name = base::AsciiLower(text);
    for (const CastName& cast : kCastNames) {
        if (cast.name == name) {
            return cast.type;
        }
    }
    return Invalid("unsupported json cast type [", text,
                   "] of json_type, should be Bool, Int8, Int16, Int32, Int64 or VarChar");
}

// `meta["a"]["b"]`, `["a"]["b"]`, `/a/b`, or one key.
base::Result<std::vector<std::string>> ReadJsonPath(const schema::FieldSchema& field,
                                                    std::string_view text) {
    std::vector<std::string> keys;
    if (text.starts_with('/')) {
        ASSIGN_OR_RETURN(const json::Path path, json::Path::FromPointer(text));
        for (const json::Path::Step& step : path.steps()) {
            keys.push_back(step.key);
        }
        return keys;
    }
    if (text.find('[') == std::string_view::npos) {
        return std::vector<std::string>{std::string(text)};
    }
    const std::string full = text.front() == '[' ? Phrase(field.name, text) : std::string(text);
    const Subscripts path = SplitSubscripts(full);
    if (path.keys.empty()) {
        return Invalid("json_path [", text, "] is invalid");
    }
    if (path.name == field.name) {
        return path.keys;
    }
    if (!field.is_dynamic) {
        return Invalid("json_path [", text, "] does not point into group by field ", field.name);
    }
    keys = {std::string(path.name)};  // a dynamic key, and a path below it
    keys.insert(keys.end(), path.keys.begin(), path.keys.end());
    return keys;
}

class GroupReader {
  public:
    GroupReader(const schema::CollectionSchema& schema, const KeyValues& values)
        : schema_(schema), values_(values) {}

    base::Status Add(std::string_view name, roles::Grouping* out) {
        ASSIGN_OR_RETURN(roles::GroupField field, Resolve(name));
        if (field.field.type == DataType::kJson) {
            RETURN_IF_ERROR(UseJson(name, &field));
        } else if (!reduce::CanGroupBy(field.field.type)) {
            return Invalid("unsupported data type ", schema::DataTypeName(field.field.type),
                           " for group by field ", name,
                           ", group by a Bool, integer, VarChar or Timestamptz field or a JSON "
                           "path");
        }
        for (const roles::GroupField& other : out->fields) {
            if (other.field.id == field.field.id && other.json_path == field.json_path) {
                return Invalid("duplicate group by field ", name);
            }
        }
        out->fields.push_back(std::move(field));
        return base::Status();
    }

  private:
    base::Result<roles::GroupField> Resolve(std::string_view name) const {
        roles::GroupField group;
        if (const schema::FieldSchema* field = schema_.FindField(std::string(name))) {
            group.field = *field;
            return group;
        }
        const Subscripts path = SplitSubscripts(name);
        const schema::FieldSchema* field =
            path.keys.empty() ? nullptr : schema_.FindField(std::string(path.name));
        if (field != nullptr && field->type == DataType::kJson) {
            group.field = *field;
            group.json_path = path.keys;
            return group;
        }
        if (const schema::FieldSchema* dynamic = schema_.dynamic_field()) {
            group.field = *dynamic;
            ASSIGN_OR_RETURN(group.json_path, ReadJsonPath(*dynamic, name));
            return group;
        }
        return base::Status::WithFields(base::Code::kFieldNotFound, {{"field", std::string(name)}})
            .Annotate("groupBy field not found in schema");
    }

    base::Status UseJson(std::string_view name, roles::GroupField* field) const {
        const std::string_view path = TextOf(values_, "json_path");
        if (!path.empty()) {
            ASSIGN_OR_RETURN(std::vector<std::string> keys, ReadJsonPath(field->field, path));
            field->json_path.insert(field->json_path.end(), keys.begin(), keys.end());
        }
        if (field->json_path.empty()) {
            return Invalid("json_path is required to group by JSON field ", name);
        }
        const std::string_view type = TextOf(values_, "json_type");
        if (!type.empty()) {
            ASSIGN_OR_RETURN(field->as, ReadCast(type));
        }
        ASSIGN_OR_RETURN(field->strict_cast, ReadFlag(values_, "strict_cast"));
        return base::Status();
    }

    const schema::CollectionSchema& schema_;
    const KeyValues& values_;
};

base::Result<uint32_t> ReadGroupSize(const KeyValues& values, const Limits& limits) {
    const std::string_view text = TextOf(values, "group_size");
    if (text.empty()) {
        return uint32_t{1};
    }
    int64_t size = 0;
    if (!ParseInt(std::string(text), &size)) {
        return Invalid("failed to parse input group size:", text);
    }
    if (size <= 0) {
        return Invalid("input group size:", size, " is negative or zero");
    }
    if (size > limits.max_group_size) {
        return Invalid("input group size:", size,
                       " exceeds configured max group size:", limits.max_group_size);
    }
    return static_cast<uint32_t>(size);
}

bool IsUuid(std::string_view text) {
    if (text.size() != 36) {
        return false;
    }
    for (size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char c = text[i];
        const bool digit =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !digit) {
            return false;
        }
    }
    return true;
}

base::Result<float> ReadBound(std::string_view text) {
    const std::string copy(text);
    char* end = nullptr;
    const float bound = std::strtof(copy.c_str(), &end);
    if (end != copy.c_str() + copy.size() || std::isnan(bound)) {
        return Invalid("failed to parse input last bound, ", text, " is not a number");
    }
    return bound;
}

base::Result<BatchSettings> ReadBatch(const KeyValues& values, const SearchSettings& settings,
                                      const Limits& limits) {
    if (!settings.iterator) {
        return Invalid("both iterator and search_iter_v2 must be set in the SDK");
    }
    BatchSettings batch;
    batch.token = TextOf(values, "search_iter_id");
    if (!batch.token.empty() && !IsUuid(batch.token)) {
        return Invalid("invalid token format");
    }
    const std::string_view size = TextOf(values, "search_iter_batch_size");
    if (size.empty()) {
        return Invalid("batch size is required");
    }
    if (!ParseInt(std::string(size), &batch.size)) {
        return Invalid("batch size is invalid, ", size, " is not a number");
    }
    if (batch.size < 1 || batch.size > limits.max_top_k) {
        return Invalid("batch size is invalid, it should be in range [1, ", limits.max_top_k,
                       "], but got ", batch.size);
    }
    const std::string_view bound = TextOf(values, "search_iter_last_bound");
    if (!bound.empty()) {
        ASSIGN_OR_RETURN(batch.last_bound, ReadBound(bound));
    }
    const auto order = settings.params.find("retain_iterator_order");
    if (order != settings.params.end() && !ParseBool(order->second, &batch.in_order)) {
        return Invalid("retain_iterator_order [", order->second,
                       "] is invalid, should be true or false");
    }
    return batch;
}

bool IsRangeSearch(const SearchSettings& settings) {
    return settings.params.contains("radius") || settings.params.contains("range_filter");
}

base::Status CheckBatch(const SearchSettings& settings, const SearchShape& shape) {
    if (shape.groups.has_value()) {
        return Invalid("GroupBy is not permitted when using a search iterator");
    }
    return settings.offset != 0 ? Invalid("Offset is not supported for search_iterator_v2")
                                : base::Status();
}

base::Status CheckHints(std::string_view hints) {
    return hints.empty() || hints == "iterative_filter" || hints == "disable"
               ? base::Status()
               : Invalid("hints [", hints,
                         "] is not supported, should be iterative_filter or disable");
}

}  // namespace

base::Result<bool> AsksRecall(const KeyValues& values) {
    return ReadFlag(values, "enable_recall_calculation");
}

base::Status CheckGroups(const SearchSettings& settings) {
    if (settings.leaf().ValueSchema().type == DataType::kBinaryVector) {
        return Invalid("not support search_group_by operation based on binary vector column");
    }
    if (IsRangeSearch(settings)) {
        return Invalid("not allowed to do range-search when doing search-group-by");
    }
    return settings.iterator ? Invalid("Not allowed to do groupBy when doing iteration")
                             : base::Status();
}

base::Result<std::optional<GroupSettings>> ParseGroups(const schema::CollectionSchema& schema,
                                                       const KeyValues& values,
                                                       const Limits& limits) {
    const std::string_view single = TextOf(values, "group_by_field");
    const std::vector<std::string> several = ReadNames(TextOf(values, "group_by_fields"));
    if (single.empty() && several.empty()) {
        return std::optional<GroupSettings>();
    }
    if (!single.empty() && !several.empty()) {
        return Invalid("group_by_field and group_by_fields cannot be set at the same time");
    }
    GroupSettings groups;
    groups.singular = !single.empty();
    GroupReader reader(schema, values);
    if (groups.singular) {
        RETURN_IF_ERROR(reader.Add(TrimBlanks(single), &groups.grouping));
    }
    for (const std::string& name : several) {
        RETURN_IF_ERROR(reader.Add(name, &groups.grouping));
    }
    if (several.size() > 1 && !TextOf(values, "json_path").empty()) {
        return Invalid("json_path is only supported with a single group by field");
    }
    ASSIGN_OR_RETURN(groups.grouping.group_size, ReadGroupSize(values, limits));
    ASSIGN_OR_RETURN(groups.strict, ReadFlag(values, "strict_group_size"));
    return std::optional<GroupSettings>(std::move(groups));
}

base::Result<SearchShape> ParseSearchShape(const schema::CollectionSchema& schema,
                                           const SearchSettings& settings, const Limits& limits) {
    const KeyValues& values = settings.shaping;
    SearchShape shape;
    RETURN_IF_ERROR(CheckHints(TextOf(values, "hints")));
    ASSIGN_OR_RETURN(shape.groups, ParseGroups(schema, values, limits));
    ASSIGN_OR_RETURN(const bool second_kind, ReadFlag(values, "search_iter_v2"));
    if (second_kind) {
        ASSIGN_OR_RETURN(shape.batch, ReadBatch(values, settings, limits));
        RETURN_IF_ERROR(CheckBatch(settings, shape));
    }
    if (shape.groups.has_value()) {
        RETURN_IF_ERROR(CheckGroups(settings));
    }
    if (const std::string_view order = TextOf(values, "order_by_fields"); !order.empty()) {
        if (settings.iterator) {
            return Invalid("order_by is not supported when using iterator");
        }
        ASSIGN_OR_RETURN(const std::vector<OrderKey> keys, ReadOrderBy(order));
        ASSIGN_OR_RETURN(shape.order_by, ResolveOrderBy(schema, keys));
    }
    ASSIGN_OR_RETURN(const bool retain_order, ReadFlag(values, "page_retain_order"));
    shape.exact = settings.iterator || retain_order;
    ASSIGN_OR_RETURN(shape.recall, AsksRecall(values));
    return shape;
}

}  // namespace elanus::proxy
