// Unicode as tokenizers need it: which code points make words, and lower case.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace elanus::analyzer {

// One code point cut off the front of a text that is not empty. A byte that starts no valid UTF-8
// sequence comes out as itself with `valid` false.
struct CodePoint {
    uint32_t value = 0;
    uint8_t length = 1;
    bool valid = false;
};
CodePoint FirstCodePoint(std::string_view text);

// Letters (with the marks that belong to them) and numbers of every script.
bool IsWordCodePoint(uint32_t code);
uint32_t LowerCase(uint32_t code);
void AppendUtf8(uint32_t code, std::string* out);

}  // namespace elanus::analyzer
