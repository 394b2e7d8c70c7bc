#include "analyzer/tokenizer/pieces.h"

#include "analyzer/unicode.h"

namespace elanus::analyzer {

namespace {

// How many bytes at the front of `text` are valid UTF-8, and how many characters they are.
size_t ValidLength(std::string_view text, uint32_t* chars) {
    size_t at = 0;
    while (at < text.size()) {
        if (static_cast<uint8_t>(text[at]) < 0x80) {
            ++at;
            ++*chars;
            continue;
        }
        const CodePoint code = FirstCodePoint(text.substr(at));
        if (!code.valid) {
            break;
        }
        at += code.length;
        ++*chars;
    }
    return at;
}

}  // namespace

void PieceSource::Reset(std::string_view text) {
    rest_ = text;
    stretch_ = Stretch();
    next_char_ = 0;
    pieces_before_ = 0;
    pieces_.clear();
    served_ = 0;
    Start();
}

bool PieceSource::NextStretch() {
    uint32_t start = stretch_.start + static_cast<uint32_t>(stretch_.text.size());
    while (!rest_.empty()) {
        uint32_t chars = 0;
        const size_t length = ValidLength(rest_, &chars);
        if (length > 0) {
            stretch_ = Stretch{rest_.substr(0, length), start, next_char_};
            next_char_ += chars;
            rest_.remove_prefix(length);
            return true;
        }
        rest_.remove_prefix(1);
        ++start;
        ++next_char_;
    }
    return false;
}

bool PieceSource::Next(Token* token) {
    while (served_ == pieces_.size()) {
        pieces_before_ += static_cast<uint32_t>(pieces_.size());
        pieces_.clear();
        served_ = 0;
        if (!NextStretch()) {
            return false;
        }
        Cut(stretch_, pieces_before_, &pieces_);
    }
    const Piece& piece = pieces_[served_++];
    *token = Token{stretch_.text.substr(piece.start, piece.end - piece.start), piece.position,
                   stretch_.start + piece.start, stretch_.start + piece.end, piece.position_length};
    return true;
}

uint32_t CharCount(std::string_view text) {
    uint32_t count = 0;
    for (const char byte : text) {
        count += (static_cast<uint8_t>(byte) & 0xc0) != 0x80;
    }
    return count;
}

}  // namespace elanus::analyzer
