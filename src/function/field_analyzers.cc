#include "function/field_analyzers.h"

#include "json/json.h"

namespace elanus::function {
namespace {

constexpr std::string_view kDefault = "default";

base::Status Bad(const schema::FieldSchema& field, const std::string& what) {
    return base::InvalidParameter("multi_analyzer_params of field " + field.name + ": " + what);
}

}  // namespace

base::Result<FieldAnalyzers> FieldAnalyzers::Create(const schema::CollectionSchema& schema,
                                                    const schema::FieldSchema& field) {
    FieldAnalyzers analyzers;
    const auto several = field.type_params.find("multi_analyzer_params");
    if (several != field.type_params.end()) {
        RETURN_IF_ERROR(analyzers.ReadSeveral(schema, field, several->second));
        return analyzers;
    }
    const auto one = field.type_params.find("analyzer_params");
    ASSIGN_OR_RETURN(auto analyzer, analyzer::TextAnalyzer::Create(
                                        one == field.type_params.end() ? "" : one->second));
    analyzers.analyzers_.emplace(kDefault, std::move(analyzer));
    return analyzers;
}

base::Status FieldAnalyzers::ReadSeveral(const schema::CollectionSchema& schema,
                                         const schema::FieldSchema& field,
                                         const std::string& params) {
    ASSIGN_OR_RETURN(const json::Value parsed, json::Parse(params));
    const json::Value::Object* object = parsed.object_if();
    if (object == nullptr) {
        return Bad(field, "should be a JSON object");
    }
    for (const auto& [key, value] : *object) {
        if (key != "by_field" && key != "analyzers" && key != "alias") {
            return Bad(field, "unknown key " + key);
        }
    }
    const json::Value* by_field = parsed.Find("by_field");
    if (by_field == nullptr || by_field->string_if() == nullptr) {
        return Bad(field,
                   "multi analyzer params now must set by_field to specify with field "
                   "decide analyzer");
    }
    const schema::FieldSchema* chooser = schema.FindField(*by_field->string_if());
    if (chooser == nullptr || !schema::IsStringLike(chooser->type)) {
        return Bad(field, "multi analyzer by_field field " + *by_field->string_if() +
                              " should be a VarChar field of the collection");
    }
    by_field_ = chooser->id;
    const json::Value* analyzers = parsed.Find("analyzers");
    if (analyzers == nullptr || analyzers->object_if() == nullptr) {
        return Bad(field, "multi analyzer params must set analyzers");
    }
    for (const auto& [name, value] : *analyzers->object_if()) {
        auto analyzer = analyzer::TextAnalyzer::Create(json::Write(value));
        if (!analyzer.ok()) {
            return analyzer.status().Annotate("analyzer " + name + " of field " + field.name);
        }
        analyzers_.emplace(name, std::move(*analyzer));
    }
    if (!analyzers_.contains(kDefault)) {
        return Bad(field, "multi analyzer must set default analyzer for all unknown value");
    }
    const json::Value* alias = parsed.Find("alias");
    if (alias == nullptr) {
        return base::Status();
    }
    if (alias->object_if() == nullptr) {
        return Bad(field, "alias should be a JSON object");
    }
    for (const auto& [name, value] : *alias->object_if()) {
        if (value.string_if() == nullptr) {
            return Bad(field, "alias " + name + " should name an analyzer");
        }
        aliases_.emplace(name, *value.string_if());
    }
    return base::Status();
}

const analyzer::TextAnalyzer& FieldAnalyzers::Choose(std::string_view name) const {
    const auto alias = aliases_.find(name);
    const auto found = analyzers_.find(alias == aliases_.end() ? name : alias->second);
    return found == analyzers_.end() ? analyzers_.find(kDefault)->second : found->second;
}

}  // namespace elanus::function
