// AppendList: writes the postings of one term. docs/formats/postings.md has the layout.
// Threads: pure functions.
#pragma once

#include "postings/term_dictionary.h"

#include <cstdint>
#include <span>
#include <string>

namespace elanus::postings {

// The postings of a term: its documents, rising, how often each has it (counts >= 1) and, document
// after document, where (below 2^31; empty when positions are not kept).
struct TermPostings {
    std::span<const uint32_t> documents;
    std::span<const uint32_t> counts;
    std::span<const uint32_t> positions;
};

// Classes of lengths of the documents, and the share of a term that has count 1, 2, ... in a
// document of such a class under usual parameters: what bounds are thinned out by.
struct LengthClasses {
    std::span<const uint8_t> of_document;
    std::span<const float> norms;  // 256: k1 * (1 - b + b * length / average) of the shortest
};

// Appends the list (documents > 1) and the positions (unless the dictionary holds them) and gives
// the term with its lengths; offsets are those within the strings.
Term AppendList(const TermPostings& postings, const LengthClasses& classes, std::string* lists,
                std::string* positions);

}  // namespace elanus::postings
