#include "proxy/text_analysis.h"

#include "analyzer/multi_analyzer.h"
#include "json/json.h"
#include "proxy/phrase.h"
#include "proxy/proxy.h"
#include "proxy/proxy_core.h"
#include "proxy/schema_validation.h"

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

// The analyzer of each text, by one set of parameters.
base::Result<std::vector<TextAnalyzer>> SameAnalyzer(const std::string& params, size_t count) {
    std::vector<TextAnalyzer> analyzers;
    for (size_t i = 0; i < count; ++i) {
        ASSIGN_OR_RETURN(analyzers.emplace_back(), TextAnalyzer::Create(params));
    }
    return analyzers;
}

// The same, as the field says.
base::Result<std::vector<TextAnalyzer>> AnalyzersOf(const FieldSchema& field,
                                                    const RunAnalyzerRequest& request) {
    const size_t count = request.texts.size();
    const std::string* multi = Param(field, "multi_analyzer_params");
    if (multi == nullptr) {
        const std::string* params = Param(field, "analyzer_params");
        return SameAnalyzer(params == nullptr ? std::string() : *params, count);
    }
    const auto& names = request.analyzer_names;
    if (names.empty()) {
        return base::MissingParameter("analyzer names must be set for multi analyzer");
    }
    if (names.size() != 1 && names.size() != count) {
        return Invalid("the number of analyzer names (", names.size(),
                       ") must be one or the number of texts (", count, ")");
    }
    ASSIGN_OR_RETURN(const json::Value params, json::Parse(*multi));
    ASSIGN_OR_RETURN(const auto several, analyzer::MultiAnalyzer::Create(params));
    std::vector<TextAnalyzer> analyzers;
    for (size_t i = 0; i < count; ++i) {
        analyzers.push_back(several.Choose(names[names.size() == 1 ? 0 : i]));
    }
    return analyzers;
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
    return analyzer::MultiAnalyzer::Create(parsed).status().Annotate("field " + field.name);
}

base::Result<std::vector<AnalyzedText>> Proxy::RunAnalyzer(const base::CallContext& context,
                                                           const RunAnalyzerRequest& request) {
    std::vector<TextAnalyzer> analyzers;
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
        ASSIGN_OR_RETURN(analyzers, AnalyzersOf(*field, request));
    } else {
        ASSIGN_OR_RETURN(analyzers, SameAnalyzer(request.analyzer_params, request.texts.size()));
    }
    std::vector<AnalyzedText> results;
    auto bytes_left = core_->limits.max_output_bytes;
    for (size_t i = 0; i < request.texts.size(); ++i) {
        ASSIGN_OR_RETURN(AnalyzedText tokens, Analyze(analyzers[i], request.texts[i], &bytes_left));
        results.push_back(std::move(tokens));
    }
    return results;
}

}  // namespace elanus::proxy
