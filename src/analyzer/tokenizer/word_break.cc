#include "analyzer/tokenizer/word_break.h"

#include "analyzer/tokenizer/pieces.h"
#include "analyzer/unicode.h"
#include "analyzer/unicode_properties.h"

#include <array>
#include <vector>

namespace elanus::analyzer {

namespace {

struct Char {
    uint32_t start;  // byte
    WordBreak kind;
    bool pictographic;
    bool makes_token;  // a segment with one of these is a token
};

bool IsIgnored(WordBreak kind) {
    return kind == WordBreak::kExtend || kind == WordBreak::kFormat || kind == WordBreak::kZwj;
}
bool IsLineEnd(WordBreak kind) {
    return kind == WordBreak::kCr || kind == WordBreak::kLf || kind == WordBreak::kNewline;
}
// In none of the rules after WB4.
bool IsPlain(WordBreak kind) {
    return kind == WordBreak::kOther || kind == WordBreak::kSpace;
}
bool IsAnyLetter(WordBreak kind) {
    return kind == WordBreak::kALetter || kind == WordBreak::kHebrewLetter;
}
bool IsMidLetter(WordBreak kind) {
    return kind == WordBreak::kMidLetter || kind == WordBreak::kMidNumLet ||
           kind == WordBreak::kSingleQuote;
}
bool IsMidNumber(WordBreak kind) {
    return kind == WordBreak::kMidNum || kind == WordBreak::kMidNumLet ||
           kind == WordBreak::kSingleQuote;
}
bool IsWordLike(WordBreak kind) {
    return IsAnyLetter(kind) || kind == WordBreak::kNumeric || kind == WordBreak::kKatakana;
}

// WB5 for plain letters: nearly every pair of characters.
bool InsideWord(const Char& before, const Char& after) {
    return before.kind == WordBreak::kALetter && after.kind == WordBreak::kALetter;
}

// Where words of `chars` break. The rules' numbers are those of the annex.
class Boundaries {
  public:
    explicit Boundaries(const std::vector<Char>& chars) : chars_(chars) {}

    bool BreaksBefore(size_t i) const {
        const WordBreak before = chars_[i - 1].kind;
        const WordBreak after = chars_[i].kind;
        if (before == WordBreak::kCr && after == WordBreak::kLf) {  // WB3
            return false;
        }
        if (IsLineEnd(before) || IsLineEnd(after)) {  // WB3a, WB3b
            return true;
        }
        if (before == WordBreak::kZwj && chars_[i].pictographic) {  // WB3c
            return false;
        }
        if (before == WordBreak::kSpace && after == WordBreak::kSpace) {  // WB3d
            return false;
        }
        if (IsIgnored(after)) {  // WB4
            return false;
        }
        if (IsPlain(before) || IsPlain(after)) {  // WB999
            return true;
        }
        return !Joins(Previous(i), after, i);
    }

  private:
    // The character before `i` that is not skipped by WB4.
    size_t Previous(size_t i) const {
        while (i > 0) {
            --i;
            if (!IsIgnored(chars_[i].kind)) {
                return i;
            }
            if (i > 0 && IsLineEnd(chars_[i - 1].kind)) {
                return i;  // nothing before it to belong to
            }
        }
        return 0;
    }
    WordBreak KindAfter(size_t i) const {
        for (++i; i < chars_.size(); ++i) {
            if (!IsIgnored(chars_[i].kind)) {
                return chars_[i].kind;
            }
        }
        return WordBreak::kOther;
    }
    WordBreak KindBefore(size_t i) const {
        return i == 0 ? WordBreak::kOther : chars_[Previous(i)].kind;
    }

    // WB5 to WB16 between the character at `p`, of the kind before, and `after`, at `i`.
    bool Joins(size_t p, WordBreak after, size_t i) const {
        const WordBreak before = chars_[p].kind;
        if (IsAnyLetter(before)) {
            if (IsAnyLetter(after) || after == WordBreak::kNumeric) {  // WB5, WB9
                return true;
            }
            if (IsMidLetter(after) && IsAnyLetter(KindAfter(i))) {  // WB6
                return true;
            }
            if (before == WordBreak::kHebrewLetter &&
                (after == WordBreak::kSingleQuote ||  // WB7a
                 (after == WordBreak::kDoubleQuote &&
                  KindAfter(i) == WordBreak::kHebrewLetter))) {  // WB7b
                return true;
            }
        }
        if (IsMidLetter(before) && IsAnyLetter(after) && IsAnyLetter(KindBefore(p))) {  // WB7
            return true;
        }
        if (before == WordBreak::kDoubleQuote && after == WordBreak::kHebrewLetter &&
            KindBefore(p) == WordBreak::kHebrewLetter) {  // WB7c
            return true;
        }
        return JoinsNumbers(p, after, i) || JoinsOthers(p, after);
    }

