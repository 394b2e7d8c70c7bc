// stemmer: words to their stems by the Snowball algorithms (libstemmer, whose only user this is).
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <memory>

namespace elanus::analyzer {

base::Result<std::unique_ptr<const Filter>> BuildStemmer(const json::Value& params);

}  // namespace elanus::analyzer
