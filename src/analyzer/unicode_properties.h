// Properties of code points, from ICU's tables. Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace elanus::analyzer {

bool IsHan(uint32_t code);
bool IsLetter(uint32_t code);       // Alphabetic
bool IsNumeric(uint32_t code);      // Nd, Nl, No
bool IsPunctuation(uint32_t code);  // P*
bool IsSymbol(uint32_t code);       // S*
bool IsWhitespace(uint32_t code);   // White_Space
// 0 to 9 for a decimal digit of any script, -1 otherwise.
int DecimalDigit(uint32_t code);

bool IsPictographic(uint32_t code);  // Extended_Pictographic
// Shown as an emoji without being pictographic: flags and key caps.
bool IsEmoji(uint32_t code);

// Scripts by which languages are told apart.
enum class Script : uint8_t {
    kOther,
    kLatin,
    kCyrillic,
    kArabic,
    kDevanagari,
    kHebrew,
    kGreek,
    kGeorgian,
    kArmenian,
    kBengali,
    kGujarati,
    kGurmukhi,
    kOriya,
    kTamil,
    kTelugu,
    kKannada,
    kMalayalam,
    kSinhala,
    kThai,
    kKhmer,
    kMyanmar,
    kEthiopic,
    kHangul,
    kHan,
    kKana,
};
constexpr size_t kScripts = 25;
Script ScriptOf(uint32_t code);

// The property Word_Break of Unicode Standard Annex 29.
enum class WordBreak : uint8_t {
    kOther,
    kCr,
    kLf,
    kNewline,
    kExtend,
    kZwj,
    kFormat,
    kRegionalIndicator,
    kKatakana,
    kHebrewLetter,
    kALetter,
    kSingleQuote,
    kDoubleQuote,
    kMidNumLet,
    kMidLetter,
    kMidNum,
    kNumeric,
    kExtendNumLet,
    kSpace,
};
WordBreak WordBreakOf(uint32_t code);

}  // namespace elanus::analyzer
