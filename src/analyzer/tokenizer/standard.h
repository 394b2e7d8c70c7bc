// Tokenizers that need no dictionary. Each is made from its own JSON object (an empty one when only
// its name was given).
//   standard     runs of letters and digits of any script, or with "uax29": true the words of
//                Unicode Standard Annex 29 (as Lucene's StandardTokenizer)
//   whitespace   runs of anything but white space
//   char_group   runs of anything but "delimiters": characters or names of classes
//   ngram        all stretches of min_gram to max_gram characters
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <memory>

namespace elanus::analyzer {

base::Result<std::unique_ptr<const Tokenizer>> BuildStandard(const json::Value& params);
base::Result<std::unique_ptr<const Tokenizer>> BuildWhitespace(const json::Value& params);
base::Result<std::unique_ptr<const Tokenizer>> BuildCharGroup(const json::Value& params);
base::Result<std::unique_ptr<const Tokenizer>> BuildNgram(const json::Value& params);

}  // namespace elanus::analyzer
