// ParseFilter: filter text to plan, the entry of the module for whoever receives expressions.
#pragma once

#include "base/status.h"
#include "calendar/timestamp_text.h"
#include "expr/plan.h"
#include "expr/template_values.h"
#include "schema/collection_schema.h"

#include <cstdint>
#include <string_view>

namespace elanus::expr {

struct ParseOptions {
    // For timestamps that name no offset: the request's zone, else the collection's.
    calendar::TimeZone time_zone;
    // Another seed draws other rows for random_sample.
    uint64_t sample_seed = 0;
};

// Blank text is AlwaysTrue. Failures are InvalidParameter with
// "cannot parse expression: <text>, error: <cause>"; the caller puts what it was about in front.
base::Result<Plan> ParseFilter(std::string_view text, const schema::CollectionSchema& schema,
                               const TemplateValues& templates = {},
                               const ParseOptions& options = {});

}  // namespace elanus::expr
