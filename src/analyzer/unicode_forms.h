// Forms of characters, from ICU's tables: what tokenizers of language models take texts apart by.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace elanus::analyzer {

bool IsControl(uint32_t code);         // Cc
bool IsFormat(uint32_t code);          // Cf
bool IsPrivateUse(uint32_t code);      // Co
bool IsNonspacingMark(uint32_t code);  // Mn
// The first version of Unicode that has the code point, times 10 (8.0 is 80); 0 for none.
int AgeOf(uint32_t code);

// Normalization form D: letters and their marks apart, marks in order. `text` is valid UTF-8.
std::string Decomposed(std::string_view text);
// Lower case of one code point, whatever stands beside it; more than one for U+0130.
void AppendLowerCase(uint32_t code, std::string* out);

}  // namespace elanus::analyzer
