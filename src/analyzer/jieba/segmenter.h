// Segmenter: Chinese text to words, the way jieba cuts it: of all ways to read the text as words of
// the dictionary the most probable one, and where that leaves single characters in a row, the words
// that a hidden Markov model sees in them. (https://github.com/fxsjy/jieba)
// Threads: a Segmenter has buffers and belongs to one thread; the dictionary is shared.
#pragma once

#include "analyzer/jieba/dictionary.h"

#include <cstdint>
#include <vector>

namespace elanus::analyzer::jieba {

enum class Mode : uint8_t {
    kExact,
    kSearch,  // in front of a long word also the words of two and three characters inside it
};

// Characters [start, end) of the text.
struct Word {
    uint32_t start;
    uint32_t end;
};

class Segmenter {
  public:
    Segmenter(const Dictionary& dictionary, Mode mode, bool use_model)
        : dictionary_(dictionary), mode_(mode), use_model_(use_model) {}

    // Appends the words of `text`. Everything is part of a word: spaces and punctuation are words.
    void Cut(Codes text, std::vector<Word>* words);

  private:
    void CutBlock(uint32_t start, uint32_t end);
    void FindRoute(uint32_t start, uint32_t end);
    void CutByDictionary(uint32_t start, uint32_t end);
    void FlushSingles(uint32_t start, uint32_t end);
    void CutByModel(uint32_t start, uint32_t end);
    void CutHanByModel(uint32_t start, uint32_t end);
    uint32_t EndOfLatin(uint32_t start, uint32_t end) const;
    void Emit(uint32_t start, uint32_t end);

    const Dictionary& dictionary_;
    const Mode mode_;
    const bool use_model_;
    Codes text_;
    std::vector<Word>* words_ = nullptr;
    std::vector<double> best_;        // by character: log probability of the rest of the block
    std::vector<uint32_t> word_end_;  // by character: where the word that starts here ends
    std::vector<uint8_t> came_from_;  // by character and state: the state before
};

}  // namespace elanus::analyzer::jieba
