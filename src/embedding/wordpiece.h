// WordPiece: texts to token numbers as BERT and its kin read them (Devlin et al., "BERT:
// Pre-training of Deep Bidirectional Transformers for Language Understanding", 2018; Wu et al.,
// "Google's Neural Machine Translation System", 2016): characters are cleaned and folded, words cut
// at blanks, punctuation and Han characters, and each word taken apart into the longest pieces of a
// vocabulary from the left.
//
// Agrees with the package `tokenizers` of Hugging Face, whose settings it takes: properties of
// characters are those of Unicode 8, lower case and decomposition are ICU's.
// Threads: immutable.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace elanus::embedding {

struct WordPieceOptions {
    bool clean_text = true;  // no control characters, every blank a space
    bool split_han = true;   // each Han character is a word
    bool strip_accents = true;
    bool lower_case = true;
    std::string unknown = "[UNK]";     // must be in the vocabulary
    std::string continuation = "##";   // begins pieces that do not begin a word
    size_t word_characters_max = 100;  // longer words are unknown
    // Texts that stand for one token wherever they are.
    std::vector<std::pair<std::string, int64_t>> special;
    std::vector<int64_t> before;  // each text
    std::vector<int64_t> after;
    int64_t filler = 0;
};

class WordPiece {
  public:
    using Vocabulary = std::unordered_map<std::string, int64_t>;

    // 1100 when the vocabulary lacks the unknown token.
    static base::Result<WordPiece> Create(Vocabulary vocabulary, WordPieceOptions options);

    // The token numbers of a text, at most `tokens_max` of them: what is too long is cut off before
    // the numbers that go after each text. Bytes that are no UTF-8 are left out.
    std::vector<int64_t> Encode(std::string_view text, size_t tokens_max) const;
    // The words of a text without special tokens: what is taken apart into pieces.
    std::vector<std::string> Words(std::string_view text) const;

    const WordPieceOptions& options() const { return options_; }

  private:
    WordPiece(Vocabulary vocabulary, WordPieceOptions options);

    // The special token that begins here; null for none.
    const std::pair<std::string, int64_t>* SpecialAt(std::string_view text) const;
    std::string Fold(std::string_view text) const;
    void AppendText(std::string_view text, size_t tokens_max, std::vector<int64_t>* ids) const;
    void AppendWord(std::string_view word, std::vector<int64_t>* ids) const;

    Vocabulary vocabulary_;
    WordPieceOptions options_;
    int64_t unknown_id_ = 0;
};

}  // namespace elanus::embedding
