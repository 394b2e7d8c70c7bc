#include "analyzer/filter/text_filters.h"

#include "analyzer/filter/ascii_folding.h"
#include "analyzer/filter/mapping.h"
#include "analyzer/filter/stop_words.h"
#include "analyzer/member.h"
#include "analyzer/unicode.h"
#include "analyzer/unicode_properties.h"
#include "analyzer/word_file.h"

#include <algorithm>
#include <functional>
#include <unordered_set>

namespace elanus::analyzer {

namespace {

using FilterResult = base::Result<std::unique_ptr<const Filter>>;

bool IsAscii(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char byte) { return static_cast<uint8_t>(byte) >= 0x80; });
}

// Calls `use` with every code point.
template <typename Use>
void ForChars(std::string_view text, Use use) {
    while (!text.empty()) {
        const CodePoint code = FirstCodePoint(text);
        use(code.value);
        text.remove_prefix(code.length);
    }
}
template <typename Test>
bool AnyChar(std::string_view text, Test test) {
    bool any = false;
    ForChars(text, [&](uint32_t code) { any = any || test(code); });
    return any;
}

bool ToLower(std::string_view text, std::string* out) {
    const bool is_lower_ascii = std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<uint8_t>(c);
        return byte >= 0x80 || (byte >= 'A' && byte <= 'Z');
    });
    if (is_lower_ascii) {
        return false;
    }
    out->clear();
    for (size_t at = 0; at < text.size();) {
        const auto byte = static_cast<uint8_t>(text[at]);
        if (byte < 0x80) {
            out->push_back(static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte));
            ++at;
            continue;
        }
        const CodePoint code = FirstCodePoint(text.substr(at));
        AppendUtf8(LowerCase(code.value), out);
        at += code.length;
    }
    return true;
}

bool FoldToAscii(std::string_view text, std::string* out) {
    if (IsAscii(text)) {
        return false;
    }
    out->clear();
    ForChars(text, [&](uint32_t code) {
        const std::string_view folded = AsciiFoldingOf(code);
        if (folded.empty()) {
            AppendUtf8(code, out);
        } else {
            out->append(folded);
        }
    });
    return true;
}

bool DigitsToAscii(std::string_view text, std::string* out) {
    if (IsAscii(text)) {
        return false;
    }
    out->clear();
    ForChars(text, [&](uint32_t code) {
        const int digit = DecimalDigit(code);
        AppendUtf8(digit < 0 ? code : static_cast<uint32_t>('0' + digit), out);
    });
    return true;
}

bool NormalizeArabic(std::string_view text, std::string* out) {
    if (IsAscii(text)) {
        return false;
    }
    out->clear();
    ForChars(text, [&](uint32_t code) {
        const bool is_haraka = code >= 0x64b && code <= 0x65f;
        const bool is_tatweel = code == 0x640;
        if (is_haraka || is_tatweel) {
            return;
        }
        switch (code) {
            case 0x622:  // alef with madda
            case 0x623:  // alef with hamza above
            case 0x625:  // alef with hamza below
                return AppendUtf8(0x627, out);
            case 0x629:  // teh marbuta to heh
                return AppendUtf8(0x647, out);
            case 0x649:  // alef maksura to yeh
                return AppendUtf8(0x64a, out);
            default:
                return AppendUtf8(code, out);
        }
    });
    return true;
}

bool IsAsciiAlphanumeric(uint32_t code) {
    return code < 0x80 && IsWordCodePoint(code);
}
bool IsAllAlphanumeric(std::string_view text) {
    return !AnyChar(text, [](uint32_t code) { return !IsAsciiAlphanumeric(code); });
}
bool HasHan(std::string_view text) {
    return AnyChar(text, IsHan);
}
bool HasHanOrAlphanumeric(std::string_view text) {
    return AnyChar(text, [](uint32_t code) { return IsAsciiAlphanumeric(code) || IsHan(code); });
}
bool HasMoreThanPunctuation(std::string_view text) {
    return AnyChar(text, [](uint32_t code) { return !IsPunctuation(code) && !IsWhitespace(code); });
}

struct TransparentHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using WordSet = std::unordered_set<std::string, TransparentHash, std::equal_to<>>;

}  // namespace

std::unique_ptr<const Filter> SimpleFilter(std::string_view name) {
    if (name == "lowercase") {
        return MakeMapping(ToLower);
    }
    if (name == "asciifolding") {
        return MakeMapping(FoldToAscii);
    }
    if (name == "decimaldigit") {
        return MakeMapping(DigitsToAscii);
    }
    if (name == "arabic_normalization") {
        return MakeMapping(NormalizeArabic);
    }
    if (name == "alphanumonly") {
        return MakeKeeping(IsAllAlphanumeric);
    }
    if (name == "cnalphanumonly") {
        return MakeKeeping(HasHanOrAlphanumeric);
    }
    if (name == "cncharonly") {
        return MakeKeeping(HasHan);
    }
    if (name == "removepunct") {
        return MakeKeeping(HasMoreThanPunctuation);
    }
    return nullptr;
}

FilterResult BuildLength(const json::Value& params) {
    const json::Value* max = params.Find("max");
    if (max == nullptr || max->int64_if() == nullptr || *max->int64_if() < 0) {
        return base::InvalidParameter("lenth max param was none or not uint");
    }
    const auto bytes_max = static_cast<size_t>(*max->int64_if());
    return MakeKeeping([bytes_max](std::string_view text) { return text.size() <= bytes_max; });
}

FilterResult BuildStop(const json::Value& params) {
    const json::Value* words = params.Find("stop_words");
    const json::Value* file = params.Find("stop_words_file");
    if (words == nullptr && file == nullptr) {
        return base::InvalidParameter("stop filter stop_words can't be empty");
    }
    std::vector<std::string> list;
    if (words != nullptr) {
        ASSIGN_OR_RETURN(list, StringList(*words, "stop_words"));
    }
    if (file != nullptr) {
        ASSIGN_OR_RETURN(const auto more, ReadWordFile(*file, "stop words dict file"));
        list.insert(list.end(), more.begin(), more.end());
    }
    return StopFilter(list);
}

std::unique_ptr<const Filter> StopFilter(const std::vector<std::string>& words) {
    auto set = std::make_shared<WordSet>();
    for (const std::string& word : words) {
        const auto list = StopWords(word);
        set->insert(list.begin(), list.end());
        if (list.empty()) {
            set->insert(word);
        }
    }
    return MakeKeeping([set = std::shared_ptr<const WordSet>(std::move(set))](
                           std::string_view text) { return !set->contains(text); });
}

}  // namespace elanus::analyzer
