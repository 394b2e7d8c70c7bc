// ParseFilter: filter text to plan, the entry of the module for whoever receives expressions.
#pragma once

#include "base/status.h"
#include "calendar/timestamp_text.h"
#include "expr/plan.h"
#include "expr/template_values.h"
#include "schema/collection_schema.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::expr {

// A place in the documents of a JSON field.
struct JsonPlace {
    base::FieldId field_id = 0;
    std::vector<std::string> path;
    template <typename A>
    void Visit(A& a) {
        a(field_id, path);
    }
};

struct ParseOptions {
    // For timestamps that name no offset: the request's zone, else the collection's.
    calendar::TimeZone time_zone;
    // Another seed draws other rows for random_sample.
    uint64_t sample_seed = 0;
    // Where texts that are numbers count as such in comparisons (ColumnRef::text_numbers).
    std::vector<JsonPlace> text_numbers;
};

// Blank text is AlwaysTrue. Failures are InvalidParameter with
// "cannot parse expression: <text>, error: <cause>"; the caller puts what it was about in front.
base::Result<Plan> ParseFilter(std::string_view text, const schema::CollectionSchema& schema,
                               const TemplateValues& templates = {},
                               const ParseOptions& options = {});

}  // namespace elanus::expr
