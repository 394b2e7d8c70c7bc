// MultiAnalyzer: the analyzers of a field whose rows name theirs, as `multi_analyzer_params` say:
// {"by_field": FIELD, "analyzers": {NAME: params, .., "default": params}, "alias": {NAME: NAME}}.
// Threads: immutable.
#pragma once

#include "analyzer/text_analyzer.h"
#include "base/status.h"
#include "json/json.h"

#include <map>
#include <string>
#include <string_view>

namespace elanus::analyzer {

class MultiAnalyzer {
  public:
    // `params` is a JSON object. InvalidParameter, with Milvus' phrases, when a part is missing or
    // of the wrong form, or an analyzer cannot be made.
    static base::Result<MultiAnalyzer> Create(const json::Value& params);

    // The field that names a row's analyzer.
    const std::string& by_field() const { return by_field_; }
    // The analyzer of that name or alias; the default for a name that none has.
    const TextAnalyzer& Choose(std::string_view name) const;

  private:
    base::Status ReadAliases(const json::Value& params);
    base::Status ReadAnalyzers(const json::Value& params);

    std::string by_field_;
    std::map<std::string, TextAnalyzer, std::less<>> analyzers_;
    std::map<std::string, std::string, std::less<>> aliases_;
};

}  // namespace elanus::analyzer
