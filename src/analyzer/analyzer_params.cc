#include "analyzer/analyzer_params.h"

#include "analyzer/filter/filter_params.h"
#include "analyzer/filter/text_filters.h"
#include "analyzer/member.h"
#include "analyzer/tokenizer/tokenizer_params.h"

#include <string>
#include <utility>
#include <vector>

namespace elanus::analyzer {

namespace {

using base::Result;

// A built-in analyzer in the words of a custom one. `stop_words` names the list it always drops.
struct BuiltIn {
    std::string_view name;
    std::string_view tokenizer;
    std::string_view filters;  // JSON
    std::string_view stop_words;
};
constexpr BuiltIn kBuiltIns[] = {
    {"standard", "standard", R"(["lowercase"])", ""},
    {"english", "standard", R"(["lowercase", {"type": "stemmer", "language": "english"}])",
     "_english_"},
    {"chinese", "jieba", R"(["cnalphanumonly"])", ""},
    {"arabic", "standard",
     R"(["lowercase", "decimaldigit", "arabic_normalization",
         {"type": "stemmer", "language": "arabic"}])",
     "_arabic_"},
    {"thai", "thai", R"(["lowercase", "decimaldigit"])", "_thai_"},
};

Result<Pipeline> BuildParts(const json::Value& tokenizer, const json::Value& filters) {
    Pipeline pipeline;
    ASSIGN_OR_RETURN(pipeline.tokenizer, BuildTokenizer(tokenizer));
    const json::Value::Array* list = filters.array_if();
    if (list == nullptr) {
        return base::InvalidParameter("filter params should be array");
    }
    for (const json::Value& filter : *list) {
        ASSIGN_OR_RETURN(auto built, BuildFilter(filter));
        pipeline.filters.push_back(std::move(built));
    }
    return pipeline;
}

Result<Pipeline> BuildBuiltIn(const json::Value::Object& params) {
    std::string name;
    std::vector<std::string> extra;
    for (const auto& [key, value] : params) {
        if (key == "type") {
            if (value.string_if() == nullptr) {
                return base::InvalidParameter("analyzer type shoud be string");
            }
            name = *value.string_if();
        } else if (key == "stop_words") {
            ASSIGN_OR_RETURN(extra, StringList(value, "filter stop_words"));
        } else {
            return base::InvalidParameter("unknown analyzer option key: " + key +
                                          ", a build-in analyzer takes type and stop_words");
        }
    }
    for (const BuiltIn& built_in : kBuiltIns) {
        if (built_in.name != name) {
            continue;
        }
        ASSIGN_OR_RETURN(const json::Value filters, json::Parse(built_in.filters));
        ASSIGN_OR_RETURN(Pipeline pipeline, BuildParts(json::Value(built_in.tokenizer), filters));
        if (!built_in.stop_words.empty()) {
            extra.emplace_back(built_in.stop_words);
        }
        if (!extra.empty()) {
            pipeline.filters.push_back(StopFilter(extra));
        }
        return pipeline;
    }
    return base::InvalidParameter("unknown build-in analyzer type: " + name +
                                  ", known are standard, english, chinese, arabic and thai");
}

}  // namespace

Result<Pipeline> BuildPipeline(const json::Value::Object& params) {
    if (params.empty()) {
        return BuildBuiltIn({{"type", "standard"}});
    }
    const json::Value* tokenizer = nullptr;
    json::Value filters{json::Value::Array()};
    for (const auto& [key, value] : params) {
        if (key == "type") {
            return BuildBuiltIn(params);
        }
    }
    for (const auto& [key, value] : params) {
        if (key == "tokenizer") {
            tokenizer = &value;
        } else if (key == "filter") {
            filters = value;
        } else {
            return base::InvalidParameter("unknown analyzer option key: " + key);
        }
    }
    if (tokenizer == nullptr) {
        return base::InvalidParameter("tokenizer name or type must be set");
    }
    return BuildParts(*tokenizer, filters);
}

Result<Pipeline> BuildPipeline(std::string_view params) {
    if (params.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return BuildPipeline(json::Value::Object());
    }
    ASSIGN_OR_RETURN(const json::Value document, json::Parse(params, {.depth_max = 32}));
    const json::Value::Object* object = document.object_if();
    if (object == nullptr) {
        return base::InvalidParameter("analyzer params should be a json map");
    }
    return BuildPipeline(*object);
}

}  // namespace elanus::analyzer
