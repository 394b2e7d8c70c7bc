// NgramTokenizer: every stretch of min to max characters of every segment, where a segment is a run
// of the characters that count. Positions count segments, as in Milvus: grams of one word stand at
// one place.
#pragma once

#include "analyzer/pipeline.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace elanus::analyzer {

// Which code points belong to segments. Empty: all of them.
struct TokenChars {
    std::vector<bool (*)(uint32_t)> classes;
    std::vector<uint32_t> chars;

    bool Contains(uint32_t code) const;
};

class NgramTokenizer final : public Tokenizer {
  public:
    NgramTokenizer(uint32_t min_gram, uint32_t max_gram, bool prefix_only, TokenChars chars)
        : min_gram_(min_gram),
          max_gram_(max_gram),
          prefix_only_(prefix_only),
          chars_(std::move(chars)) {}
    std::unique_ptr<TokenSource> NewSource() const override;

  private:
    class Source;
    uint32_t min_gram_;
    uint32_t max_gram_;
    bool prefix_only_;
    TokenChars chars_;
};

}  // namespace elanus::analyzer
