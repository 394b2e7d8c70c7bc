// Tokens as other programs cut them: Lucene, ICU4J, jieba, Snowball, MeCab. The files are written
// by tests/analyzer/make_expected.py.
#include "analyzer/dictionary_folder.h"
#include "analyzer/language/identification.h"
#include "analyzer/text_analyzer.h"
#include "analyzer/unicode.h"
#include "json/json.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::analyzer {
namespace {

// "text@position[start,end) ..."
std::string Show(const std::vector<OwnedToken>& tokens) {
    std::string out;
    for (const OwnedToken& token : tokens) {
        out += token.text + "@" + std::to_string(token.position) + "[" +
               std::to_string(token.start) + "," + std::to_string(token.end) + ") ";
    }
    return out;
}

std::string ShowExpected(const json::Value& tokens) {
    std::vector<OwnedToken> list;
    for (const json::Value& token : *tokens.array_if()) {
        const auto& parts = *token.array_if();
        const auto number = [&](size_t i) { return static_cast<uint32_t>(*parts[i].int64_if()); };
        list.push_back({*parts[0].string_if(), number(1), number(2), number(3)});
    }
    return Show(list);
}

// How many cases of the file were checked.
size_t CheckFile(const std::string& name) {
    std::ifstream file(std::string(ELANUS_EXPECTED_FOLDER) + "/" + name + ".jsonl");
    size_t cases = 0;
    for (std::string line; std::getline(file, line); ++cases) {
        const auto parsed = json::Parse(line);
        EXPECT_TRUE(parsed.ok()) << line;
        const std::string params = json::Write(*parsed->Find("params"));
        const std::string& text = *parsed->Find("text")->string_if();
        const auto analyzer = TextAnalyzer::Create(params);
        if (!analyzer.ok()) {
            ADD_FAILURE() << params << ": " << analyzer.status().reason();
            continue;
        }
        EXPECT_EQ(Show(Tokens(*analyzer, text)), ShowExpected(*parsed->Find("tokens")))
            << params << "\n"
            << text;
    }
    return cases;
}

TEST(ExpectedTokens, Lucene) {
    EXPECT_GT(CheckFile("lucene"), 200U);
}
TEST(ExpectedTokens, Icu) {
    EXPECT_GT(CheckFile("icu"), 40U);
}
TEST(ExpectedTokens, Unicode) {
    EXPECT_GT(CheckFile("word_break"), 150U);
}
TEST(ExpectedTokens, Jieba) {
    EXPECT_GT(CheckFile("jieba"), 100U);
}

// A dictionary that the operator provides in place of the built-in one.
TEST(ExpectedTokens, JiebaWithAFile) {
    const std::string before = DictionaryFolder();
    SetDictionaryFolder(std::string(ELANUS_EXPECTED_FOLDER) + "/../dictionaries");
    EXPECT_EQ(CheckFile("jieba_file"), 28U);
    const auto with_word = TextAnalyzer::Create(
        R"({"tokenizer": {"type": "jieba", "dict": ["_default_", "_extend_default_", "沒有的字詞"]}})");
    EXPECT_EQ(Show(Tokens(*with_word, "沒有的字詞")), "沒有的字詞@0[0,15) ");
    SetDictionaryFolder(testing::TempDir());
    const char* extended = R"({"tokenizer": {"type": "jieba", "dict": ["_extend_default_"]}})";
    const auto gone = TextAnalyzer::Create(extended);
    EXPECT_NE(gone.status().reason().find("dict.txt.big can not be read"), std::string::npos);
    const std::string folder = testing::TempDir() + "/elanus_broken_dictionary";
    std::filesystem::create_directories(folder + "/jieba");
    for (const char* line : {"word", " 5", "word x", "word 5x n", "word 99999999999", "\xff 5"}) {
        std::ofstream(folder + "/jieba/dict.txt.big") << "one 1\n" << line << "\n";
        SetDictionaryFolder(folder);
        const auto broken = TextAnalyzer::Create(extended);
        EXPECT_NE(broken.status().reason().find("line 2 of jieba/dict.txt.big is not a word"),
                  std::string::npos)
            << line << ": " << broken.status().reason();
    }
    SetDictionaryFolder(before);
}

TEST(ExpectedTokens, Snowball) {
    EXPECT_GT(CheckFile("stemmer"), 60U);
}

// The dictionaries are data of their own: without them there is nothing to check.
TEST(ExpectedTokens, MecabAndLindera) {
    if (std::getenv("ELANUS_DICTIONARIES") != nullptr) {
        SetDictionaryFolder(std::getenv("ELANUS_DICTIONARIES"));
    }
    if (!FindMecabDictionary("ipadic").ok()) {
        GTEST_SKIP() << "the dictionary ipadic is not installed";
    }
    EXPECT_EQ(CheckFile("decompose"), 8U);
    // Long texts are cut in chunks, which nobody may notice.
    const auto analyzer =
        TextAnalyzer::Create(R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic"}})");
    const std::string sentence = "関西国際空港限定トートバッグを買いました。";
    std::string text;
    for (int i = 0; i < 2000; ++i) {
        text += sentence;
    }
    const auto tokens = Tokens(*analyzer, text);
    ASSERT_EQ(tokens.size(), 2000 * Tokens(*analyzer, sentence).size());
    EXPECT_EQ(tokens.back().position, tokens.size() - 1);
    EXPECT_EQ(tokens.back().end, text.size());
    if (!FindMecabDictionary("ko-dic").ok()) {
        GTEST_SKIP() << "the dictionary ko-dic is not installed";
    }
    EXPECT_GT(CheckFile("mecab"), 30U);
}

TEST(WordFiles, AreReadFromTheFolderOnly) {
    const std::string folder = testing::TempDir() + "/elanus_words";
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/words.txt") << "the\r\n\nend\n";
    std::ofstream(folder + "/synonyms.txt") << "car, auto\n";
    std::ofstream(folder + "/jieba.txt") << "杭研大厦 5 n\n";
    const auto cut = [](const std::string& params, const std::string& text) {
        const auto analyzer = TextAnalyzer::Create(params);
        return analyzer.ok() ? Show(Tokens(*analyzer, text)) : analyzer.status().reason();
    };
    const auto stop = [](const std::string& file) {
        return R"({"tokenizer": "whitespace", "filter": [{"type": "stop", "stop_words_file": )" +
               file + "}]}";
    };
    const std::string words = stop(R"({"type": "local", "path": "words.txt"})");
    const std::string before = DictionaryFolder();
    SetDictionaryFolder("");
    EXPECT_NE(cut(words, "").find("local_resource_path is not set"), std::string::npos);
    SetDictionaryFolder(folder);
    EXPECT_EQ(cut(words, "the x end"), "x@1[4,5) ");
    EXPECT_EQ(cut(R"({"tokenizer": "whitespace", "filter": [{"type": "synonym", "synonyms_file":
                      {"type": "local", "path": "synonyms.txt"}}]})",
                  "car"),
              "car@0[0,3) auto@0[0,3) ");
    EXPECT_EQ(cut(R"({"tokenizer": "whitespace", "filter": [{"type": "decompounder",
                      "word_list_file": {"type": "local", "path": "words.txt"}}]})",
                  "theend"),
              "the@0[0,6) end@0[0,6) ");
    EXPECT_EQ(cut(R"({"tokenizer": {"type": "jieba", "mode": "exact", "extra_dict_file":
                      {"type": "local", "path": "jieba.txt"}}})",
                  "网易杭研大厦"),
              "网易@0[0,6) 杭研大厦@2[6,18) ");
    for (const char* path : {"/etc/passwd", "../words.txt", "a/../../words.txt", ".."}) {
        EXPECT_NE(cut(stop(R"({"type": "local", "path": ")" + std::string(path) + "\"}"), "")
                      .find("stay in it"),
                  std::string::npos);
    }
    EXPECT_NE(cut(stop(R"({"type": "local", "path": "gone.txt"})"), "").find("can not be read"),
              std::string::npos);
    EXPECT_NE(cut(stop(R"({"type": "remote"})"), "").find("must have a resource_name"),
              std::string::npos);
    SetDictionaryFolder(before);
}

