#include "analyzer/jieba/word_trie.h"

#include "analyzer/dictionary_folder.h"
#include "analyzer/unicode.h"
#include "analyzer/word_file.h"
#include "json/json.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <string_view>

namespace elanus::analyzer::jieba {

namespace {

using Words = std::vector<std::pair<std::u32string, uint32_t>>;

constexpr std::string_view kFile = "jieba/dict.txt.big";
constexpr char32_t kCodeMax = 0xffff;

// False when the text is not UTF-8.
bool Decode(std::string_view text, std::u32string* codes) {
    while (!text.empty()) {
        const CodePoint code = FirstCodePoint(text);
        if (!code.valid) {
            return false;
        }
        codes->push_back(code.value);
        text.remove_prefix(code.length);
    }
    return true;
}

bool ReadLine(std::string_view line, Words* words) {
    const size_t word_end = line.find(' ');
    if (word_end == 0 || word_end == std::string_view::npos) {
        return false;
    }
    std::u32string word;
    uint32_t frequency = 0;
    const char* begin = line.data() + word_end + 1;
    const char* end = line.data() + line.size();
    const auto [stop, error] = std::from_chars(begin, end, frequency);
    if (error != std::errc() || (stop != end && *stop != ' ') ||
        !Decode(line.substr(0, word_end), &word)) {
        return false;
    }
    words->emplace_back(std::move(word), frequency);
    return true;
}

base::Result<Words> ReadWords() {
    const json::Value file(json::Value::Object{{"type", "local"}, {"path", kFile}});
    ASSIGN_OR_RETURN(const std::vector<std::string> lines,
                     ReadWordFile(file, "jieba tokenizer dict _extend_default_"));
    Words words;
    words.reserve(lines.size());
    for (size_t i = 0; i < lines.size(); ++i) {
        if (!ReadLine(lines[i], &words)) {
            return base::InvalidParameter("jieba tokenizer dict _extend_default_: line " +
                                          std::to_string(i + 1) + " of " + std::string(kFile) +
                                          " is not a word and its frequency");
        }
    }
    return words;
}

// A node of the trie: the words [begin, end) begin with its text.
struct Node {
    size_t begin;
    size_t end;
};

}  // namespace

WordTrie::WordTrie(Words words) {
    std::erase_if(words, [](const auto& word) {
        return word.first.empty() ||
               *std::max_element(word.first.begin(), word.first.end()) > kCodeMax;
    });
    std::stable_sort(words.begin(), words.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [word, frequency] : words) {
        total_ += frequency;
    }
    std::vector<Node> level = {{0, words.size()}};
    label_.push_back(0);
    frequency_.push_back(0);
    first_child_.push_back(1);
    for (size_t depth = 0; !level.empty(); ++depth) {
        std::vector<Node> next;
        for (const Node& node : level) {
            size_t at = node.begin;
            while (at < node.end && words[at].first.size() == depth) {
                ++at;  // the node's own word, as often as it was given
            }
            while (at < node.end) {
                const char32_t code = words[at].first[depth];
                size_t end = at;
                uint32_t frequency = 0;
                for (; end < node.end && words[end].first[depth] == code; ++end) {
                    if (words[end].first.size() == depth + 1) {
                        frequency = words[end].second;
                    }
                }
                label_.push_back(static_cast<uint16_t>(code));
                frequency_.push_back(frequency);
                next.push_back({at, end});
                at = end;
            }
            first_child_.push_back(static_cast<uint32_t>(label_.size()));
        }
        level = std::move(next);
    }
}

base::Result<std::shared_ptr<const WordTrie>> ExtendedDictionary() {
    static std::mutex* mutex = new std::mutex;
    static auto* read = new std::map<std::string, std::shared_ptr<const WordTrie>>;
    const std::lock_guard lock(*mutex);
    std::shared_ptr<const WordTrie>& trie = (*read)[DictionaryFolder()];
    if (trie == nullptr) {
        ASSIGN_OR_RETURN(Words words, ReadWords());
        trie = std::make_shared<const WordTrie>(std::move(words));
    }
    return trie;
}

}  // namespace elanus::analyzer::jieba
