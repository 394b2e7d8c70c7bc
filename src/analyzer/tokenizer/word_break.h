// WordBreakTokenizer: the words of Unicode Standard Annex 29 without dictionaries, and emoji.
// Lucene's StandardTokenizer and Elasticsearch's "standard" cut the same way, but keep a run of
// Thai, Lao, Khmer or Burmese letters together, where the annex has a word for each.
#pragma once

#include "analyzer/pipeline.h"

#include <cstdint>
#include <memory>

namespace elanus::analyzer {

class WordBreakTokenizer final : public Tokenizer {
  public:
    // Longer words are cut after that many characters.
    explicit WordBreakTokenizer(uint32_t max_token_length) : max_token_length_(max_token_length) {}
    std::unique_ptr<TokenSource> NewSource() const override;

  private:
    class Source;
    uint32_t max_token_length_;
};

}  // namespace elanus::analyzer
