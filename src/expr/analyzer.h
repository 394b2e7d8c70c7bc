// Analyzer: syntax tree to plan. Resolves names against the schema, checks and casts types, folds
// constants. The texts of its errors are what clients match on (API map 4.2 to 4.6).
#pragma once

#include "base/status.h"
#include "expr/ast.h"
#include "expr/filter.h"
#include "expr/plan.h"
#include "schema/collection_schema.h"

namespace elanus::expr {

base::Result<Plan> Analyze(const Node& root, const schema::CollectionSchema& schema,
                           const ParseOptions& options);

}  // namespace elanus::expr
