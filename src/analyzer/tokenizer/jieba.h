// jieba: Chinese words. Positions and position lengths count characters, as in Milvus.
//   "dict"  words, "_default_" for the built-in ones; default ["_default_"]
//   "mode"  "search" (default) or "exact"
//   "hmm"   whether words outside the dictionary are guessed; default true
//   "extra_dict_file"  a user dictionary of jieba: "word frequency tag" a line (word_file.h)
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <memory>

namespace elanus::analyzer {

base::Result<std::unique_ptr<const Tokenizer>> BuildJieba(const json::Value& params);

}  // namespace elanus::analyzer
