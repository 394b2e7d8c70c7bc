// Letters of ASCII without their case: for keywords and names that stand in any case. Other bytes,
// those of UTF-8 among them, stay as they are.
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace elanus::base {

constexpr char AsciiLower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string AsciiLower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        c = AsciiLower(c);
    }
    return lower;
}

inline bool SameIgnoringCase(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return AsciiLower(x) == AsciiLower(y); });
}

}  // namespace elanus::base
