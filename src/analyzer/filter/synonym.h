// Filters by the user's own words.
//   synonym       rows of "synonyms": "a, b, c" are words for one thing; "a, b => c, d" replaces
//   decompounder  a token that words of "word_list" make up without a rest becomes those words
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <memory>

namespace elanus::analyzer {

base::Result<std::unique_ptr<const Filter>> BuildSynonym(const json::Value& params);
base::Result<std::unique_ptr<const Filter>> BuildDecompounder(const json::Value& params);

}  // namespace elanus::analyzer
