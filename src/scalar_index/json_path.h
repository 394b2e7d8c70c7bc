// ParseJsonPath: the json_path of an index as the keys that a filter's ColumnRef carries.
// Threads: a pure function.
#pragma once

#include "base/status.h"
#include "schema/collection_schema.h"

#include <string>
#include <string_view>
#include <vector>

namespace elanus::scalar_index {

// Takes `field["a"][0]` as filters write it, the JSON pointer `/a/0`, the name of the field alone
// or nothing for the whole document, and of the dynamic field any key alone. InvalidParameter for
// anything else.
base::Result<std::vector<std::string>> ParseJsonPath(std::string_view text,
                                                     const schema::FieldSchema& field);

}  // namespace elanus::scalar_index
