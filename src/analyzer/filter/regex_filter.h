// regex: keeps the tokens in which "expr" (RE2 syntax) finds a match.
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <memory>

namespace elanus::analyzer {

base::Result<std::unique_ptr<const Filter>> BuildRegexFilter(const json::Value& params);

}  // namespace elanus::analyzer