TEST(Lindera, CutsOutTheWordsOfTheUser) {
    if (!FindMecabDictionary("ipadic").ok()) {
        GTEST_SKIP() << "the dictionary ipadic is not installed";
    }
    const std::string folder = testing::TempDir() + "/elanus_user_words";
    std::filesystem::create_directories(folder);
    const std::string before = DictionaryFolder();
    SetDictionaryFolder(folder);
    const auto cut = [&](const std::string& lines, const std::string& text,
                         const std::string& more = "") {
        static int files = 0;  // analyzers of the same parameters are made once
        const std::string name = "words" + std::to_string(++files) + ".csv";
        std::ofstream(folder + "/" + name) << lines;
        const auto analyzer = TextAnalyzer::Create(
            R"({"tokenizer": {"type": "lindera", "dict_kind": "ipadic",
                "user_dict": {"type": "local", "path": ")" +
            name + "\"}" + more + "}}");
        return analyzer.ok() ? Show(Tokens(*analyzer, text)) : analyzer.status().reason();
    };
    const std::string lines =
        "東京スカイツリー,カスタム名詞,トウキョウスカイツリー\n"
        "スカイツリー,カスタム名詞,スカイツリー\n"
        "とうきょうスカイツリー駅,1288,1288,-1000,名詞,固有名詞,一般,カスタム,*,*,*,トウキョウ,*\n";
    // The example in lindera's own description of user dictionaries.
    const std::string sentence = "東京スカイツリーの最寄り駅はとうきょうスカイツリー駅です";
    const std::string whole =
        "東京スカイツリー@0[0,24) の@1[24,27) 最寄り駅@2[27,39) は@3[39,42) "
        "とうきょうスカイツリー駅@4[42,78) です@5[78,84) ";
    EXPECT_EQ(cut(lines, sentence), whole);
    EXPECT_EQ(cut(lines, sentence, R"(, "mode": "decompose")"), whole);
    EXPECT_EQ(cut(lines, sentence, R"(, "filter": [{"kind": "japanese_keep_tags",
                                        "tags": ["カスタム名詞", "名詞,固有名詞,一般,カスタム"]}])"),
              "東京スカイツリー@0[0,24) とうきょうスカイツリー駅@4[42,78) ");
    EXPECT_EQ(cut(lines, "東京スカイツリー", R"(, "filter": [{"kind": "japanese_stop_tags",
                                               "tags": ["UNK"]}])"),
              "東京スカイツリー@0[0,24) ");
    EXPECT_EQ(cut(lines, "スカイツリースカイツ"), "スカイツリー@0[0,18) スカイツ@1[18,30) ");
    EXPECT_EQ(cut(lines, " スカイツリー\n スカイツリー"),
              "スカイツリー@0[1,19) スカイツリー@1[21,39) ");
    EXPECT_EQ(cut(lines, "見る スカイツリー 見る"),
              "見る@0[0,6) スカイツリー@1[7,25) 見る@2[26,32) ");
    for (const char* line : {"a,b", "a", "a,1,2,3", ",名詞,x", "a b,名詞,x", "\xff,名詞,x"}) {
        EXPECT_NE(cut(std::string(line) + "\n", "").find("user_dict: line 1 is no word"),
                  std::string::npos)
            << line;
    }
    SetDictionaryFolder(before);
}

