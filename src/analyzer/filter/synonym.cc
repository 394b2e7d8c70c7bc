#include "analyzer/filter/synonym.h"

#include "analyzer/filter/expansion.h"
#include "analyzer/member.h"
#include "analyzer/word_file.h"

#include <algorithm>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace elanus::analyzer {

namespace {

using base::InvalidParameter;
using FilterResult = base::Result<std::unique_ptr<const Filter>>;
using Words = std::vector<std::string>;

struct TransparentHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

// Both sides of "left => right"; `right` stays empty when the row has no arrow.
struct SynonymRow {
    Words left;
    Words right;
    bool has_arrow = false;
};

// Reads a row of words that commas separate. A backslash takes ',', ' ', '\' and "=>" literally;
// spaces around words are dropped, inside a word they must be escaped.
class RowReader {
  public:
    explicit RowReader(std::string_view row) : row_(row) {}

    base::Result<SynonymRow> Read() {
        while (at_ < row_.size()) {
            if (row_[at_] == '\\') {
                RETURN_IF_ERROR(ReadEscape());
            } else if (row_[at_] == ' ') {
                word_ended_ = !word_.empty();
                ++at_;
            } else if (row_[at_] == ',') {
                EndWord();
                ++at_;
            } else if (row_.substr(at_, 2) == "=>") {
                if (parsed_.has_arrow) {
                    return Malformed("has more than one \"=>\"");
                }
                EndWord();
                parsed_.has_arrow = true;
                at_ += 2;
            } else if (word_ended_) {
                return Malformed("has space between words, please use \\ to escape space");
            } else {
                word_.push_back(row_[at_++]);
            }
        }
        EndWord();
        return std::move(parsed_);
    }

  private:
    base::Status Malformed(std::string_view why) const {
        return InvalidParameter("read synonym dict failed, " + std::string(row_) + " " +
                                std::string(why));
    }

    base::Status ReadEscape() {
        const std::string_view after = row_.substr(at_ + 1);
        if (after.empty()) {
            return Malformed("has an invalid synonym escaped in the end");
        }
        if (after[0] == ',' || after[0] == '\\' || after[0] == ' ') {
            word_.push_back(after[0]);
            at_ += 2;
            return base::Status();
        }
        if (after.starts_with("=>")) {
            word_ += "=>";
            at_ += 3;
            return base::Status();
        }
        return Malformed("has an invalid synonym escaped");
    }

    void EndWord() {
        if (!word_.empty()) {
            (parsed_.has_arrow ? parsed_.right : parsed_.left).push_back(word_);
        }
        word_.clear();
        word_ended_ = false;
    }

    std::string_view row_;
    size_t at_ = 0;
    std::string word_;
    bool word_ended_ = false;
    SynonymRow parsed_;
};

// What each word stands for, in the order of the rows, no word twice.
class SynonymMap {
  public:
    explicit SynonymMap(bool expand) : expand_(expand) {}

    void Add(const SynonymRow& row) {
        for (const std::string& key : row.left) {
            Words& words = words_of_[key];
            if (expand_) {
                AddWord(key, &words);
            }
            if (row.has_arrow) {
                for (const std::string& word : row.right) {
                    AddWord(word, &words);
                }
            } else if (!expand_) {
                AddWord(row.left.front(), &words);
            } else {
                for (const std::string& word : row.left) {
                    AddWord(word, &words);
                }
            }
        }
    }

    bool Expand(std::string_view text, Expansion* out) const {
        const auto found = words_of_.find(text);
        if (found == words_of_.end() || found->second.empty()) {
            return false;
        }
        for (const std::string& word : found->second) {
            out->Add(word);
        }
        return true;
    }

  private:
    static void AddWord(const std::string& word, Words* words) {
        if (std::find(words->begin(), words->end(), word) == words->end()) {
            words->push_back(word);
        }
    }

    bool expand_;
    std::unordered_map<std::string, Words, TransparentHash, std::equal_to<>> words_of_;
};

class WordList {
  public:
    explicit WordList(const Words& words) {
        for (const std::string& word : words) {
            if (!word.empty() && words_.insert(word).second) {
                lengths_.push_back(word.size());
            }
        }
        std::sort(lengths_.begin(), lengths_.end(), std::greater<>());
        lengths_.erase(std::unique(lengths_.begin(), lengths_.end()), lengths_.end());
    }

    // Takes the longest word each time; false when something is left over.
    bool Split(std::string_view text, Expansion* out) const {
        while (!text.empty()) {
            const auto longest = std::find_if(lengths_.begin(), lengths_.end(), [&](size_t length) {
                return length <= text.size() && words_.contains(text.substr(0, length));
            });
            if (longest == lengths_.end()) {
                return false;
            }
            out->Add(text.substr(0, *longest));
            text.remove_prefix(*longest);
        }
        return true;
    }

  private:
    std::unordered_set<std::string, TransparentHash, std::equal_to<>> words_;
    std::vector<size_t> lengths_;  // of the words in bytes, longest first
};

}  // namespace

FilterResult BuildSynonym(const json::Value& params) {
    const json::Value* expand = params.Find("expand");
    if (expand != nullptr && expand->bool_if() == nullptr) {
        return InvalidParameter("create synonym filter failed, `expand` must be bool");
    }
    auto map = std::make_shared<SynonymMap>(expand == nullptr || *expand->bool_if());
    const json::Value* rows = params.Find("synonyms");
    if (rows != nullptr && rows->array_if() == nullptr) {
        return InvalidParameter("create synonym filter failed, `synonyms` must be array");
    }
    for (size_t i = 0; rows != nullptr && i < rows->array_if()->size(); ++i) {
        const std::string* text = (*rows->array_if())[i].string_if();
        if (text == nullptr) {
            return InvalidParameter(
                "create synonym filter failed, item in `synonyms` must be string");
        }
        ASSIGN_OR_RETURN(const SynonymRow row, RowReader(*text).Read());
        map->Add(row);
    }
    if (const json::Value* file = params.Find("synonyms_file"); file != nullptr) {
        ASSIGN_OR_RETURN(const Words lines, ReadWordFile(*file, "synonyms dict file"));
        for (const std::string& line : lines) {
            ASSIGN_OR_RETURN(const SynonymRow row, RowReader(line).Read());
            map->Add(row);
        }
    }
    return MakeExpanding(
        [map = std::shared_ptr<const SynonymMap>(std::move(map))](
            std::string_view text, Expansion* out) { return map->Expand(text, out); });
}

FilterResult BuildDecompounder(const json::Value& params) {
    const json::Value* list = params.Find("word_list");
    const json::Value* file = params.Find("word_list_file");
    if (file == nullptr && (list == nullptr || list->array_if() == nullptr)) {
        return InvalidParameter("decompounder word list should be array");
    }
    Words words;
    if (list != nullptr) {
        ASSIGN_OR_RETURN(words, StringList(*list, "decompounder word list"));
    }
    if (file != nullptr) {
        ASSIGN_OR_RETURN(const Words more, ReadWordFile(*file, "decompounder word list file"));
        words.insert(words.end(), more.begin(), more.end());
    }
    if (words.empty()) {
        return InvalidParameter("decompounder word list is empty");
    }
    auto shared = std::make_shared<const WordList>(words);
    return MakeExpanding([shared = std::move(shared)](std::string_view text, Expansion* out) {
        return shared->Split(text, out);
    });
}

}  // namespace elanus::analyzer
