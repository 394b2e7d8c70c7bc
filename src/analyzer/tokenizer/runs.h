// RunSource: tokens are the longest runs of code points that a predicate accepts. What standard,
// whitespace and char_group have in common.
#pragma once

#include "analyzer/pipeline.h"
#include "analyzer/unicode.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace elanus::analyzer {

// `InRun`: bool(uint32_t code point), cheap to copy.
template <typename InRun>
class RunSource final : public TokenSource {
  public:
    explicit RunSource(InRun in_run) : in_run_(std::move(in_run)) {
        for (uint32_t code = 0; code < ascii_in_run_.size(); ++code) {
            ascii_in_run_[code] = in_run_(code);
        }
    }

    void Reset(std::string_view text) override {
        text_ = text;
        at_ = 0;
        position_ = 0;
    }

    bool Next(Token* token) override {
        uint32_t length = 0;
        while (at_ < text_.size() && !Accepts(&length)) {
            at_ += length;
        }
        const size_t start = at_;
        while (at_ < text_.size() && Accepts(&length)) {
            at_ += length;
        }
        if (start == at_) {
            return false;
        }
        *token = Token{text_.substr(start, at_ - start), position_++, static_cast<uint32_t>(start),
                       static_cast<uint32_t>(at_)};
        return true;
    }

  private:
    // Whether the code point at at_ belongs to a run, and how many bytes it has.
    bool Accepts(uint32_t* length) {
        const auto byte = static_cast<uint8_t>(text_[at_]);
        if (byte < 0x80) {
            *length = 1;
            return ascii_in_run_[byte];
        }
        const CodePoint code = FirstCodePoint(text_.substr(at_));
        *length = code.length;
        return code.valid && in_run_(code.value);
    }

    InRun in_run_;
    std::array<bool, 128> ascii_in_run_{};  // asked once a character: most text is ASCII
    std::string_view text_;
    size_t at_ = 0;
    uint32_t position_ = 0;
};

template <typename InRun>
class RunTokenizer final : public Tokenizer {
  public:
    explicit RunTokenizer(InRun in_run) : in_run_(std::move(in_run)) {}
    std::unique_ptr<TokenSource> NewSource() const override {
        return std::make_unique<RunSource<InRun>>(in_run_);
    }

  private:
    InRun in_run_;
};

}  // namespace elanus::analyzer