TEST(Lindera, SaysWhichDictionariesThereAre) {
    const auto refused = [](const std::string& params) {
        return TextAnalyzer::Create(R"({"tokenizer": {"type": "lindera", )" + params + "}}")
            .status()
            .reason();
    };
    EXPECT_NE(refused(R"("dict_kind": "x")").find("unsupported lindera dict type: x"),
              std::string::npos);
    EXPECT_NE(refused(R"("dict_kind": "cc-cedict")").find("is not installed"), std::string::npos);
    EXPECT_NE(refused(R"("mode": "normal")").find("dict_kind must be set"), std::string::npos);
    EXPECT_NE(refused(R"("dict_kind": "ipadic", "mode": "x")").find("mode must be"),
              std::string::npos);
    EXPECT_NE(refused(R"("dict_kind": "ipadic", "filter": [{"kind": "x"}])").find("filter kind: x"),
              std::string::npos);
}

// Sentences of texts.txt, and the language each is in.
TEST(Language, IsIdentified) {
    const std::pair<int, const char*> sentences[] = {
        {0, "English"},     {4, "German"},   {5, "French"},    {6, "Spanish"},    {7, "Italian"},
        {8, "Portuguese"},  {9, "Dutch"},    {10, "Swedish"},  {13, "Finnish"},   {14, "Hungarian"},
        {15, "Romanian"},   {16, "Turkish"}, {17, "Russian"},  {18, "Ukrainian"}, {19, "Greek"},
        {20, "Arabic"},     {21, "Persian"}, {22, "Hebrew"},   {23, "Hindi"},     {24, "Bengali"},
        {25, "Tamil"},      {26, "Telugu"},  {29, "Mandarin"}, {30, "Mandarin"},  {33, "Japanese"},
        {34, "Japanese"},   {36, "Korean"},  {37, "Thai"},     {39, "Khmer"},     {40, "Burmese"},
        {41, "Vietnamese"},
    };
    std::ifstream file(std::string(ELANUS_EXPECTED_FOLDER) + "/../texts.txt");
    std::vector<std::string> texts;
    for (std::string line; std::getline(file, line);) {
        texts.push_back(line);
    }
    for (const auto& [number, language] : sentences) {
        const Identification found = IdentifyLanguage(texts.at(number));
        EXPECT_EQ(found.language, language) << texts.at(number);
        EXPECT_GT(found.confidence, 0.3) << texts.at(number);
    }
    EXPECT_EQ(IdentifyLanguage("12 34 \xff").language, "");
    EXPECT_EQ(IdentifyLanguage("").confidence, 0);
}

