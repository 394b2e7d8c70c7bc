// One entry of the "filter" list of analyzer_params: "NAME" or {"type": "NAME", ...}, to a filter.
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <memory>

namespace elanus::analyzer {

base::Result<std::unique_ptr<const Filter>> BuildFilter(const json::Value& params);

}  // namespace elanus::analyzer
