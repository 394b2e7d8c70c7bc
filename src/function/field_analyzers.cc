#include "function/field_analyzers.h"

#include "json/json.h"

namespace elanus::function {
namespace {

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
    ASSIGN_OR_RETURN(analyzers.one_, analyzer::TextAnalyzer::Create(
                                         one == field.type_params.end() ? "" : one->second));
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
    auto several = analyzer::MultiAnalyzer::Create(parsed);
    if (!several.ok()) {
        return several.status().Annotate("multi_analyzer_params of field " + field.name);
    }
    const schema::FieldSchema* chooser = schema.FindField(several->by_field());
    if (chooser == nullptr || !schema::IsStringLike(chooser->type)) {
        return Bad(field, "multi analyzer by_field field " + several->by_field() +
                              " should be a VarChar field of the collection");
    }
    by_field_ = chooser->id;
    several_ = std::move(*several);
    return base::Status();
}

}  // namespace elanus::function
