// Data in the binary: jieba's dictionary and hidden Markov model, and the readings of Han
// characters. tools/make_analyzer_data.py lays them out at build time as they are read here, so
// that nothing is unpacked or copied at run time and what nobody uses is never paged in.
// Threads: constant memory.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace elanus::analyzer {

// Words as a trie. Nodes are numbered level by level, 0 is the root; the children of node n are
// first_child[n] up to first_child[n + 1], sorted by label.
struct JiebaTrie {
    std::span<const uint32_t> first_child;  // one more than nodes
    std::span<const uint16_t> label;        // the character on the way to a node
    std::span<const uint32_t> frequency;    // 0 for what only begins words
    uint64_t frequency_total = 0;
};
JiebaTrie EmbeddedJiebaTrie();

// Natural logarithms of the probabilities of a character's place in its word: begin, middle, end,
// single.
struct JiebaModel {
    static constexpr size_t kStates = 4;
    uint32_t first_code = 0;
    std::array<std::span<const double>, kStates> emission;  // by code - first_code
    std::span<const double> start;                          // kStates
    std::span<const double> transition;                     // from * kStates + to
};
JiebaModel EmbeddedJiebaModel();

struct PinyinTable {
    uint32_t first_code = 0;
    std::span<const uint16_t> syllable_of;      // by code - first_code; 0 = no reading
    std::span<const uint32_t> syllable_offset;  // into text, one more than syllables
    const char* text = nullptr;

    std::string_view Syllable(uint16_t number) const {
        return {text + syllable_offset[number],
                syllable_offset[number + 1] - syllable_offset[number]};
    }
};
PinyinTable EmbeddedPinyin();

}  // namespace elanus::analyzer
