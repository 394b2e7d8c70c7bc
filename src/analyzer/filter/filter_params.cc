#include "analyzer/filter/filter_params.h"

#include "analyzer/filter/pinyin.h"
#include "analyzer/filter/regex_filter.h"
#include "analyzer/filter/stemmer.h"
#include "analyzer/filter/synonym.h"
#include "analyzer/filter/text_filters.h"

#include <string>

namespace elanus::analyzer {

namespace {

using FilterResult = base::Result<std::unique_ptr<const Filter>>;

FilterResult BuildByName(const std::string& name) {
    if (name == "pinyin") {
        return BuildPinyin(json::Value(json::Value::Object()));
    }
    if (auto filter = SimpleFilter(name); filter != nullptr) {
        return filter;
    }
    return base::InvalidParameter("build analyzer failed, filter not found :" + name);
}

struct FilterType {
    std::string_view name;
    FilterResult (*build)(const json::Value& params);
};
constexpr FilterType kFilterTypes[] = {
    {"length", BuildLength},   {"stop", BuildStop},         {"decompounder", BuildDecompounder},
    {"stemmer", BuildStemmer}, {"regex", BuildRegexFilter}, {"synonym", BuildSynonym},
    {"pinyin", BuildPinyin},
};

}  // namespace

FilterResult BuildFilter(const json::Value& params) {
    if (params.string_if() != nullptr) {
        return BuildByName(*params.string_if());
    }
    if (params.object_if() == nullptr) {
        return base::InvalidParameter("filter should be a name or a json map, but got " +
                                      json::Write(params));
    }
    const json::Value* type = params.Find("type");
    if (type == nullptr) {
        return base::InvalidParameter("no type field in filter params");
    }
    if (type->string_if() == nullptr) {
        return base::InvalidParameter("filter type should be string");
    }
    for (const FilterType& known : kFilterTypes) {
        if (known.name == *type->string_if()) {
            return known.build(params);
        }
    }
    if (auto filter = SimpleFilter(*type->string_if()); filter != nullptr) {
        return filter;
    }
    return base::InvalidParameter("unsupport filter type: " + *type->string_if());
}

}  // namespace elanus::analyzer
