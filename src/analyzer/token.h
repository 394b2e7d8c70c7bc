// Token: one piece of a text that search can find.
#pragma once

#include <cstdint>
#include <string_view>

namespace elanus::analyzer {

struct Token {
    std::string_view text;  // lives until the next token is read
    uint32_t position = 0;  // where phrases look for it; a dropped token leaves its place empty
    uint32_t start = 0;     // bytes of the text it came from: [start, end)
    uint32_t end = 0;
    uint32_t position_length = 1;  // how many positions it covers
};

}  // namespace elanus::analyzer
