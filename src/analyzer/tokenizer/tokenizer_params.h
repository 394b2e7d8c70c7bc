// The "tokenizer" of analyzer_params: "NAME" or {"type": "NAME", ...}, to a tokenizer.
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <memory>

namespace elanus::analyzer {

base::Result<std::unique_ptr<const Tokenizer>> BuildTokenizer(const json::Value& params);

}  // namespace elanus::analyzer
