#include "analyzer/tokenizer/user_words.h"

#include "analyzer/unicode.h"
#include "analyzer/word_file.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace elanus::analyzer {

namespace {

constexpr size_t kSimpleColumns = 3;
constexpr size_t kFirstFeature = 4;  // of a line of MeCab's form

std::vector<std::string_view> Columns(std::string_view line) {
    std::vector<std::string_view> columns;
    size_t begin = 0;
    for (size_t comma = line.find(','); comma != std::string_view::npos;
         comma = line.find(',', begin)) {
        columns.push_back(line.substr(begin, comma - begin));
        begin = comma + 1;
    }
    columns.push_back(line.substr(begin));
    return columns;
}

bool IsWord(std::string_view surface) {
    for (std::string_view rest = surface; !rest.empty();) {
        const CodePoint code = FirstCodePoint(rest);
        if (!code.valid || code.value <= ' ') {
            return false;
        }
        rest.remove_prefix(code.length);
    }
    return !surface.empty();
}

// As the Japanese dictionaries lay features out: part of speech with its three finer ones, two
// forms, base form, reading, pronunciation.
std::string SimpleFeature(const std::vector<std::string_view>& columns) {
    return std::string(columns[1]) + ",*,*,*,*,*," + std::string(columns[0]) + "," +
           std::string(columns[2]) + ",*";
}

size_t CommonPrefix(std::string_view a, std::string_view b) {
    return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                               a.begin());
}

}  // namespace

base::Result<UserWords> UserWords::Read(const json::Value& file) {
    if (!file.is_object()) {
        return base::InvalidParameter("lindera tokenizer user_dict must name a file");
    }
    ASSIGN_OR_RETURN(const std::vector<std::string> lines,
                     ReadWordFile(file, "lindera tokenizer user_dict"));
    UserWords words;
    for (size_t i = 0; i < lines.size(); ++i) {
        const std::vector<std::string_view> columns = Columns(lines[i]);
        const bool simple = columns.size() == kSimpleColumns;
        if ((!simple && columns.size() <= kFirstFeature) || !IsWord(columns[0])) {
            return base::InvalidParameter("lindera tokenizer user_dict: line " +
                                          std::to_string(i + 1) +
                                          " is no word, write surface,part of speech,reading");
        }
        words.bytes_max_ = std::max(words.bytes_max_, columns[0].size());
        words.words_[std::string(columns[0])] =
            simple ? SimpleFeature(columns)
                   : lines[i].substr(
                         static_cast<size_t>(columns[kFirstFeature].data() - lines[i].data()));
    }
    return words;
}

// Of all words that sort at or before a text the last one shares the longest prefix with it. When
// that is shorter than the word, no word is longer than the prefix.
UserWords::Word UserWords::LongestAt(std::string_view text) const {
    text = text.substr(0, bytes_max_);
    while (!text.empty()) {
        auto found = words_.upper_bound(text);
        if (found == words_.begin()) {
            break;
        }
        --found;
        const size_t common = CommonPrefix(found->first, text);
        if (common == found->first.size()) {
            return {common, found->second.c_str()};
        }
        text = text.substr(0, common);
    }
    return {};
}

}  // namespace elanus::analyzer
