#include "analyzer/multi_analyzer.h"

namespace elanus::analyzer {
namespace {

constexpr std::string_view kDefault = "default";

}  // namespace

base::Result<MultiAnalyzer> MultiAnalyzer::Create(const json::Value& params) {
    MultiAnalyzer made;
    const json::Value* by_field = params.Find("by_field");
    if (by_field == nullptr) {
        return base::InvalidParameter(
            "multi analyzer params now must set by_field to specify with field decide "
            "analyzer");
    }
    if (by_field->string_if() == nullptr) {
        return base::InvalidParameter("multi analyzer params by_field must be string but now: " +
                                      json::Write(*by_field));
    }
    made.by_field_ = *by_field->string_if();
    RETURN_IF_ERROR(made.ReadAliases(params));
    RETURN_IF_ERROR(made.ReadAnalyzers(params));
    return made;
}

base::Status MultiAnalyzer::ReadAliases(const json::Value& params) {
    const json::Value* alias = params.Find("alias");
    if (alias == nullptr) {
        return base::Status();
    }
    const auto wrong = [alias] {
        return base::InvalidParameter("multi analyzer alias must be string map but now: " +
                                      json::Write(*alias));
    };
    if (alias->object_if() == nullptr) {
        return wrong();
    }
    for (const auto& [name, value] : *alias->object_if()) {
        if (value.string_if() == nullptr) {
            return wrong();
        }
        aliases_.emplace(name, *value.string_if());
    }
    return base::Status();
}

base::Status MultiAnalyzer::ReadAnalyzers(const json::Value& params) {
    const json::Value* analyzers = params.Find("analyzers");
    if (analyzers == nullptr) {
        return base::InvalidParameter("multi analyzer params must set analyzers ");
    }
    if (analyzers->object_if() == nullptr) {
        return base::InvalidParameter(
            "unmarshal analyzers failed: analyzers must be a map but now: " +
            json::Write(*analyzers));
    }
    for (const auto& [name, one] : *analyzers->object_if()) {
        auto analyzer = TextAnalyzer::Create(json::Write(one));
        if (!analyzer.ok()) {
            return analyzer.status().Annotate("analyzer " + name + " params invalid");
        }
        analyzers_.emplace(name, std::move(*analyzer));
    }
    return analyzers_.contains(kDefault)
               ? base::Status()
               : base::InvalidParameter(
                     "multi analyzer must set default analyzer for all unknown value");
}

const TextAnalyzer& MultiAnalyzer::Choose(std::string_view name) const {
    const auto alias = aliases_.find(name);
    const auto found = analyzers_.find(alias == aliases_.end() ? name : alias->second);
    return found == analyzers_.end() ? analyzers_.find(kDefault)->second : found->second;
}

}  // namespace elanus::analyzer
