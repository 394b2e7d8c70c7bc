// Dictionary: the words jieba knows, with how often each occurs: the built-in ones or those of a
// file, the user's own, or both. Threads: immutable after the words were added.
#pragma once

#include "analyzer/embedded_data.h"
#include "analyzer/jieba/word_trie.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace elanus::analyzer::jieba {

using Codes = std::u32string_view;

class Dictionary {
  public:
    explicit Dictionary(bool with_built_in_words);
    explicit Dictionary(std::shared_ptr<const WordTrie> words);

    // Overrides the word's frequency.
    void Add(Codes word, uint64_t frequency);

    // Calls found(length, frequency) for every prefix of `text` that begins a word or is one (then
    // with a frequency above 0), shortest first, until one begins no word.
    template <typename Found>
    void ForPrefixes(Codes text, Found found) const;

    // The word's frequency, 0 when it is none.
    uint64_t Frequency(Codes word) const;
    double log_total() const { return log_total_; }
    uint64_t total() const { return total_; }

  private:
    static constexpr uint32_t kNone = UINT32_MAX;
    uint32_t Child(uint32_t node, char32_t code) const;

    void UseTrie(const JiebaTrie& trie);

    std::shared_ptr<const WordTrie> file_;                // whose words trie_ has; null = none
    JiebaTrie trie_;                                      // empty without such words
    std::unordered_map<std::u32string, uint64_t> added_;  // and what begins them, with 0
    uint64_t total_ = 0;
    double log_total_ = 0;
};

template <typename Found>
void Dictionary::ForPrefixes(Codes text, Found found) const {
    uint32_t node = trie_.label.empty() ? kNone : 0;
    for (size_t length = 1; length <= text.size(); ++length) {
        if (node != kNone) {
            node = Child(node, text[length - 1]);
        }
        const uint64_t* added = nullptr;
        if (!added_.empty()) {
            const auto entry = added_.find(std::u32string(text.substr(0, length)));
            added = entry == added_.end() ? nullptr : &entry->second;
        }
        if (node == kNone && added == nullptr) {
            return;
        }
        found(length, added != nullptr && *added > 0 ? *added
                                                     : (node == kNone ? 0 : trie_.frequency[node]));
    }
}

}  // namespace elanus::analyzer::jieba
