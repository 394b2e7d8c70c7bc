#include "scalar_index/json_path.h"

#include "expr/filter.h"
#include "json/json.h"

namespace elanus::scalar_index {

namespace {

base::Result<std::vector<std::string>> FromPointer(std::string_view text) {
    ASSIGN_OR_RETURN(const json::Path path, json::Path::FromPointer(text));
    std::vector<std::string> keys;
    for (const json::Path::Step& step : path.steps()) {
        keys.push_back(step.key);
    }
    return keys;
}

}  // namespace

base::Result<std::vector<std::string>> ParseJsonPath(std::string_view text,
                                                     const schema::FieldSchema& field) {
    if (text.empty() || text == field.name ||
        (field.is_dynamic && text == schema::kDynamicFieldName)) {
        return std::vector<std::string>();
    }
    if (text.starts_with('/')) {
        return FromPointer(text);
    }
    // The filter language reads its own form, so that filters find the index.
    schema::CollectionSchema collection;
    collection.enable_dynamic_field = field.is_dynamic;
    collection.fields.push_back(field);
    const auto plan = expr::ParseFilter("exists " + std::string(text), collection);
    if (plan.ok()) {
        const auto* exists = std::get_if<expr::Exists>(&plan->node);
        if (exists != nullptr && exists->column.field_id == field.id) {
            return exists->column.json_path;
        }
    } else if (field.is_dynamic && text.find_first_of("[]\"'") == std::string_view::npos) {
        return std::vector<std::string>{std::string(text)};
    }
    return base::InvalidParameter("invalid json_path of an index: " + std::string(text));
}

}  // namespace elanus::scalar_index
