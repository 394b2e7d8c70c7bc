// ParseFilter: filter text to plan, the entry of the module for whoever receives expressions.
#pragma once

#include "base/status.h"
#include "expr/plan.h"
#include "expr/template_values.h"
#include "schema/collection_schema.h"

#include <string_view>

namespace elanus::expr {

// Blank text is AlwaysTrue. Failures are InvalidParameter with
// "cannot parse expression: <text>, error: <cause>"; the caller puts what it was about in front.
base::Result<Plan> ParseFilter(std::string_view text, const schema::CollectionSchema& schema,
                               const TemplateValues& templates = {});

}  // namespace elanus::expr
