// IsConstantlyTrue: whether a filter is true by its constants alone, so that it filters nothing. A
// filter that names a field and happens to be true of every row (`id >= ""`, `id not in []`) is
// not: it says which rows, and they are all.
// Threads: a pure function.
#pragma once

#include "base/status.h"
#include "expr/filter.h"
#include "schema/collection_schema.h"

#include <string_view>

namespace elanus::expr {

// `text` is a filter that ParseFilter takes. Blank text is true.
bool IsConstantlyTrue(std::string_view text, const schema::CollectionSchema& schema,
                      const TemplateValues& templates, const ParseOptions& options);

}  // namespace elanus::expr
