#include "expr/filter.h"

#include "expr/analyzer.h"
#include "expr/operand.h"
#include "expr/parser.h"

#include <string>

namespace elanus::expr {

namespace {

constexpr size_t kShownBytesMax = 4096;

base::Status Annotate(std::string_view text, const base::Status& status) {
    std::string shown(text.substr(0, kShownBytesMax));
    if (text.size() > kShownBytesMax) {
        shown += "...";
    }
    return base::InvalidParameter("cannot parse expression: " + shown +
                                  ", error: " + PlainReason(status));
}

}  // namespace

base::Result<Plan> ParseFilter(std::string_view text, const schema::CollectionSchema& schema,
                               const TemplateValues& templates, const ParseOptions& options) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return Plan();
    }
    base::Result<NodePtr> tree = Parse(text, templates);
    if (!tree.ok()) {
        return Annotate(text, tree.status());
    }
    base::Result<Plan> plan = Analyze(**tree, schema, options);
    if (!plan.ok()) {
        return Annotate(text, plan.status());
    }
    return plan;
}

}  // namespace elanus::expr
