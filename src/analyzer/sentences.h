// Sentences of a text, where Unicode Standard Annex 29 ends them. Threads: any.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace elanus::analyzer {

// Bytes [start, end) of a text.
struct TextRange {
    size_t start = 0;
    size_t end = 0;
};

// In order, without the white space around them; none is empty. Text that is no UTF-8 gives its
// broken parts to the sentences that they lie in.
std::vector<TextRange> Sentences(std::string_view text);

}  // namespace elanus::analyzer
