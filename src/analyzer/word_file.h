// Word lists in files, in a filter's or tokenizer's parameters: {"type": "local", "path": PATH} or
// a file resource (file_resource.h). The path is relative to function.analyzer.local_resource_path
// and cannot leave it: parameters come from whoever may create a collection, and must not read the
// rest of the disk.
#pragma once

#include "base/status.h"
#include "json/json.h"

#include <string>
#include <string_view>
#include <vector>

namespace elanus::analyzer {

// The lines of the file, without line ends and without empty lines. `label` names it in errors.
base::Result<std::vector<std::string>> ReadWordFile(const json::Value& params,
                                                    std::string_view label);

}  // namespace elanus::analyzer
