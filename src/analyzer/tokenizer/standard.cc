#include "analyzer/tokenizer/standard.h"

#include "analyzer/member.h"
#include "analyzer/tokenizer/ngram.h"
#include "analyzer/tokenizer/runs.h"
#include "analyzer/tokenizer/word_break.h"
#include "analyzer/unicode.h"
#include "analyzer/unicode_properties.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace elanus::analyzer {

namespace {

using base::InvalidParameter;
using TokenizerResult = base::Result<std::unique_ptr<const Tokenizer>>;

template <typename InRun>
std::unique_ptr<const Tokenizer> MakeRuns(InRun in_run) {
    return std::make_unique<RunTokenizer<InRun>>(std::move(in_run));
}

// The code points that a char_group tokenizer cuts at.
struct Delimiters {
    std::vector<uint32_t> chars;
    std::vector<bool (*)(uint32_t)> classes;

    bool operator()(uint32_t code) const {
        return std::find(chars.begin(), chars.end(), code) == chars.end() &&
               std::none_of(classes.begin(), classes.end(),
                            [code](auto* in_class) { return in_class(code); });
    }
};

struct CharClass {
    std::string_view name;
    bool (*contains)(uint32_t);
};
bool IsAsciiLetter(uint32_t code) {
    return (code | 0x20) >= 'a' && (code | 0x20) <= 'z' && code < 0x80;
}
bool IsAsciiDigit(uint32_t code) {
    return code >= '0' && code <= '9';
}
bool IsAsciiWhitespace(uint32_t code) {
    return code == ' ' || code == '\t' || code == '\n' || code == '\f' || code == '\r';
}
bool IsAsciiPunctuation(uint32_t code) {
    return code > ' ' && code < 0x7f && !IsAsciiLetter(code) && !IsAsciiDigit(code);
}
constexpr CharClass kCharClasses[] = {
    {"whitespace", IsWhitespace},
    {"letter", IsLetter},
    {"digit", IsAsciiDigit},
    {"punctuation", IsPunctuation},
    {"symbol", IsSymbol},
    {"ascii_whitespace", IsAsciiWhitespace},
    {"ascii_letter", IsAsciiLetter},
    {"ascii_digit", IsAsciiDigit},
    {"ascii_punctuation", IsAsciiPunctuation},
};

base::Status AddDelimiter(const std::string& text, Delimiters* delimiters) {
    if (!text.empty()) {
        const CodePoint first = FirstCodePoint(text);
        if (first.valid && first.length == text.size()) {
            delimiters->chars.push_back(first.value);
            return base::Status();
        }
    }
    for (const CharClass& char_class : kCharClasses) {
        if (char_class.name == text) {
            delimiters->classes.push_back(char_class.contains);
            return base::Status();
        }
    }
    return InvalidParameter(text + " not a char or name of build-in char group");
}

base::Status AddTokenChars(const json::Value& params, TokenChars* chars) {
    const json::Value* names = params.Find("token_chars");
    if (names == nullptr) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(const auto list, StringList(*names, "ngram tokenizer token_chars"));
    for (const std::string& name : list) {
        if (name == "letter") {
            chars->classes.push_back(IsLetter);
        } else if (name == "digit") {
            chars->classes.push_back(IsNumeric);
        } else if (name == "whitespace") {
            chars->classes.push_back(IsWhitespace);
        } else if (name == "punctuation") {
            chars->classes.push_back(IsPunctuation);
        } else if (name == "symbol") {
            chars->classes.push_back(IsSymbol);
        } else if (name != "custom") {
            return InvalidParameter(
                "unknown token_chars: " + name +
                ", known are letter, digit, whitespace, punctuation, symbol and custom");
        }
    }
    return base::Status();
}

}  // namespace

TokenizerResult BuildStandard(const json::Value& params) {
    const json::Value* uax29 = params.Find("uax29");
    if (uax29 != nullptr && uax29->bool_if() == nullptr) {
        return InvalidParameter("standard tokenizer uax29 must be a boolean");
    }
    if (uax29 != nullptr && *uax29->bool_if()) {
        constexpr int64_t kLengthMax = 1 << 20;
        auto length = IntMember(params, "max_token_length", 255, 1, kLengthMax);
        if (!length.ok()) {
            return length.status().Annotate("standard tokenizer");
        }
        return std::unique_ptr<const Tokenizer>(
            std::make_unique<WordBreakTokenizer>(static_cast<uint32_t>(*length)));
    }
    if (params.Find("max_token_length") != nullptr) {
        return InvalidParameter("standard tokenizer max_token_length requires uax29 to be true");
    }
    return MakeRuns([](uint32_t code) { return IsWordCodePoint(code); });
}

TokenizerResult BuildWhitespace(const json::Value& /*params*/) {
    return MakeRuns([](uint32_t code) { return !IsWhitespace(code); });
}

TokenizerResult BuildCharGroup(const json::Value& params) {
    const json::Value* list = params.Find("delimiters");
    if (list == nullptr) {
        return InvalidParameter("char group tokenizer delimiters can't be empty");
    }
    if (list->array_if() == nullptr) {
        return InvalidParameter("char group tokenizer delimiters must be a vector");
    }
    Delimiters delimiters;
    for (const json::Value& item : *list->array_if()) {
        if (item.string_if() == nullptr) {
            return InvalidParameter("char group tokenizer delimiter in delimiters must be string");
        }
        RETURN_IF_ERROR(AddDelimiter(*item.string_if(), &delimiters));
    }
    return MakeRuns(std::move(delimiters));
}

TokenizerResult BuildNgram(const json::Value& params) {
    constexpr int64_t kGramMax = 256;
    ASSIGN_OR_RETURN(const int64_t least, IntMember(params, "min_gram", 1, 1, kGramMax));
    ASSIGN_OR_RETURN(const int64_t most,
                     IntMember(params, "max_gram", std::max<int64_t>(2, least), 1, kGramMax));
    if (least > most) {
        return InvalidParameter("min_gram must not be greater than max_gram");
    }
    ASSIGN_OR_RETURN(const bool prefix_only, BoolMember(params, "prefix_only", false));
    TokenChars chars;
    RETURN_IF_ERROR(AddTokenChars(params, &chars));
    if (const json::Value* custom = params.Find("custom_token_chars"); custom != nullptr) {
        if (custom->string_if() == nullptr) {
            return InvalidParameter("ngram tokenizer custom_token_chars must be string");
        }
        std::string_view rest = *custom->string_if();
        while (!rest.empty()) {
            const CodePoint code = FirstCodePoint(rest);
            chars.chars.push_back(code.value);
            rest.remove_prefix(code.length);
        }
    }
    return std::unique_ptr<const Tokenizer>(std::make_unique<NgramTokenizer>(
        static_cast<uint32_t>(least), static_cast<uint32_t>(most), prefix_only, std::move(chars)));
}

}  // namespace elanus::analyzer
