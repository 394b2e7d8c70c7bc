#include "expr/lexer.h"

#include "base/utf8.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace elanus::expr {

namespace {

bool IsDigit(char c) {
    return c >= '0' && c <= '9';
}
bool IsWordStart(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool IsWord(char c) {
    return IsWordStart(c) || IsDigit(c);
}
bool IsSpace(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
int HexDigit(char c) {
    if (IsDigit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

constexpr std::pair<std::string_view, TokenKind> kKeywords[] = {
    {"and", TokenKind::kAnd},     {"AND", TokenKind::kAnd},       {"or", TokenKind::kOr},
    {"OR", TokenKind::kOr},       {"not", TokenKind::kNot},       {"NOT", TokenKind::kNot},
    {"in", TokenKind::kIn},       {"IN", TokenKind::kIn},         {"like", TokenKind::kLike},
    {"LIKE", TokenKind::kLike},   {"exists", TokenKind::kExists}, {"EXISTS", TokenKind::kExists},
    {"true", TokenKind::kTrue},   {"True", TokenKind::kTrue},     {"TRUE", TokenKind::kTrue},
    {"false", TokenKind::kFalse}, {"False", TokenKind::kFalse},   {"FALSE", TokenKind::kFalse},
};

// Longer symbols come before their prefixes.
constexpr std::pair<std::string_view, TokenKind> kSymbols[] = {
    {"==", TokenKind::kEq},          {"!=", TokenKind::kNe},
    {"<<", TokenKind::kShiftLeft},   {">>", TokenKind::kShiftRight},
    {"<=", TokenKind::kLe},          {">=", TokenKind::kGe},
    {"=~", TokenKind::kRegexMatch},  {"!~", TokenKind::kRegexNotMatch},
    {"&&", TokenKind::kAnd},         {"||", TokenKind::kOr},
    {"**", TokenKind::kPower},       {"<", TokenKind::kLt},
    {">", TokenKind::kGt},           {"=", TokenKind::kAssign},
    {"!", TokenKind::kNot},          {"+", TokenKind::kPlus},
    {"-", TokenKind::kMinus},        {"*", TokenKind::kStar},
    {"/", TokenKind::kSlash},        {"%", TokenKind::kPercent},
    {"&", TokenKind::kBitAnd},       {"|", TokenKind::kBitOr},
    {"^", TokenKind::kBitXor},       {"~", TokenKind::kTilde},
    {"$", TokenKind::kDollar},       {"(", TokenKind::kLeftParen},
    {")", TokenKind::kRightParen},   {"[", TokenKind::kLeftBracket},
    {"]", TokenKind::kRightBracket}, {"{", TokenKind::kLeftBrace},
    {"}", TokenKind::kRightBrace},   {",", TokenKind::kComma},
};

// Words of "is null" and "is not null", without the spaces.
struct NullTest {
    std::string_view is;
    std::string_view not_word;
    std::string_view null;
};
constexpr NullTest kNullTests[] = {{"is", "not", "null"}, {"IS", "NOT", "NULL"}};

size_t SkipSpaces(std::string_view text, size_t pos) {
    while (pos < text.size() && IsSpace(text[pos])) {
        ++pos;
    }
    return pos;
}

// Milvus takes exactly one space between the words.
size_t SkipOneSpace(std::string_view text, size_t pos) {
    return pos < text.size() && text[pos] == ' ' ? pos + 1 : std::string_view::npos;
}

// Position behind `word` when it stands at `pos` as a whole word; npos otherwise.
size_t MatchWord(std::string_view text, size_t pos, std::string_view word) {
    const size_t end = pos + word.size();
    if (pos == std::string_view::npos ||
        text.substr(std::min(pos, text.size()), word.size()) != word ||
        (end < text.size() && IsWord(text[end]))) {
        return std::string_view::npos;
    }
    return end;
}

// Length of an "is [not] null" that starts at `pos`, 0 when there is none.
size_t MatchNullTest(std::string_view text, size_t pos, TokenKind* kind) {
    for (const NullTest& test : kNullTests) {
        const size_t after_is = MatchWord(text, pos, test.is);
        if (after_is == std::string_view::npos) {
            continue;
        }
        size_t next = SkipOneSpace(text, after_is);
        *kind = TokenKind::kIsNull;
        if (const size_t after_not = MatchWord(text, next, test.not_word);
            after_not != std::string_view::npos) {
            *kind = TokenKind::kIsNotNull;
            next = SkipOneSpace(text, after_not);
        }
        const size_t end = MatchWord(text, next, test.null);
        if (end != std::string_view::npos) {
            return end - pos;
        }
    }
    return 0;
}

bool IsStringPrefix(std::string_view word) {
    return word == "u8" || word == "u" || word == "U" || word == "L";
}

struct NumberShape {
    size_t length = 0;
    bool is_float = false;
    int radix = 10;
};

size_t SkipExponent(std::string_view text, size_t pos, char lower, char upper, bool* is_float) {
    if (pos >= text.size() || (text[pos] != lower && text[pos] != upper)) {
        return pos;
    }
    size_t digits = pos + 1;
    if (digits < text.size() && (text[digits] == '+' || text[digits] == '-')) {
        ++digits;
    }
    size_t end = digits;
    while (end < text.size() && IsDigit(text[end])) {
        ++end;
    }
    if (end == digits) {
        return pos;
    }
    *is_float = true;
    return end;
}

NumberShape MeasureNumber(std::string_view text) {
    NumberShape shape;
    size_t pos = 0;
    if (text.size() > 1 && text[0] == '0' && (text[1] == 'b' || text[1] == 'B')) {
        shape.radix = 2;
        pos = 2;
    } else if (text.size() > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        shape.radix = 16;
        pos = 2;
    }
    const auto skip_digits = [&] {
        while (pos < text.size() &&
               (shape.radix == 16 ? HexDigit(text[pos]) >= 0 : IsDigit(text[pos]))) {
            ++pos;
        }
    };
    skip_digits();
    if (shape.radix != 2 && pos < text.size() && text[pos] == '.') {
        shape.is_float = true;
        ++pos;
        skip_digits();
    }
    if (shape.radix == 10) {
        pos = SkipExponent(text, pos, 'e', 'E', &shape.is_float);
    } else if (shape.radix == 16) {
        pos = SkipExponent(text, pos, 'p', 'P', &shape.is_float);
    }
    shape.length = pos;
    return shape;
}

void AppendUtf8(uint32_t code, std::string* out) {
    const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | (code >> 6));
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3f));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

// The whole character that begins at `position`: part of one in an error would be no UTF-8.
std::string_view CharacterAt(std::string_view text, size_t position) {
    size_t end = position + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
        ++end;
    }
    return text.substr(position, end - position);
}

base::Status BadEscape(std::string_view raw, size_t position) {
    return base::InvalidParameter("invalid escape sequence '\\" +
                                  std::string(CharacterAt(raw, position)) + "' in string literal");
}

// Reads `count` hex digits at `*pos` and moves behind them.
bool ReadHex(std::string_view raw, size_t count, size_t* pos, uint32_t* code) {
    *code = 0;
    for (size_t i = 0; i < count; ++i, ++*pos) {
        const int digit = *pos < raw.size() ? HexDigit(raw[*pos]) : -1;
        if (digit < 0) {
            return false;
        }
        *code = *code * 16 + static_cast<uint32_t>(digit);
    }
    return true;
}

char SimpleEscape(char c) {
    constexpr std::string_view kLetters = "abfnrtv\\'\"?";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"?";
    const size_t found = kLetters.find(c);
    return found == std::string_view::npos ? '\0' : kMeanings[found];
}

// Handles the escape whose letter is at `*pos`; moves behind it. False when it is malformed.
bool UnescapeOne(std::string_view raw, EscapeMode mode, size_t* pos, std::string* out) {
    const char letter = raw[*pos];
    if (const char plain = SimpleEscape(letter)) {
        out->push_back(plain);
        ++*pos;
        return true;
    }
    if (mode == EscapeMode::kPattern && (letter == '%' || letter == '_')) {
        out->push_back('\\');
        out->push_back(letter);
        ++*pos;
        return true;
    }
    uint32_t code = 0;
    if (letter == 'x') {
        ++*pos;
        if (!ReadHex(raw, 2, pos, &code)) {
            return false;
        }
        out->push_back(static_cast<char>(code));
        return true;
    }
    if (letter == 'u' || letter == 'U') {
        ++*pos;
        if (!ReadHex(raw, letter == 'u' ? 4 : 8, pos, &code) || code > 0x10ffff ||
            (code >= 0xd800 && code < 0xe000)) {
            return false;
        }
        AppendUtf8(code, out);
        return true;
    }
    size_t digits = 0;
    for (; digits < 3 && *pos < raw.size() && raw[*pos] >= '0' && raw[*pos] <= '7'; ++digits) {
        code = code * 8 + static_cast<uint32_t>(raw[(*pos)++] - '0');
    }
    if (digits == 0 || code > 255) {
        return false;
    }
    out->push_back(static_cast<char>(code));
    return true;
}

}  // namespace

base::Status SyntaxError(size_t position, std::string_view problem) {
    return base::InvalidParameter("line 1:" + std::to_string(position) + " " +
                                  std::string(problem));
}

base::Result<std::string> UnescapeLiteral(std::string_view raw, EscapeMode mode) {
    std::string out;
    out.reserve(raw.size());
    size_t pos = 0;
    while (pos < raw.size()) {
        if (raw[pos] != '\\') {
            out.push_back(raw[pos++]);
            continue;
        }
        const size_t letter = ++pos;
        if (pos == raw.size() || !UnescapeOne(raw, mode, &pos, &out)) {
            return BadEscape(raw, letter);
        }
    }
    if (!base::IsValidUtf8(out)) {
        return base::InvalidParameter("the escapes of a string literal give no valid UTF-8");
    }
    return out;
}

Token Lexer::Make(TokenKind kind, size_t length) {
    Token token;
    token.kind = kind;
    token.position = pos_;
    token.text = text_.substr(pos_, length);
    pos_ += length;
    return token;
}

base::Result<Token> Lexer::Next() {
    pos_ = SkipSpaces(text_, pos_);
    if (pos_ >= text_.size()) {
        return Make(TokenKind::kEnd, 0);
    }
    const char c = text_[pos_];
    if (IsDigit(c) || (c == '.' && IsDigit(At(1)))) {
        return ReadNumber();
    }
    if (c == '"' || c == '\'') {
        return ReadString(0);
    }
    if (IsWordStart(c)) {
        size_t length = 1;
        while (IsWord(At(length))) {
            ++length;
        }
        if ((At(length) == '"' || At(length) == '\'') &&
            IsStringPrefix(text_.substr(pos_, length))) {
            return ReadString(length);
        }
        return ReadWord();
    }
    return ReadSymbol();
}

Token Lexer::ReadWord() {
    TokenKind kind = TokenKind::kIdentifier;
    if (const size_t length = MatchNullTest(text_, pos_, &kind)) {
        return Make(kind, length);
    }
    size_t length = 1;
    while (IsWord(At(length))) {
        ++length;
    }
    const std::string_view word = text_.substr(pos_, length);
    for (const auto& [keyword, keyword_kind] : kKeywords) {
        if (keyword == word) {
            return Make(keyword_kind, length);
        }
    }
    return Make(TokenKind::kIdentifier, length);
}

base::Result<Token> Lexer::ReadNumber() {
    const NumberShape shape = MeasureNumber(text_.substr(pos_));
    if (IsWord(At(shape.length)) || At(shape.length) == '.') {
        return SyntaxError(pos_, "invalid number");
    }
    Token token = Make(shape.is_float ? TokenKind::kFloat : TokenKind::kInteger, shape.length);
    if (shape.is_float) {
        const std::string text(token.text);
        char* end = nullptr;
        token.number = std::strtod(text.c_str(), &end);
        if (*end != '\0' || !std::isfinite(token.number)) {
            return SyntaxError(token.position, "invalid number " + text);
        }
        return token;
    }
    std::string_view digits = token.text;
    int radix = shape.radix;
    if (radix != 10) {
        digits.remove_prefix(2);
    } else if (digits.size() > 1 && digits[0] == '0') {
        radix = 8;
    }
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, token.integer, radix);
    if (error == std::errc::result_out_of_range || token.integer > uint64_t{1} << 63) {
        return SyntaxError(token.position,
                           "integer " + std::string(token.text) + " is out of range of Int64");
    }
    if (error != std::errc() || stop != end) {
        return SyntaxError(token.position, "invalid number " + std::string(token.text));
    }
    return token;
}

base::Result<Token> Lexer::ReadString(size_t prefix_length) {
    const char quote = At(prefix_length);
    size_t end = prefix_length + 1;
    while (pos_ + end < text_.size() && At(end) != quote) {
        end += At(end) == '\\' ? 2 : 1;
    }
    if (pos_ + end >= text_.size()) {
        return SyntaxError(pos_, "unterminated string literal");
    }
    Token token = Make(TokenKind::kString, end + 1);
    token.text = token.text.substr(prefix_length + 1, end - prefix_length - 1);
    return token;
}

base::Result<Token> Lexer::ReadSymbol() {
    if (At(0) == '$' && text_.substr(pos_).starts_with("$meta") && !IsWord(At(5))) {
        return Make(TokenKind::kIdentifier, 5);
    }
    if (At(0) == ',') {  // by far the most frequent one, in long lists
        return Make(TokenKind::kComma, 1);
    }
    for (const auto& [symbol, kind] : kSymbols) {
        if (symbol[0] == At(0) && text_.substr(pos_).starts_with(symbol)) {
            return Make(kind, symbol.size());
        }
    }
    return SyntaxError(
        pos_, "token recognition error at: '" + std::string(CharacterAt(text_, pos_)) + "'");
}

}  // namespace elanus::expr