    bool JoinsNumbers(size_t p, WordBreak after, size_t i) const {
        const WordBreak before = chars_[p].kind;
        if (before == WordBreak::kNumeric) {
            return after == WordBreak::kNumeric || IsAnyLetter(after) ||           // WB8, WB10
                   (IsMidNumber(after) && KindAfter(i) == WordBreak::kNumeric) ||  // WB12
                   after == WordBreak::kExtendNumLet;                              // WB13a
        }
        return IsMidNumber(before) && after == WordBreak::kNumeric &&
               KindBefore(p) == WordBreak::kNumeric;  // WB11
    }

    bool JoinsOthers(size_t p, WordBreak after) const {
        const WordBreak before = chars_[p].kind;
        if (before == WordBreak::kKatakana && after == WordBreak::kKatakana) {  // WB13
            return true;
        }
        if (after == WordBreak::kExtendNumLet) {  // WB13a
            return IsWordLike(before) || before == WordBreak::kExtendNumLet;
        }
        if (before == WordBreak::kExtendNumLet) {  // WB13b
            return IsWordLike(after);
        }
        if (before == WordBreak::kRegionalIndicator &&
            after == WordBreak::kRegionalIndicator) {  // WB15, WB16: flags are pairs
            size_t run = 1;
            size_t at = p;
            while (at > 0 && chars_[Previous(at)].kind == WordBreak::kRegionalIndicator) {
                at = Previous(at);
                ++run;
            }
            return run % 2 == 1;
        }
        return false;
    }

    const std::vector<Char>& chars_;
};

}  // namespace

class WordBreakTokenizer::Source final : public PieceSource {
  public:
    explicit Source(uint32_t max_token_length) : max_token_length_(max_token_length) {}

  protected:
    void Cut(const Stretch& stretch, uint32_t pieces_before, std::vector<Piece>* pieces) override {
        Decode(stretch.text);
        const Boundaries boundaries(chars_);
        const auto size = static_cast<uint32_t>(stretch.text.size());
        bool is_token = false;
        size_t first = 0;
        for (size_t i = 0; i < chars_.size(); ++i) {
            is_token = is_token || chars_[i].makes_token;
            if (i + 1 < chars_.size() &&
                (InsideWord(chars_[i], chars_[i + 1]) || !boundaries.BreaksBefore(i + 1))) {
                continue;
            }
            for (size_t from = first; is_token && from <= i; from += max_token_length_) {
                const size_t to = from + max_token_length_;
                const uint32_t end = to <= i ? chars_[to].start
                                             : (i + 1 < chars_.size() ? chars_[i + 1].start : size);
                const auto position = pieces_before + static_cast<uint32_t>(pieces->size());
                pieces->push_back({chars_[from].start, end, position});
            }
            first = i + 1;
            is_token = false;
        }
    }

  private:
    void Decode(std::string_view text) {
        static const std::array<Char, 128> kAscii = [] {
            std::array<Char, 128> chars{};
            for (uint32_t code = 0; code < chars.size(); ++code) {
                chars[code] = {0, WordBreakOf(code), false, IsWordCodePoint(code)};
            }
            return chars;
        }();
        chars_.clear();
        chars_.reserve(text.size());
        for (size_t at = 0; at < text.size();) {
            const auto start = static_cast<uint32_t>(at);
            const auto byte = static_cast<uint8_t>(text[at]);
            if (byte < 0x80) {
                chars_.push_back(kAscii[byte]);
                chars_.back().start = start;
                ++at;
                continue;
            }
            const CodePoint code = FirstCodePoint(text.substr(at));
            const bool pictographic = IsPictographic(code.value);
            chars_.push_back({start, WordBreakOf(code.value), pictographic,
                              pictographic || IsWordCodePoint(code.value) || IsEmoji(code.value)});
            at += code.length;
        }
    }

    uint32_t max_token_length_;
    std::vector<Char> chars_;
};

std::unique_ptr<TokenSource> WordBreakTokenizer::NewSource() const {
    return std::make_unique<Source>(max_token_length_);
}

}  // namespace elanus::analyzer
