#include "analyzer/tokenizer/ngram.h"

#include "analyzer/unicode.h"

#include <algorithm>

namespace elanus::analyzer {

bool TokenChars::Contains(uint32_t code) const {
    if (classes.empty() && chars.empty()) {
        return true;
    }
    return std::any_of(classes.begin(), classes.end(),
                       [code](auto* in_class) { return in_class(code); }) ||
           std::find(chars.begin(), chars.end(), code) != chars.end();
}

class NgramTokenizer::Source final : public TokenSource {
  public:
    explicit Source(const NgramTokenizer& tokenizer) : tokenizer_(tokenizer) {}

    void Reset(std::string_view text) override {
        text_ = text;
        at_ = 0;
        segments_ = 0;
        starts_.clear();
        first_ = 0;
        length_ = tokenizer_.min_gram_;
    }

    bool Next(Token* token) override {
        while (!GramLeft()) {
            if (!NextSegment()) {
                return false;
            }
        }
        const uint32_t start = starts_[first_];
        const uint32_t end = starts_[first_ + length_];
        *token = Token{text_.substr(start, end - start), segments_ - 1, start, end};
        ++length_;
        return true;
    }

  private:
    size_t chars() const { return starts_.empty() ? 0 : starts_.size() - 1; }

    // Moves to the next start when the grams of this one are used up.
    bool GramLeft() {
        if (length_ > tokenizer_.max_gram_ || first_ + length_ > chars()) {
            length_ = tokenizer_.min_gram_;
            first_ = tokenizer_.prefix_only_ ? chars() : first_ + 1;
        }
        return first_ + length_ <= chars();
    }

    // Finds the next run of characters that count; starts_ gets where each begins and the end.
    bool NextSegment() {
        starts_.clear();
        first_ = 0;
        length_ = tokenizer_.min_gram_;
        while (at_ < text_.size()) {
            const CodePoint code = FirstCodePoint(text_.substr(at_));
            const bool counts = code.valid && tokenizer_.chars_.Contains(code.value);
            if (counts) {
                starts_.push_back(static_cast<uint32_t>(at_));
            } else if (!starts_.empty()) {
                break;
            }
            at_ += code.length;
        }
        if (starts_.empty()) {
            return false;
        }
        starts_.push_back(static_cast<uint32_t>(at_));
        ++segments_;
        return true;
    }

    const NgramTokenizer& tokenizer_;
    std::string_view text_;
    size_t at_ = 0;
    uint32_t segments_ = 0;
    std::vector<uint32_t> starts_;
    size_t first_ = 0;     // first character of the next gram
    uint32_t length_ = 0;  // its length in characters
};

std::unique_ptr<TokenSource> NgramTokenizer::NewSource() const {
    return std::make_unique<Source>(*this);
}

}  // namespace elanus::analyzer
