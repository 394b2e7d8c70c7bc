// CheckFunctions: the rules for the functions of a schema (API map 5.13), in Milvus' words.
// Threads: pure.
#pragma once

#include "base/status.h"
#include "schema/collection_schema.h"

namespace elanus::function {

// kInvalidParameter for the first broken rule. On success the fields that functions fill are
// marked is_function_output, and no others.
base::Status CheckFunctions(schema::CollectionSchema* schema);

}  // namespace elanus::function