TEST(Language, ChoosesTheAnalyzer) {
    const auto cut = [](const std::string& options, const std::string& text) {
        const auto analyzer = TextAnalyzer::Create(
            R"({"tokenizer": {"type": "language_identifier", "analyzers": {
                "en": {"type": "english"},
                "Mandarin": {"type": "chinese"}, "default": {"tokenizer": "whitespace"}},
                "mapping": {"English": "en", "Chinese": "Mandarin"})" +
            options + "}}");
        return analyzer.ok() ? Show(Tokens(*analyzer, text)) : analyzer.status().reason();
    };
    EXPECT_EQ(cut("", "What is the weather"), "what@0[0,4) weather@3[12,19) ");
    EXPECT_EQ(cut("", "数据"), "数据@0[0,6) ");
    EXPECT_EQ(cut(R"(, "identifier": "lingua")", "数据，"), "数据@0[0,6) ");
    EXPECT_EQ(cut(R"(, "identifier": {"type": "whatlang", "confidence": 1})", "数据，"),
              "数据，@0[0,9) ");
    EXPECT_EQ(cut("", "собаки, там"), "собаки,@0[0,13) там@1[14,20) ");
    EXPECT_NE(cut(R"(, "identifier": "x")", "").find("unknown identifier name: x"),
              std::string::npos);
}

// Texts put together of valid pieces and of bytes that are no UTF-8: cutting everything must give
// back the valid ones and nothing else.
TEST(MalformedText, NeverBreaksATokenizer) {
    const std::string valid[] = {"a",  "Word",     " ",  "é",  "中文",        "数据库", "สวัสดี",
                                 "日", "カタカナ", "한", "🇨🇳", "👩‍🔬", "३",      "\n"};
    const std::string broken[] = {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf8", "\x80", "\xf5\x80"};
    const char* everything[] = {R"({"tokenizer": "icu"})",
                                R"({"tokenizer": {"type": "jieba", "mode": "exact"}})"};
    const char* others[] = {"{}",
                            R"({"type": "english"})",
                            R"({"type": "chinese"})",
                            R"({"type": "arabic"})",
                            R"({"type": "thai"})",
                            R"({"tokenizer": {"type": "standard", "uax29": true}})",
                            R"({"tokenizer": "whitespace", "filter": ["asciifolding", "pinyin"]})",
                            R"({"tokenizer": {"type": "ngram", "max_gram": 3}})"};
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        std::string text;
        std::string clean;
        for (int i = 0; i < 12; ++i) {
            if (random() % 3 == 0) {
                text += broken[random() % std::size(broken)];
            } else {
                const std::string& piece = valid[random() % std::size(valid)];
                text += piece;
                clean += piece;
            }
        }
        text += "\xe4\xb8";  // cut off
        for (const char* params : everything) {
            std::string joined;
            for (const OwnedToken& token : Tokens(*TextAnalyzer::Create(params), text)) {
                EXPECT_EQ(text.substr(token.start, token.end - token.start), token.text);
                joined += token.text;
            }
            EXPECT_EQ(joined, clean) << params;
        }
        for (const char* params : others) {
            for (const OwnedToken& token : Tokens(*TextAnalyzer::Create(params), text)) {
                EXPECT_LT(token.start, token.end);
                EXPECT_LE(token.end, text.size());
                for (std::string_view rest = token.text; !rest.empty();) {
                    const CodePoint code = FirstCodePoint(rest);
                    EXPECT_TRUE(code.valid) << params;
                    rest.remove_prefix(code.length);
                }
            }
        }
    }
}

}  // namespace
}  // namespace elanus::analyzer
