#include "proxy/text_analysis.h"

#include "json/json.h"
#include "proxy/phrase.h"
#include "proxy/proxy.h"
#include "proxy/proxy_core.h"
#include "proxy/schema_validation.h"

#include <algorithm>
#include <utility>

namespace elanus::proxy {

namespace {

using analyzer::TextAnalyzer;
using schema::DataType;
using schema::FieldSchema;

const std::string* Param(const FieldSchema& field, const std::string& key) {
    const auto it = field.type_params.find(key);
    return it == field.type_params.end() ? nullptr : &it->second;
}

base::Status ReadSwitch(const FieldSchema& field, const std::string& key, bool* on) {
    const std::string* text = Param(field, key);
    if (text != nullptr && !ParseBool(*text, on)) {
        return Invalid("invalid ", key, " value: ", *text, ", field ", field.name);
    }
    return base::Status();
}

base::Result<json::Value> ParseParams(const FieldSchema& field, const std::string& key,
                                      const std::string& text) {
    auto parsed = json::Parse(text);
    if (!parsed.ok() || parsed->object_if() == nullptr) {
        return Invalid(key, " of field ", field.name, " should be a JSON object, but got ", text);
    }
    return parsed;
}

base::Status CheckAnalyzerParams(const FieldSchema& field) {
    const std::string* text = Param(field, "analyzer_params");
    if (text == nullptr) {
        return base::Status();
    }
    const auto parsed = ParseParams(field, "analyzer_params", *text);
    RETURN_IF_ERROR(parsed.status());
    return TextAnalyzer::Create(*text).status().Annotate("field " + field.name);
}

// {"by_field": NAME, "analyzers": {NAME: params, ..., "default": params}, "alias": {NAME: NAME}}
base::Status CheckMultiAnalyzer(const json::Value& params) {
    const json::Value* by_field = params.Find("by_field");
    if (by_field == nullptr) {
        return Invalid(
            "multi analyzer params now must set by_field to specify with field decide "
            "analyzer");
    }
    if (by_field->string_if() == nullptr) {
        return Invalid("multi analyzer params by_field must be string but now: ",
                       json::Write(*by_field));
    }
    const json::Value* alias = params.Find("alias");
    const auto is_name = [](const auto& member) { return member.second.string_if() != nullptr; };
    if (alias != nullptr &&
        (alias->object_if() == nullptr ||
         !std::all_of(alias->object_if()->begin(), alias->object_if()->end(), is_name))) {
        return Invalid("multi analyzer alias must be string map but now: ", json::Write(*alias));
    }
    const json::Value* analyzers = params.Find("analyzers");
    if (analyzers == nullptr) {
        return Invalid("multi analyzer params must set analyzers ");
    }
    if (analyzers->object_if() == nullptr) {
        return Invalid("unmarshal analyzers failed: analyzers must be a map but now: ",
                       json::Write(*analyzers));
    }
    for (const auto& [name, one] : *analyzers->object_if()) {
        RETURN_IF_ERROR(TextAnalyzer::Create(json::Write(one))
                            .status()
                            .Annotate("analyzer " + name + " params invalid"));
    }
    return analyzers->Find("default") != nullptr
               ? base::Status()
               : Invalid("multi analyzer must set default analyzer for all unknown value");
}

// The parameters of the analyzer that `name`, or the name it is an alias of, stands for.
std::string ParamsOf(const json::Value& multi, const std::string& name) {
    const json::Value* analyzers = multi.Find("analyzers");
    const json::Value* alias = multi.Find("alias");
    const json::Value* real = alias == nullptr ? nullptr : alias->Find(name);
    const json::Value* found = analyzers->Find(
        real == nullptr || real->string_if() == nullptr ? name : *real->string_if());
    return json::Write(found == nullptr ? *analyzers->Find("default") : *found);
}

// The parameters of the analyzer for each text.
base::Result<std::vector<std::string>> FieldParams(const FieldSchema& field,
                                                   const RunAnalyzerRequest& request) {
    const size_t count = request.texts.size();
    const std::string* multi = Param(field, "multi_analyzer_params");
    if (multi == nullptr) {
        const std::string* params = Param(field, "analyzer_params");
        return std::vector<std::string>(count, params == nullptr ? std::string() : *params);
    }
    ASSIGN_OR_RETURN(const json::Value parsed, json::Parse(*multi));
    const auto& names = request.analyzer_names;
    if (names.empty()) {
        return base::MissingParameter("analyzer names must be set for multi analyzer");
    }
    if (names.size() != 1 && names.size() != count) {
        return Invalid("the number of analyzer names (", names.size(),
                       ") must be one or the number of texts (", count, ")");
    }
    std::vector<std::string> params;
    for (size_t i = 0; i < count; ++i) {
        params.push_back(ParamsOf(parsed, names[names.size() == 1 ? 0 : i]));
    }
    return params;
}

// An analyzer can make far more of a text than its size: ngram, synonyms.
base::Result<AnalyzedText> Analyze(const TextAnalyzer& analyzer, std::string_view text,
                                   int64_t* bytes_left) {
    AnalyzedText tokens;
    analyzer::TokenStream stream(analyzer);
    stream.Reset(text);
    for (analyzer::Token token; stream.Next(&token);) {
        *bytes_left -= static_cast<int64_t>(sizeof(analyzer::OwnedToken) + token.text.size());
        if (*bytes_left < 0) {
            return Invalid(
                "the tokens of the texts take more than "
                "quotaAndLimits.limits.maxOutputSize, send fewer texts");
        }
        tokens.push_back({std::string(token.text), token.position, token.start, token.end,
                          token.position_length});
    }
    return tokens;
}

}  // namespace

base::Status CheckTextAnalysis(const FieldSchema& field) {
    bool analyzer = false;
    bool match = false;
    RETURN_IF_ERROR(ReadSwitch(field, "enable_analyzer", &analyzer));
    RETURN_IF_ERROR(ReadSwitch(field, "enable_match", &match));
    const bool is_text = field.type == DataType::kVarChar || field.type == DataType::kText;
    if ((analyzer || match) && !is_text) {
        return Invalid("can not enable analyzer or match of field ", field.name, " of type ",
                       schema::DataTypeName(field.type), ", only VarChar and Text have text");
    }
    if (match && !analyzer) {
        return Invalid("field ", field.name,
                       " which has enable_match or is input of BM25 function must also "
                       "enable_analyzer");
    }
    RETURN_IF_ERROR(CheckAnalyzerParams(field));
    const std::string* multi = Param(field, "multi_analyzer_params");
    if (multi == nullptr) {
        return base::Status();
    }
    if (match) {
        return Invalid("multi analyzer now only support for bm25, but now field ", field.name,
                       " enable match");
    }
    if (Param(field, "analyzer_params") != nullptr) {
        return Invalid("field ", field.name,
                       " analyzer params should be none if has multi analyzer params");
    }
    ASSIGN_OR_RETURN(const json::Value parsed, ParseParams(field, "multi_analyzer_params", *multi));
    return CheckMultiAnalyzer(parsed).Annotate("field " + field.name);
}

base::Result<std::vector<AnalyzedText>> Proxy::RunAnalyzer(const base::CallContext& context,
                                                           const RunAnalyzerRequest& request) {
    std::vector<std::string> params(request.texts.size(), request.analyzer_params);
    if (!request.collection.empty() && request.analyzer_params.empty()) {
        if (request.field.empty()) {
            return base::MissingParameter(
                "field name must be set when collection name is set to run its analyzer");
        }
        ASSIGN_OR_RETURN(const roles::CollectionInfo info,
                         DescribeCollection(context, request.database, request.collection));
        const FieldSchema* field = info.schema.FindField(request.field);
        if (field == nullptr) {
            return base::Status::WithFields(base::Code::kFieldNotFound, {{"field", request.field}});
        }
        bool enabled = false;
        RETURN_IF_ERROR(ReadSwitch(*field, "enable_analyzer", &enabled));
        if (!enabled) {
            return Invalid("analyzer runner for field ", request.field,
                           " not exist, its enable_analyzer is not set");
        }
        ASSIGN_OR_RETURN(params, FieldParams(*field, request));
    }
    std::vector<AnalyzedText> results;
    auto bytes_left = core_->limits.max_output_bytes;
    for (size_t i = 0; i < request.texts.size(); ++i) {
        ASSIGN_OR_RETURN(const TextAnalyzer analyzer, TextAnalyzer::Create(params[i]));
        ASSIGN_OR_RETURN(AnalyzedText tokens, Analyze(analyzer, request.texts[i], &bytes_left));
        results.push_back(std::move(tokens));
    }
    return results;
}

}  // namespace elanus::proxy
