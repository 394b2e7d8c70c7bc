// What an analyzer is made of: one tokenizer and filters behind it, each reading the tokens of the
// one before.
//
// Tokenizers and filters are immutable and shared by every thread; a TokenSource is the state of
// one reader, is made once and then reused text after text, so that reading allocates only until
// its buffers have grown. A source refers to its tokenizer or filter, which must outlive it.
// Texts may be any bytes. INV-ANALYZER-1: the text of a token is valid UTF-8; a byte that is no
// part of valid UTF-8 ends a token and belongs to none.
#pragma once

#include "analyzer/token.h"

#include <memory>
#include <string_view>
#include <vector>

namespace elanus::analyzer {

class TokenSource {
  public:
    virtual ~TokenSource() = default;
    // Starts over with `text`, which lives until the last token of it has been read.
    virtual void Reset(std::string_view text) = 0;
    virtual bool Next(Token* token) = 0;
};

class Tokenizer {
  public:
    virtual ~Tokenizer() = default;
    virtual std::unique_ptr<TokenSource> NewSource() const = 0;
};

class Filter {
  public:
    virtual ~Filter() = default;
    virtual std::unique_ptr<TokenSource> NewSource(std::unique_ptr<TokenSource> input) const = 0;
};

struct Pipeline {
    std::unique_ptr<const Tokenizer> tokenizer;
    std::vector<std::unique_ptr<const Filter>> filters;

    std::unique_ptr<TokenSource> NewSource() const {
        std::unique_ptr<TokenSource> source = tokenizer->NewSource();
        for (const auto& filter : filters) {
            source = filter->NewSource(std::move(source));
        }
        return source;
    }
};

}  // namespace elanus::analyzer
