#include "embedding/wordpiece.h"

#include "analyzer/unicode.h"
#include "analyzer/unicode_forms.h"
#include "analyzer/unicode_properties.h"
#include "base/phrase.h"

#include <algorithm>

namespace elanus::embedding {
namespace {

using analyzer::AppendUtf8;
using analyzer::CodePoint;
using analyzer::FirstCodePoint;

constexpr int kUnicodeAge = 80;  // the version that models' tokenizers know
constexpr uint32_t kReplacement = 0xfffd;

bool IsKnown(uint32_t code) {
    const int age = analyzer::AgeOf(code);
    return age != 0 && age <= kUnicodeAge;
}

bool IsDropped(uint32_t code) {
    if (code == '\t' || code == '\n' || code == '\r') {
        return false;
    }
    return code == 0 || code == kReplacement || analyzer::IsControl(code) ||
           (IsKnown(code) && (analyzer::IsFormat(code) || analyzer::IsPrivateUse(code)));
}

bool IsPunctuation(uint32_t code) {
    const bool is_ascii = (code >= '!' && code <= '/') || (code >= ':' && code <= '@') ||
                          (code >= '[' && code <= '`') || (code >= '{' && code <= '~');
    const bool was_once = code == 0x166d || code == 0x111c9;  // in Unicode 8, no longer
    return is_ascii || was_once || (code >= 0x80 && IsKnown(code) && analyzer::IsPunctuation(code));
}

// A mark that is no letter of its own, as of Unicode 8.
bool IsAccent(uint32_t code) {
    const bool was_none = code == 0x1885 || code == 0x1886 || code == 0xa9bd || code == 0x111c9;
    const bool was_once = code == 0x1734;
    return was_once || (!was_none && IsKnown(code) && analyzer::IsNonspacingMark(code));
}

// Normalization form D, but for the one letter that got parts after Unicode 8 (U+11938).
std::string Decompose(std::string_view text) {
    constexpr std::string_view kYounger = "\xf0\x91\xa4\xb8";
    std::string out;
    while (!text.empty()) {
        const size_t end = text.find(kYounger);
        out += analyzer::Decomposed(text.substr(0, end));
        out += end == text.npos ? "" : kYounger;
        text.remove_prefix(end == text.npos ? text.size() : end + kYounger.size());
    }
    return out;
}

// The blocks that BERT takes for Chinese.
bool IsHan(uint32_t code) {
    constexpr std::pair<uint32_t, uint32_t> kBlocks[] = {
        {0x4e00, 0x9fff},   {0x3400, 0x4dbf},   {0x20000, 0x2a6df}, {0x2a700, 0x2b73f},
        {0x2b740, 0x2b81f}, {0x2b920, 0x2ceaf}, {0xf900, 0xfaff},   {0x2f800, 0x2fa1f}};
    return code >= 0x3400 && std::any_of(std::begin(kBlocks), std::end(kBlocks), [&](auto& block) {
               return code >= block.first && code <= block.second;
           });
}

// Calls visit(code) for each character.
template <typename Visit>
void ForEachCharacter(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const CodePoint point = FirstCodePoint(text);
        if (point.valid) {
            visit(point.value);
        }
        text.remove_prefix(point.length);
    }
}

// Calls visit(word) for what stands between blanks and punctuation, and for each mark of the
// latter, until it gives false.
template <typename Visit>
void ForEachWord(std::string_view text, Visit visit) {
    size_t begin = 0;
    for (size_t at = 0; at < text.size();) {
        const CodePoint point = FirstCodePoint(text.substr(at));
        const bool is_mark = IsPunctuation(point.value);
        const size_t end = at + point.length;
        if (is_mark || analyzer::IsWhitespace(point.value)) {
            if ((at > begin && !visit(text.substr(begin, at - begin))) ||
                (is_mark && !visit(text.substr(at, point.length)))) {
                return;
            }
            begin = end;
        }
        at = end;
    }
    if (begin < text.size()) {
        visit(text.substr(begin));
    }
}

}  // namespace

base::Result<WordPiece> WordPiece::Create(Vocabulary vocabulary, WordPieceOptions options) {
    const auto unknown = vocabulary.find(options.unknown);
    if (unknown == vocabulary.end()) {
        return base::Invalid("the vocabulary has no token ", options.unknown);
    }
    const int64_t unknown_id = unknown->second;
    WordPiece tokenizer(std::move(vocabulary), std::move(options));
    tokenizer.unknown_id_ = unknown_id;
    return tokenizer;
}

