// Token numbers as the package `tokenizers` of Hugging Face gives them
// (tests/embedding/make_wordpiece_cases.py), and what of a model's folder is refused.
#include "embedding/wordpiece.h"

#include "analyzer/unicode.h"
#include "embedding/local_model.h"
#include "embedding/tokenizer_files.h"
#include "json/json.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace elanus::embedding {
namespace {

// A folder that goes with the test.
class Folder {
  public:
    Folder() {
        path_ = testing::TempDir() + "elanus_model_" + std::to_string(getpid());
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    void Write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ + "/" + name) << text;
    }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

const json::Value& Cases() {
    static const json::Value cases = [] {
        std::ostringstream text;
        text << std::ifstream(ELANUS_WORDPIECE_FOLDER "/wordpiece_cases.json").rdbuf();
        base::Result<json::Value> parsed = json::Parse(text.str());
        return parsed.ok() ? *parsed : json::Value();
    }();
    return cases;
}

const json::Value& Item(const json::Value& list, size_t i) {
    return list.array_if()->at(i);
}

// The i-th tokenizer; all have the vocabulary of the first.
base::Result<WordPiece> TokenizerOf(size_t i) {
    const json::Value& all = *Cases().Find("tokenizers");
    json::Value file = Item(all, i);
    for (auto& [key, value] : *file.object_if()) {
        if (key == "model") {
            value = *Item(all, 0).Find("model");
        }
    }
    const Folder folder;
    folder.Write("tokenizer.json", json::Write(file));
    return ReadTokenizer(folder.path());
}

std::vector<int64_t> Numbers(const json::Value& list) {
    std::vector<int64_t> numbers;
    for (const json::Value& number : *list.array_if()) {
        numbers.push_back(*number.int64_if());
    }
    return numbers;
}

TEST(WordPiece, GivesTheNumbersOfThePackage) {
    ASSERT_TRUE(Cases().is_object());
    for (size_t kind = 0; kind < Cases().Find("tokenizers")->array_if()->size(); ++kind) {
        const auto tokenizer = TokenizerOf(kind);
        ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().reason();
        for (const json::Value& one : *Cases().Find("texts")->array_if()) {
            const std::string& text = *one.Find("text")->string_if();
            EXPECT_EQ(tokenizer->Encode(text, SIZE_MAX), Numbers(Item(*one.Find("whole"), kind)))
                << kind << ": " << text;
            EXPECT_EQ(tokenizer->Encode(text, 12), Numbers(Item(*one.Find("cut_to_12"), kind)))
                << kind << ": " << text;
        }
    }
}

uint32_t Crc32(std::string_view bytes) {
    static const auto table = [] {
        std::array<uint32_t, 256> made{};
        for (uint32_t i = 0; i < 256; ++i) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; ++bit) {
                value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320u : 0u);
            }
            made[i] = value;
        }
        return made;
    }();
    uint32_t crc = ~0u;
    for (const char byte : bytes) {
        crc = (crc >> 8) ^ table[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
    }
    return ~crc;
}

// Every code point inside a word: how the word is folded and cut.
TEST(WordPiece, FoldsAndCutsEveryCodePointAsThePackage) {
    constexpr uint32_t kBlock = 4096;
    const std::vector<int64_t> ends = Numbers(*Cases().Find("left_out"));
    std::vector<bool> left_out(0x110000, false);
    for (size_t i = 0; i < ends.size(); i += 2) {
        std::fill(left_out.begin() + ends[i], left_out.begin() + ends[i + 1] + 1, true);
    }
    for (size_t kind = 0; kind < Cases().Find("block_sums")->array_if()->size(); ++kind) {
        const auto tokenizer = TokenizerOf(kind);
        ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().reason();
        const std::vector<int64_t> sums = Numbers(Item(*Cases().Find("block_sums"), kind));
        for (size_t block = 0; block < sums.size(); ++block) {
            std::string lines;
            const auto first = static_cast<uint32_t>(block) * kBlock;
            for (uint32_t code = first; code < first + kBlock; ++code) {
                if (left_out[code]) {
                    continue;
                }
                std::string text = "a";
                analyzer::AppendUtf8(code, &text);
                lines += lines.empty() ? "" : "\n";
                std::string_view between;
                for (const std::string& word : tokenizer->Words(text + "B")) {
                    lines.append(between).append(word);
                    between = "\x1f";
                }
            }
            EXPECT_EQ(Crc32(lines), sums[block]) << "kind " << kind << ", block at " << first;
        }
    }
}

