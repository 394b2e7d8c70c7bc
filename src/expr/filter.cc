#include "expr/filter.h"

#include "expr/analyzer.h"
#include "expr/parser.h"

#include <string>

namespace elanus::expr {

namespace {

constexpr size_t kShownBytesMax = 4096;

// The reason without the sentence of its code, which the outer status adds again.
std::string CauseOf(const base::Status& status) {
    std::string cause = status.reason();
    const std::string tail = ": " + std::string(base::Sentinel(status.code()));
    if (cause.ends_with(tail)) {
        cause.resize(cause.size() - tail.size());
    }
    return cause;
}

base::Status Annotate(std::string_view text, const base::Status& status) {
    std::string shown(text.substr(0, kShownBytesMax));
    if (text.size() > kShownBytesMax) {
        shown += "...";
    }
    return base::InvalidParameter("cannot parse expression: " + shown +
                                  ", error: " + CauseOf(status));
}

}  // namespace

base::Result<Plan> ParseFilter(std::string_view text, const schema::CollectionSchema& schema,
                               const TemplateValues& templates) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return Plan();
    }
    base::Result<NodePtr> tree = Parse(text, templates);
    if (!tree.ok()) {
        return Annotate(text, tree.status());
    }
    base::Result<Plan> plan = Analyze(**tree, schema);
    if (!plan.ok()) {
        return Annotate(text, plan.status());
    }
    return plan;
}

}  // namespace elanus::expr
