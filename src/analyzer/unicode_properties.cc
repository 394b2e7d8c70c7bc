#include "analyzer/unicode_properties.h"

#include <array>

#include <unicode/uchar.h>
#include <unicode/uscript.h>

namespace elanus::analyzer {

namespace {

UChar32 Icu(uint32_t code) {
    return static_cast<UChar32>(code);
}

bool InCategories(uint32_t code, uint32_t mask) {
    return (U_GET_GC_MASK(Icu(code)) & mask) != 0;
}

WordBreak LookUpWordBreak(uint32_t code) {
    switch (u_getIntPropertyValue(Icu(code), UCHAR_WORD_BREAK)) {
        case U_WB_CR:
            return WordBreak::kCr;
        case U_WB_LF:
            return WordBreak::kLf;
        case U_WB_NEWLINE:
            return WordBreak::kNewline;
        case U_WB_EXTEND:
            return WordBreak::kExtend;
        case U_WB_ZWJ:
            return WordBreak::kZwj;
        case U_WB_FORMAT:
            return WordBreak::kFormat;
        case U_WB_REGIONAL_INDICATOR:
            return WordBreak::kRegionalIndicator;
        case U_WB_KATAKANA:
            return WordBreak::kKatakana;
        case U_WB_HEBREW_LETTER:
            return WordBreak::kHebrewLetter;
        case U_WB_ALETTER:
            return WordBreak::kALetter;
        case U_WB_SINGLE_QUOTE:
            return WordBreak::kSingleQuote;
        case U_WB_DOUBLE_QUOTE:
            return WordBreak::kDoubleQuote;
        case U_WB_MIDNUMLET:
            return WordBreak::kMidNumLet;
        case U_WB_MIDLETTER:
            return WordBreak::kMidLetter;
        case U_WB_MIDNUM:
            return WordBreak::kMidNum;
        case U_WB_NUMERIC:
            return WordBreak::kNumeric;
        case U_WB_EXTENDNUMLET:
            return WordBreak::kExtendNumLet;
        case U_WB_WSEGSPACE:
            return WordBreak::kSpace;
        default:
            return WordBreak::kOther;
    }
}

}  // namespace

Script ScriptOf(uint32_t code) {
    UErrorCode error = U_ZERO_ERROR;
    switch (uscript_getScript(Icu(code), &error)) {
        case USCRIPT_LATIN:
            return Script::kLatin;
        case USCRIPT_CYRILLIC:
            return Script::kCyrillic;
        case USCRIPT_ARABIC:
            return Script::kArabic;
        case USCRIPT_DEVANAGARI:
            return Script::kDevanagari;
        case USCRIPT_HEBREW:
            return Script::kHebrew;
        case USCRIPT_GREEK:
            return Script::kGreek;
        case USCRIPT_GEORGIAN:
            return Script::kGeorgian;
        case USCRIPT_ARMENIAN:
            return Script::kArmenian;
        case USCRIPT_BENGALI:
            return Script::kBengali;
        case USCRIPT_GUJARATI:
            return Script::kGujarati;
        case USCRIPT_GURMUKHI:
            return Script::kGurmukhi;
        case USCRIPT_ORIYA:
            return Script::kOriya;
        case USCRIPT_TAMIL:
            return Script::kTamil;
        case USCRIPT_TELUGU:
            return Script::kTelugu;
        case USCRIPT_KANNADA:
            return Script::kKannada;
        case USCRIPT_MALAYALAM:
            return Script::kMalayalam;
        case USCRIPT_SINHALA:
            return Script::kSinhala;
        case USCRIPT_THAI:
            return Script::kThai;
        case USCRIPT_KHMER:
            return Script::kKhmer;
        case USCRIPT_MYANMAR:
            return Script::kMyanmar;
        case USCRIPT_ETHIOPIC:
            return Script::kEthiopic;
        case USCRIPT_HANGUL:
            return Script::kHangul;
        case USCRIPT_HAN:
            return Script::kHan;
        case USCRIPT_HIRAGANA:
        case USCRIPT_KATAKANA:
            return Script::kKana;
        default:
            return Script::kOther;
    }
}

bool IsHan(uint32_t code) {
    return code >= 0x80 && ScriptOf(code) == Script::kHan;
}

bool IsLetter(uint32_t code) {
    return u_isUAlphabetic(Icu(code)) != 0;
}
bool IsNumeric(uint32_t code) {
    return InCategories(code, U_GC_N_MASK);
}
bool IsPunctuation(uint32_t code) {
    return InCategories(code, U_GC_P_MASK);
}
bool IsSymbol(uint32_t code) {
    return InCategories(code, U_GC_S_MASK);
}

bool IsWhitespace(uint32_t code) {
    if (code < 0x80) {
        return code == ' ' || (code >= '\t' && code <= '\r');
    }
    return u_isUWhiteSpace(Icu(code)) != 0;
}

int DecimalDigit(uint32_t code) {
    return InCategories(code, U_GC_ND_MASK) ? u_charDigitValue(Icu(code)) : -1;
}

bool IsPictographic(uint32_t code) {
    return code >= 0x80 && u_hasBinaryProperty(Icu(code), UCHAR_EXTENDED_PICTOGRAPHIC) != 0;
}

bool IsEmoji(uint32_t code) {
    constexpr uint32_t kKeyCap = 0x20e3;
    return code >= 0x80 &&
           (code == kKeyCap || u_hasBinaryProperty(Icu(code), UCHAR_EMOJI_PRESENTATION) != 0 ||
            u_hasBinaryProperty(Icu(code), UCHAR_REGIONAL_INDICATOR) != 0);
}

WordBreak WordBreakOf(uint32_t code) {
    static const std::array<WordBreak, 128> kAscii = [] {
        std::array<WordBreak, 128> kinds{};
        for (uint32_t i = 0; i < kinds.size(); ++i) {
            kinds[i] = LookUpWordBreak(i);
        }
        return kinds;
    }();
    return code < kAscii.size() ? kAscii[code] : LookUpWordBreak(code);
}

}  // namespace elanus::analyzer
