// `analyzer_params`: the JSON by which a user describes an analyzer, to a pipeline (API map 5.14).
//
//   {"type": "english", "stop_words": [...]}              a built-in
//   {"tokenizer": NAME or {"type": NAME, ...}, "filter": [NAME or {"type": NAME, ...}, ...]}
//   {} or blank                                           the built-in "standard"
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <string_view>

namespace elanus::analyzer {

base::Result<Pipeline> BuildPipeline(std::string_view params);
base::Result<Pipeline> BuildPipeline(const json::Value::Object& params);

}  // namespace elanus::analyzer
