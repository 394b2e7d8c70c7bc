// icu and thai: words by ICU's rules and dictionaries (Chinese, Japanese, Thai, Lao, Khmer,
// Burmese); ICU's break iterators have their only user here.
//   icu   everything is a token, spaces and punctuation too; positions count characters
//   thai  tokens are what has a letter, a digit or a Thai sign; positions count tokens
#pragma once

#include "analyzer/pipeline.h"

#include <cstdint>
#include <memory>

namespace elanus::analyzer {

enum class IcuStyle : uint8_t { kEverything, kWordsOnly };

class IcuTokenizer final : public Tokenizer {
  public:
    explicit IcuTokenizer(IcuStyle style) : style_(style) {}
    std::unique_ptr<TokenSource> NewSource() const override;

  private:
    IcuStyle style_;
};

}  // namespace elanus::analyzer
