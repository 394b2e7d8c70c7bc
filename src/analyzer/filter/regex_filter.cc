#include "analyzer/filter/regex_filter.h"

#include "analyzer/filter/mapping.h"
#include "regex/regex.h"

#include <string>

namespace elanus::analyzer {

base::Result<std::unique_ptr<const Filter>> BuildRegexFilter(const json::Value& params) {
    const json::Value* expr = params.Find("expr");
    if (expr == nullptr) {
        return base::InvalidParameter("must set expr for regex filter");
    }
    if (expr->string_if() == nullptr) {
        return base::InvalidParameter("expr must be string");
    }
    auto regex = regex::Regex::Compile(*expr->string_if());
    if (!regex.ok()) {
        return regex.status().Annotate("regex expression invalid, expr:" + *expr->string_if());
    }
    return MakeKeeping(
        [regex = std::move(*regex)](std::string_view text) { return regex.PartialMatch(text); });
}

}  // namespace elanus::analyzer
