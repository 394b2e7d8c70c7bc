#include "analyzer/jieba/dictionary.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace elanus::analyzer::jieba {

Dictionary::Dictionary(bool with_built_in_words) {
    if (with_built_in_words) {
        UseTrie(EmbeddedJiebaTrie());
    }
}

Dictionary::Dictionary(std::shared_ptr<const WordTrie> words) : file_(std::move(words)) {
    UseTrie(file_->View());
}

void Dictionary::UseTrie(const JiebaTrie& trie) {
    trie_ = trie;
    total_ = trie_.frequency_total;
    log_total_ = std::log(static_cast<double>(std::max<uint64_t>(total_, 1)));
}

void Dictionary::Add(Codes word, uint64_t frequency) {
    added_[std::u32string(word)] = frequency;
    for (size_t length = 1; length < word.size(); ++length) {
        added_.try_emplace(std::u32string(word.substr(0, length)), 0);
    }
    total_ += frequency;
    log_total_ = std::log(static_cast<double>(std::max<uint64_t>(total_, 1)));
}

uint64_t Dictionary::Frequency(Codes word) const {
    uint64_t frequency = 0;
    ForPrefixes(word, [&](size_t length, uint64_t of_prefix) {
        if (length == word.size()) {
            frequency = of_prefix;
        }
    });
    return frequency;
}

uint32_t Dictionary::Child(uint32_t node, char32_t code) const {
    const auto first = trie_.label.begin() + trie_.first_child[node];
    const auto last = trie_.label.begin() + trie_.first_child[node + 1];
    const auto found = std::lower_bound(first, last, code);
    return found != last && *found == code ? static_cast<uint32_t>(found - trie_.label.begin())
                                           : kNone;
}

}  // namespace elanus::analyzer::jieba
