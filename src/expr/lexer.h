// Lexer of the filter language: text to tokens with positions.
// Threads: a value; the text outlives it.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace elanus::expr {

enum class TokenKind : uint8_t {
    kEnd,
    kIdentifier,  // words that are no keyword, and $meta
    kInteger,
    kFloat,
    kString,
    kTrue,
    kFalse,
    kAnd,
    kOr,
    kNot,
    kIn,
    kLike,
    kExists,
    kIsNull,
    kIsNotNull,
    kEq,
    kNe,
    kLt,
    kLe,
    kGt,
    kGe,
    kRegexMatch,     // =~
    kRegexNotMatch,  // !~
    kAssign,         // = , in named options only
    kPlus,
    kMinus,
    kStar,
    kSlash,
    kPercent,
    kPower,
    kShiftLeft,
    kShiftRight,
    kBitAnd,
    kBitOr,
    kBitXor,
    kTilde,
    kDollar,
    kLeftParen,
    kRightParen,
    kLeftBracket,
    kRightBracket,
    kLeftBrace,
    kRightBrace,
    kComma,
};

struct Token {
    TokenKind kind = TokenKind::kEnd;
    size_t position = 0;
    std::string_view text;  // as written; strings: what stands between the quotes, escapes kept
    uint64_t integer = 0;   // kInteger; up to 2^63, which only a unary minus may use
    double number = 0;      // kFloat
};

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    base::Result<Token> Next();

  private:
    Token Make(TokenKind kind, size_t length);
    Token ReadWord();
    base::Result<Token> ReadNumber();
    base::Result<Token> ReadString(size_t prefix_length);
    base::Result<Token> ReadSymbol();
    char At(size_t offset) const {
        return pos_ + offset < text_.size() ? text_[pos_ + offset] : '\0';
    }

    std::string_view text_;
    size_t pos_ = 0;
};

// The value of a string literal. kPattern keeps \% and \_ for the matcher of `like`.
enum class EscapeMode : uint8_t { kPlain, kPattern };
base::Result<std::string> UnescapeLiteral(std::string_view raw, EscapeMode mode);

// "line 1:<position> <problem>", the shape clients know from the grammar tools.
base::Status SyntaxError(size_t position, std::string_view problem);

}  // namespace elanus::expr
