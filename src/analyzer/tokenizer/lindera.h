// lindera: Japanese and Korean morphemes. Milvus uses the library of that name; this is MeCab,
// whose dictionaries lindera reads too, and whose only user is here.
//   "dict_kind"  ipadic, ipadic-neologd, unidic, ko-dic or cc-cedict, when it is installed
//   "mode"       "normal" (default) or "decompose", which cuts long compounds
//   "filter"     [{"kind": japanese_stop_tags, japanese_keep_tags, korean_stop_tags or
//                 korean_keep_tags, "tags": [...]}]: drops or keeps parts of speech
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <memory>

namespace elanus::analyzer {

base::Result<std::unique_ptr<const Tokenizer>> BuildLindera(const json::Value& params);

}  // namespace elanus::analyzer
