// TextAnalyzer: text to tokens, as a field's `analyzer_params` say. One analyzer serves the rows of
// a field and the queries on it, so both are cut the same way.
//
// Which tokenizers and filters there are: docs/analyzers.md. Analyzers are cached by the text of
// their parameters, so creating one again is a look-up.
// Threads: an analyzer is immutable; a TokenStream belongs to one thread.
#pragma once

#include "analyzer/token.h"
#include "base/status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::analyzer {

struct Pipeline;
class TokenSource;

class TextAnalyzer {
  public:
    // Blank parameters are the default: standard tokenizer, lower case. InvalidParameter, with
    // Milvus' phrase, when the parameters are wrong or name a dictionary that is not there.
    static base::Result<TextAnalyzer> Create(std::string_view params);

  private:
    friend class TokenStream;
    std::shared_ptr<const Pipeline> pipeline_;
};

// Reads the tokens of one text after the other.
class TokenStream {
  public:
    // `analyzer` was made by Create.
    explicit TokenStream(const TextAnalyzer& analyzer);
    TokenStream(TokenStream&&) noexcept;
    TokenStream& operator=(TokenStream&&) noexcept;
    ~TokenStream();

    // Texts longer than 4 GiB are cut there, because offsets are 32 bits.
    void Reset(std::string_view text);
    bool Next(Token* token);

  private:
    std::shared_ptr<const Pipeline> pipeline_;
    std::unique_ptr<TokenSource> source_;
};

struct OwnedToken {
    std::string text;
    uint32_t position = 0;
    uint32_t start = 0;
    uint32_t end = 0;
    uint32_t position_length = 1;
};
std::vector<OwnedToken> Tokens(const TextAnalyzer& analyzer, std::string_view text);

// The number by which Milvus tells tokens apart, and the dimension that a token has in a sparse
// vector: the CRC-32 (IEEE 802.3) of its first 100 bytes, modulo 2^32 - 1.
uint32_t TokenHash(std::string_view token);

}  // namespace elanus::analyzer
