#include "analyzer/filter/pinyin.h"

#include "analyzer/embedded_data.h"
#include "analyzer/filter/expansion.h"
#include "analyzer/member.h"
#include "analyzer/unicode.h"

#include <string>

namespace elanus::analyzer {

namespace {

struct Options {
    bool keep_original = true;
    bool keep_full_pinyin = true;             // a token for each character
    bool keep_joined_full_pinyin = false;     // one token of all readings
    bool keep_separate_first_letter = false;  // one token of the readings' first letters
};

bool Expand(const Options& options, std::string_view text, Expansion* out) {
    if (options.keep_original) {
        out->Add(text);
    }
    std::string joined;
    std::string letters;
    for (std::string_view rest = text; !rest.empty();) {
        const CodePoint code = FirstCodePoint(rest);
        rest.remove_prefix(code.length);
        const std::string_view reading = PinyinOf(code.value);
        if (reading.empty()) {
            continue;
        }
        if (options.keep_full_pinyin) {
            out->Add(reading);
        }
        joined += reading;
        letters += reading.substr(0, FirstCodePoint(reading).length);
    }
    if (options.keep_joined_full_pinyin && !joined.empty()) {
        out->Add(joined);
    }
    if (options.keep_separate_first_letter && !letters.empty()) {
        out->Add(letters);
    }
    return true;
}

}  // namespace

std::string_view PinyinOf(uint32_t code) {
    const PinyinTable table = EmbeddedPinyin();
    if (code < table.first_code || code - table.first_code >= table.syllable_of.size()) {
        return {};
    }
    const uint16_t syllable = table.syllable_of[code - table.first_code];
    return syllable == 0 ? std::string_view() : table.Syllable(syllable);
}

base::Result<std::unique_ptr<const Filter>> BuildPinyin(const json::Value& params) {
    Options options;
    ASSIGN_OR_RETURN(options.keep_original, BoolMember(params, "keep_original", true));
    ASSIGN_OR_RETURN(options.keep_full_pinyin, BoolMember(params, "keep_full_pinyin", true));
    ASSIGN_OR_RETURN(options.keep_joined_full_pinyin,
                     BoolMember(params, "keep_joined_full_pinyin", false));
    ASSIGN_OR_RETURN(options.keep_separate_first_letter,
                     BoolMember(params, "keep_separate_first_letter", false));
    return MakeExpanding(
        [options](std::string_view text, Expansion* out) { return Expand(options, text, out); });
}

}  // namespace elanus::analyzer
