// TextAnalyzer: text to tokens, as a field's `analyzer_params` say. One analyzer serves the rows of
// a field and the queries on it, so both are cut the same way.
//
// Today: the tokenizers "standard" (runs of letters and digits of any script) and "whitespace", and
// the filters "lowercase" and "stop"; other names are refused rather than read as something else.
// Threads: an analyzer is immutable; a TokenStream belongs to one thread.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace elanus::analyzer {

struct Token {
    std::string_view text;  // lives until the next token is read
    uint32_t position = 0;  // counts words; a dropped stop word leaves its place empty
    uint32_t start = 0;     // bytes of the text it came from: [start, end)
    uint32_t end = 0;
};

class TextAnalyzer {
  public:
    // Blank parameters are the default: standard tokenizer, lower case.
    static base::Result<TextAnalyzer> Create(std::string_view params);

    struct Settings {
        bool split_at_blanks_only = false;
        bool lower_case = true;
        std::unordered_set<std::string> stop_words;
    };
    const Settings& settings() const { return *settings_; }

  private:
    std::shared_ptr<const Settings> settings_;
};

// Reads the tokens of one text after the other.
class TokenStream {
  public:
    explicit TokenStream(const TextAnalyzer& analyzer) : analyzer_(analyzer) {}

    void Reset(std::string_view text) {
        rest_ = text.substr(0, UINT32_MAX);
        size_ = static_cast<uint32_t>(rest_.size());
        position_ = 0;
    }
    bool Next(Token* token);

  private:
    bool NextWord();

    TextAnalyzer analyzer_;
    std::string_view rest_;
    uint32_t size_ = 0;  // of the whole text
    uint32_t position_ = 0;
    uint32_t start_ = 0;  // of the word
    uint32_t end_ = 0;
    std::string word_;
};

struct OwnedToken {
    std::string text;
    uint32_t position = 0;
    uint32_t start = 0;
    uint32_t end = 0;
};
std::vector<OwnedToken> Tokens(const TextAnalyzer& analyzer, std::string_view text);

// The number by which Milvus tells tokens apart, and the dimension that a token has in a sparse
// vector: the CRC-32 (IEEE 802.3) of its first 100 bytes, modulo 2^32 - 1.
uint32_t TokenHash(std::string_view token);

}  // namespace elanus::analyzer