WordPiece::WordPiece(Vocabulary vocabulary, WordPieceOptions options)
    : vocabulary_(std::move(vocabulary)), options_(std::move(options)) {}

const std::pair<std::string, int64_t>* WordPiece::SpecialAt(std::string_view text) const {
    const std::pair<std::string, int64_t>* longest = nullptr;
    for (const auto& special : options_.special) {
        if (text.starts_with(special.first) &&
            (longest == nullptr || longest->first.size() < special.first.size())) {
            longest = &special;
        }
    }
    return longest;
}

std::vector<int64_t> WordPiece::Encode(std::string_view text, size_t tokens_max) const {
    const size_t around = options_.before.size() + options_.after.size();
    const size_t inner_max = tokens_max > around ? tokens_max - around : 0;
    std::vector<int64_t> inner;
    size_t begin = 0;
    for (size_t at = 0; at < text.size() && inner.size() < inner_max;) {
        const auto* special = SpecialAt(text.substr(at));
        if (special == nullptr) {
            ++at;
            continue;
        }
        AppendText(text.substr(begin, at - begin), inner_max, &inner);
        inner.push_back(special->second);
        at += special->first.size();
        begin = at;
    }
    if (inner.size() < inner_max) {
        AppendText(text.substr(begin), inner_max, &inner);
    }
    inner.resize(std::min(inner.size(), inner_max));
    std::vector<int64_t> ids = options_.before;
    ids.insert(ids.end(), inner.begin(), inner.end());
    ids.insert(ids.end(), options_.after.begin(), options_.after.end());
    return ids;
}

std::string WordPiece::Fold(std::string_view text) const {
    std::string cleaned;
    ForEachCharacter(text, [&](uint32_t code) {
        if (options_.clean_text && IsDropped(code)) {
            return;
        }
        if (options_.clean_text && analyzer::IsWhitespace(code)) {
            code = ' ';
        }
        const bool is_alone = options_.split_han && IsHan(code);
        cleaned += is_alone ? " " : "";
        AppendUtf8(code, &cleaned);
        cleaned += is_alone ? " " : "";
    });
    if (options_.strip_accents) {
        std::string plain;
        ForEachCharacter(Decompose(cleaned), [&](uint32_t code) {
            if (!IsAccent(code)) {
                AppendUtf8(code, &plain);
            }
        });
        cleaned = std::move(plain);
    }
    if (options_.lower_case) {
        std::string lower;
        ForEachCharacter(cleaned, [&](uint32_t code) { analyzer::AppendLowerCase(code, &lower); });
        cleaned = std::move(lower);
    }
    return cleaned;
}

std::vector<std::string> WordPiece::Words(std::string_view text) const {
    std::vector<std::string> words;
    ForEachWord(Fold(text), [&](std::string_view word) {
        words.emplace_back(word);
        return true;
    });
    return words;
}

void WordPiece::AppendText(std::string_view text, size_t tokens_max,
                           std::vector<int64_t>* ids) const {
    ForEachWord(Fold(text), [&](std::string_view word) {
        AppendWord(word, ids);
        return ids->size() < tokens_max;
    });
}

void WordPiece::AppendWord(std::string_view word, std::vector<int64_t>* ids) const {
    std::vector<size_t> ends;  // of its characters
    for (size_t at = 0; at < word.size();) {
        at += FirstCodePoint(word.substr(at)).length;
        ends.push_back(at);
    }
    if (ends.size() > options_.word_characters_max) {
        ids->push_back(unknown_id_);
        return;
    }
    std::vector<int64_t> pieces;
    for (size_t begin = 0, first = 0; begin < word.size();) {
        size_t last = ends.size();
        auto found = vocabulary_.end();
        for (; last > first && found == vocabulary_.end(); --last) {
            std::string piece = begin == 0 ? std::string() : options_.continuation;
            piece.append(word, begin, ends[last - 1] - begin);
            found = vocabulary_.find(piece);
        }
        if (found == vocabulary_.end()) {
            ids->push_back(unknown_id_);
            return;
        }
        pieces.push_back(found->second);
        first = last + 1;
        begin = ends[last];
    }
    ids->insert(ids->end(), pieces.begin(), pieces.end());
}

}  // namespace elanus::embedding
