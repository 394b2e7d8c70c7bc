// Grams: runs of min..max UTF-8 characters of a text, and what grams a text must have to match a
// pattern of `like`.
//
// A literal part of a pattern occurs in a matching text as it is. Both being valid UTF-8, it begins
// and ends between characters there, so each gram of the part is a gram of the text.
// Threads: pure functions.
#pragma once

#include "expr/plan.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::scalar_index {

struct GramSizes {
    uint32_t min = 0;  // characters, at least 1
    uint32_t max = 0;
};

// Byte offsets of the characters of a valid text, and its end.
void CharacterStarts(std::string_view text, std::vector<uint32_t>* starts);

// Calls visit(gram) for every gram of a valid text; grams that repeat come again.
template <typename Visit>
void ForEachGram(std::string_view text, GramSizes sizes, std::vector<uint32_t>* starts,
                 Visit visit) {
    CharacterStarts(text, starts);
    const size_t characters = starts->size() - 1;
    for (size_t first = 0; first < characters; ++first) {
        for (size_t size = sizes.min; size <= sizes.max && first + size <= characters; ++size) {
            visit(text.substr((*starts)[first], (*starts)[first + size] - (*starts)[first]));
        }
    }
}

// Grams that every text that matches has; empty when nothing is known, because all literal parts
// are shorter than the smallest gram or are no valid UTF-8.
std::vector<std::string> GramsOfLike(expr::LikeKind kind, std::string_view text, GramSizes sizes);

}  // namespace elanus::scalar_index
