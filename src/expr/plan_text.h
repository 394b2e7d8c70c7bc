// A plan as people read it: for PROFILE, with its constants, and for logs, without them.
//
//     and
//       -> price > 90
//       -> colour in ["blue", "red"]
//
// What is shown is the plan after folding and merging, not the text that the user wrote. Long lists
// and texts are cut. Threads: pure.
#pragma once

#include "expr/plan.h"
#include "json/json.h"
#include "schema/collection_schema.h"

#include <string>
#include <vector>

namespace elanus::expr {

// kHide: every constant is a question mark, so that filters of one shape read the same and nothing
// of the data shows.
enum class Constants { kShow, kHide };

struct PlanNode {
    std::string text;  // one predicate, or "and", "or", "not"
    std::vector<PlanNode> terms;
};
// Fields that the schema does not have are shown by number.
PlanNode DescribePlan(const Plan& plan, const schema::CollectionSchema& schema,
                      Constants constants);

// A line for each node, `depth` steps of two blanks in front of it, ended by a line feed.
std::string PlanLines(const PlanNode& node, int depth);
// "(price > ? and colour in ?)"
std::string PlanLine(const PlanNode& node);
// {"node": "and", "terms": [{"node": "price > 90"}, ..]}
json::Value PlanJson(const PlanNode& node);

}  // namespace elanus::expr
