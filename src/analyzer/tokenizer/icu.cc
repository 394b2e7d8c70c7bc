#include "analyzer/tokenizer/icu.h"

#include "analyzer/tokenizer/pieces.h"
#include "analyzer/unicode.h"
#include "base/check.h"

#include <vector>

#include <unicode/ubrk.h>
#include <unicode/utext.h>

namespace elanus::analyzer {

namespace {

bool HasWordCharacter(std::string_view text) {
    while (!text.empty()) {
        const CodePoint code = FirstCodePoint(text);
        const bool is_thai = code.value >= 0xe01 && code.value <= 0xe5b;
        if (is_thai || IsWordCodePoint(code.value)) {
            return true;
        }
        text.remove_prefix(code.length);
    }
    return false;
}

class IcuSource final : public PieceSource {
  public:
    explicit IcuSource(IcuStyle style) : style_(style) {
        UErrorCode error = U_ZERO_ERROR;
        breaks_ = ubrk_open(UBRK_WORD, "", nullptr, 0, &error);
        CHECK(U_SUCCESS(error) != 0, "ICU's data has no word rules");
    }
    IcuSource(const IcuSource&) = delete;
    IcuSource& operator=(const IcuSource&) = delete;
    ~IcuSource() override {
        ubrk_close(breaks_);
        utext_close(&text_);
    }

  protected:
    void Cut(const Stretch& stretch, uint32_t pieces_before, std::vector<Piece>* pieces) override {
        UErrorCode error = U_ZERO_ERROR;
        utext_openUTF8(&text_, stretch.text.data(), static_cast<int64_t>(stretch.text.size()),
                       &error);
        ubrk_setUText(breaks_, &text_, &error);
        CHECK(U_SUCCESS(error) != 0, "ICU is out of memory");
        uint32_t chars = stretch.first_char;
        int32_t start = ubrk_first(breaks_);
        for (int32_t end = ubrk_next(breaks_); end != UBRK_DONE; end = ubrk_next(breaks_)) {
            const auto from = static_cast<uint32_t>(start);
            const auto to = static_cast<uint32_t>(end);
            const std::string_view text = stretch.text.substr(from, to - from);
            const uint32_t length = CharCount(text);
            if (style_ == IcuStyle::kEverything) {
                pieces->push_back({from, to, chars, length});
            } else if (HasWordCharacter(text)) {
                const auto position = pieces_before + static_cast<uint32_t>(pieces->size());
                pieces->push_back({from, to, position, length});
            }
            chars += length;
            start = end;
        }
    }

  private:
    IcuStyle style_;
    UBreakIterator* breaks_ = nullptr;
    UText text_ = UTEXT_INITIALIZER;
};

}  // namespace

std::unique_ptr<TokenSource> IcuTokenizer::NewSource() const {
    return std::make_unique<IcuSource>(style_);
}

}  // namespace elanus::analyzer
