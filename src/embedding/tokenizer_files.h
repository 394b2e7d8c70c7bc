// The tokenizer of a model's folder: tokenizer.json, as the package `tokenizers` writes it, or
// vocab.txt (a token a line) with tokenizer_config.json. WordPiece with BERT's normalizer and word
// borders is read; anything else is refused by name.
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "embedding/wordpiece.h"
#include "json/json.h"

#include <optional>
#include <string>

namespace elanus::embedding {

// 1100 for a file that is missing or of another kind.
base::Result<WordPiece> ReadTokenizer(const std::string& folder);

// The whole file. Absent when there is none; 1100 when it is larger than `bytes_max`.
base::Result<std::optional<std::string>> ReadWholeFile(const std::string& path, uint64_t bytes_max);
// Null when there is no such file.
base::Result<json::Value> ReadJsonFile(const std::string& path);

}  // namespace elanus::embedding
