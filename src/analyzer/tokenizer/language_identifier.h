// language_identifier: the analyzer for the language of each text.
//   "analyzers"   {NAME: analyzer_params, ..., "default": analyzer_params}
//   "mapping"     {LANGUAGE: NAME}; a language without an entry is its own name
//   "identifier"  "whatlang" (default), "lingua", or {"type": .., "confidence": 0 to 1}: below that
//                 confidence a text gets "default"
// Both identifiers are ours (language/identification.h); they differ in the names of languages.
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <memory>

namespace elanus::analyzer {

base::Result<std::unique_ptr<const Tokenizer>> BuildLanguageIdentifier(const json::Value& params);

}  // namespace elanus::analyzer
