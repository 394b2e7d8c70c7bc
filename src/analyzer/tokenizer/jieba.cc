#include "analyzer/tokenizer/jieba.h"

#include "analyzer/jieba/segmenter.h"
#include "analyzer/tokenizer/pieces.h"
#include "analyzer/unicode.h"
#include "analyzer/word_file.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

namespace elanus::analyzer {

namespace {

using base::InvalidParameter;
using jieba::Dictionary;
using jieba::Mode;
using jieba::Segmenter;
using jieba::Word;

// Decodes valid UTF-8; `starts` gets the first byte of every character and the size.
void Decode(std::string_view text, std::u32string* codes, std::vector<uint32_t>* starts) {
    codes->clear();
    starts->clear();
    size_t at = 0;
    while (at < text.size()) {
        const CodePoint code = FirstCodePoint(text.substr(at));
        codes->push_back(code.value);
        starts->push_back(static_cast<uint32_t>(at));
        at += code.length;
    }
    starts->push_back(static_cast<uint32_t>(at));
}

class JiebaSource final : public PieceSource {
  public:
    JiebaSource(const Dictionary& dictionary, Mode mode, bool use_model)
        : segmenter_(dictionary, mode, use_model) {}

  protected:
    void Cut(const Stretch& stretch, uint32_t /*pieces_before*/,
             std::vector<Piece>* pieces) override {
        Decode(stretch.text, &codes_, &starts_);
        words_.clear();
        segmenter_.Cut(codes_, &words_);
        for (const Word& word : words_) {
            pieces->push_back({starts_[word.start], starts_[word.end],
                               stretch.first_char + word.start, word.end - word.start});
        }
    }

  private:
    Segmenter segmenter_;
    std::u32string codes_;
    std::vector<uint32_t> starts_;
    std::vector<Word> words_;
};

class JiebaTokenizer final : public Tokenizer {
  public:
    JiebaTokenizer(Dictionary dictionary, Mode mode, bool use_model)
        : dictionary_(std::move(dictionary)), mode_(mode), use_model_(use_model) {}
    std::unique_ptr<TokenSource> NewSource() const override {
        return std::make_unique<JiebaSource>(dictionary_, mode_, use_model_);
    }

  private:
    Dictionary dictionary_;
    Mode mode_;
    bool use_model_;
};

constexpr uint64_t kFrequencyMax = uint64_t{1} << 40;  // sums of them fit

// How often a new word must occur to win over the words it would be cut into.
uint64_t FrequencyToWin(const Dictionary& dictionary, const std::u32string& word) {
    if (dictionary.total() == 0) {
        return 1;
    }
    std::vector<Word> parts;
    Segmenter(dictionary, Mode::kExact, false).Cut(word, &parts);
    const auto total = static_cast<double>(dictionary.total());
    double share = 1;
    for (const Word& part : parts) {
        const jieba::Codes codes =
            std::u32string_view(word).substr(part.start, part.end - part.start);
        share *= static_cast<double>(std::max<uint64_t>(dictionary.Frequency(codes), 1)) / total;
    }
    return std::max(static_cast<uint64_t>(share * total) + 1, dictionary.Frequency(word));
}

void AddWord(std::string_view word, uint64_t frequency, Dictionary* dictionary) {
    std::u32string codes;
    std::vector<uint32_t> starts;
    Decode(word, &codes, &starts);
    dictionary->Add(codes, frequency > 0 ? frequency : FrequencyToWin(*dictionary, codes));
}

// Lines of jieba's user dictionaries: "word", "word frequency" or "word frequency tag".
base::Status AddDictionaryFile(const json::Value& file, Dictionary* dictionary) {
    ASSIGN_OR_RETURN(const auto lines, ReadWordFile(file, "jieba extra dict file"));
    for (const std::string& line : lines) {
        const size_t word_end = std::min(line.find(' '), line.size());
        uint64_t frequency = 0;
        std::string_view rest = std::string_view(line).substr(word_end);
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        std::from_chars(rest.data(), rest.data() + rest.size(), frequency);
        if (word_end > 0) {
            AddWord(std::string_view(line).substr(0, word_end), std::min(frequency, kFrequencyMax),
                    dictionary);
        }
    }
    return base::Status();
}

base::Result<Dictionary> ReadDictionary(const json::Value& params) {
    const json::Value* list = params.Find("dict");
    if (list == nullptr) {
        return Dictionary(true);
    }
    if (list->array_if() == nullptr) {
        return InvalidParameter("jieba tokenizer dict must be array");
    }
    bool built_in = false;
    bool extended = false;
    std::vector<std::string> words;
    for (const json::Value& item : *list->array_if()) {
        if (item.string_if() == nullptr) {
            return InvalidParameter("jieba tokenizer dict item must be string");
        }
        const std::string& text = *item.string_if();
        if (text == "_default_") {
            built_in = true;
        } else if (text == "_extend_default_") {
            extended = true;
        } else if (!text.empty()) {
            words.push_back(text);
        }
    }
    Dictionary dictionary(built_in && !extended);
    if (extended) {
        ASSIGN_OR_RETURN(auto large, jieba::ExtendedDictionary());
        dictionary = Dictionary(std::move(large));
    }
    for (const std::string& word : words) {
        AddWord(word, 0, &dictionary);
    }
    return dictionary;
}

base::Result<Mode> ReadMode(const json::Value& params) {
    const json::Value* mode = params.Find("mode");
    if (mode == nullptr) {
        return Mode::kSearch;
    }
    if (mode->string_if() == nullptr) {
        return InvalidParameter("jieba tokenizer mode must be string");
    }
    if (*mode->string_if() == "search") {
        return Mode::kSearch;
    }
    if (*mode->string_if() == "exact") {
        return Mode::kExact;
    }
    return InvalidParameter("jieba tokenizer mode must be \"exact\" or \"search\"");
}

}  // namespace

base::Result<std::unique_ptr<const Tokenizer>> BuildJieba(const json::Value& params) {
    ASSIGN_OR_RETURN(Dictionary dictionary, ReadDictionary(params));
    if (const json::Value* file = params.Find("extra_dict_file"); file != nullptr) {
        RETURN_IF_ERROR(AddDictionaryFile(*file, &dictionary));
    }
    ASSIGN_OR_RETURN(const Mode mode, ReadMode(params));
    const json::Value* hmm = params.Find("hmm");
    if (hmm != nullptr && hmm->bool_if() == nullptr) {
        return InvalidParameter("jieba tokenizer hmm must be boolean");
    }
    return std::unique_ptr<const Tokenizer>(std::make_unique<JiebaTokenizer>(
        std::move(dictionary), mode, hmm == nullptr || *hmm->bool_if()));
}

}  // namespace elanus::analyzer
