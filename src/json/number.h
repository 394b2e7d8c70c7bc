// Reading JSON numbers; shared by the parser and the scanner.
#pragma once

#include <cstdint>
#include <string_view>

namespace elanus::json::internal {

enum class NumberKind : uint8_t { kInvalid, kInt64, kUint64, kDouble };

struct Number {
    NumberKind kind = NumberKind::kInvalid;
    int64_t int64 = 0;
    uint64_t uint64 = 0;
    double number = 0;
};

// Length of the longest prefix that matches the JSON number grammar; 0 when there is none.
// `*is_integer` tells whether it has neither fraction nor exponent.
size_t NumberLength(std::string_view text, bool* is_integer);
// Converts a text that matches the grammar. kInvalid when it is beyond the range of double.
Number ConvertNumber(std::string_view text, bool is_integer);

// Appends the unescaped form of the inside of a JSON string. False when an escape is malformed.
bool Unescape(std::string_view raw, std::string* out);

}  // namespace elanus::json::internal