TEST(WordPiece, ReadsAVocabularyWithoutTokenizerJson) {
    const Folder folder;
    folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nriver\nwide\n##r\n");
    const auto tokenizer = ReadTokenizer(folder.path());
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().reason();
    EXPECT_EQ(tokenizer->Encode("River wider unseen", 100),
              (std::vector<int64_t>{2, 4, 5, 6, 1, 3}));
    EXPECT_EQ(tokenizer->Encode("River wider unseen", 3), (std::vector<int64_t>{2, 4, 3}));
    EXPECT_EQ(tokenizer->Encode(std::string("\xff\xfe") + "river", 100),
              (std::vector<int64_t>{2, 4, 3}));
    folder.Write("tokenizer_config.json", R"({"do_lower_case": false})");
    EXPECT_EQ(ReadTokenizer(folder.path())->Encode("River", 100), (std::vector<int64_t>{2, 1, 3}));
}

TEST(WordPiece, AnEmptySpecialTokenStandsNowhereInAText) {
    const Folder folder;
    folder.Write("vocab.txt", "[UNK]\n[CLS]\n\nriver\n");
    folder.Write("tokenizer_config.json", R"({"sep_token": ""})");
    const auto tokenizer = ReadTokenizer(folder.path());
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().reason();
    EXPECT_EQ(tokenizer->Encode("river", 16), (std::vector<int64_t>{1, 3, 2}));
}

TEST(WordPiece, RefusesOtherTokenizersByName) {
    const std::string model = R"("model": {"type": "WordPiece", "vocab": {"[UNK]": 0}})";
    const std::string bert = R"("normalizer": {"type": "BertNormalizer"})";
    const std::string cut = R"("pre_tokenizer": {"type": "BertPreTokenizer"})";
    const std::pair<std::string, const char*> cases[] = {
        {"{}", "model of type none"},
        {R"({"model": {"type": "BPE"}})", "model of type BPE is not supported, expected WordPiece"},
        {"{" + model + R"(, "normalizer": {"type": "Sequence"}})", "normalizer of type Sequence"},
        {"{" + model + "," + bert + R"(, "pre_tokenizer": {"type": "Whitespace"}})",
         "pre_tokenizer of type Whitespace"},
        {"{" + model + "," + bert + "," + cut +
             R"(, "post_processor": {"type": "TemplateProcessing",
                 "single": [{"SpecialToken": {"id": "[CLS]"}}]}})",
         "the token [CLS] of the template is not defined"},
        {"{" + model + "," + bert + "," + cut +
             R"(, "added_tokens": [{"content": "x", "normalized": true}]})",
         "is single_word or normalized"},
        {R"({"model": {"type": "WordPiece", "vocab": {"a": 0}},)" + bert + "," + cut + "}",
         "the vocabulary has no token [UNK]"},
        {R"({"model": {"type": "WordPiece", "vocab": {"a": "b"}},)" + bert + "," + cut + "}",
         "a token of the vocabulary has no number"},
        {"not JSON", "tokenizer.json"},
    };
    for (const auto& [text, phrase] : cases) {
        const Folder folder;
        folder.Write("tokenizer.json", text);
        const auto tokenizer = ReadTokenizer(folder.path());
        ASSERT_FALSE(tokenizer.ok()) << text;
        EXPECT_NE(tokenizer.status().reason().find(phrase), std::string::npos)
            << tokenizer.status().reason();
    }
}

TEST(LocalModel, SaysWhatIsMissing) {
    const Folder folder;
    const auto missing = LocalModel::Load("libnothing.so", folder.path());
    EXPECT_NE(missing.status().reason().find("no model.onnx"), std::string::npos);
    folder.Write("model.onnx", "");
    const auto tokenizer = LocalModel::Load("libnothing.so", folder.path());
    EXPECT_NE(tokenizer.status().reason().find("neither tokenizer.json nor vocab.txt"),
              std::string::npos);
    folder.Write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\n");
    const auto library = LocalModel::Load("libnothing.so", folder.path());
    EXPECT_EQ(library.status().code(), base::Code::kUnsupportedOperation);
    EXPECT_NE(library.status().reason().find("elanus.model.onnxruntime"), std::string::npos);
}

}  // namespace
}  // namespace elanus::embedding
