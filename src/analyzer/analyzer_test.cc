#include "analyzer/sentences.h"
#include "analyzer/text_analyzer.h"
#include "analyzer/unicode.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::analyzer {
namespace {

// "word@position word@position"
std::string Cut(const std::string& params, const std::string& text) {
    auto analyzer = TextAnalyzer::Create(params);
    if (!analyzer.ok()) {
        return analyzer.status().reason();
    }
    std::string out;
    for (const OwnedToken& token : Tokens(*analyzer, text)) {
        out += (out.empty() ? "" : " ") + token.text + "@" + std::to_string(token.position);
    }
    return out;
}

// "word@position[start,end)", with "+length" after the position when it is not 1.
std::string CutWithOffsets(const std::string& params, const std::string& text) {
    auto analyzer = TextAnalyzer::Create(params);
    if (!analyzer.ok()) {
        return analyzer.status().reason();
    }
    std::string out;
    for (const OwnedToken& token : Tokens(*analyzer, text)) {
        out += (out.empty() ? "" : " ") + token.text + "@" + std::to_string(token.position);
        if (token.position_length != 1) {
            out += "+" + std::to_string(token.position_length);
        }
        out += "[" + std::to_string(token.start) + "," + std::to_string(token.end) + ")";
    }
    return out;
}

TEST(TextAnalyzer, CutsAtWhatIsNeitherLetterNorDigit) {
    EXPECT_EQ(Cut("", "The Quick-Brown fox's 42nd jump!"),
              "the@0 quick@1 brown@2 fox@3 s@4 42nd@5 jump@6");
    EXPECT_EQ(Cut("{}", "  "), "");
    EXPECT_EQ(Cut(R"({"type": "standard"})", "A b"), "a@0 b@1");
    EXPECT_EQ(Cut("", "Größe ÉTÉ Ωmega ПРИВЕТ"), "größe@0 été@1 ωmega@2 привет@3");
    EXPECT_EQ(Cut("", "向量 数据库"), "向量@0 数据库@1");
    // The virama is no letter.
    EXPECT_EQ(Cut("", "हिन्दी"), "हिन@0 दी@1");
    EXPECT_EQ(Cut("",
                  "a\xff"
                  "b\xc3"),
              "a@0 b@1");
}

TEST(TextAnalyzer, FollowsItsParameters) {
    EXPECT_EQ(Cut(R"({"tokenizer": "standard"})", "A-b"), "A@0 b@1");
    EXPECT_EQ(Cut(R"({"tokenizer": "whitespace", "filter": ["lowercase"]})", "A-b C"), "a-b@0 c@1");
    EXPECT_EQ(Cut(R"({"type": "standard", "stop_words": ["the"]})", "The end of the day"),
              "end@1 of@2 day@4");
    EXPECT_EQ(Cut(R"({"type": "standard", "stop_words": ["_english_", "day", "_no_list_"]})",
                  "The end of the day _no_list_"),
              "end@1 list@6");
    EXPECT_EQ(Cut(R"({"tokenizer": "standard", "filter": [{"type": "stop", "stop_words": ["b"]}]})",
                  "a b c"),
              "a@0 c@2");
    EXPECT_EQ(Cut(R"({"type": "english"})", "The Runner was running quickly"),
              "runner@1 run@3 quick@4");
}

TEST(TextAnalyzer, SaysWhereTokensCameFrom) {
    EXPECT_EQ(CutWithOffsets("", "Größe  é"), "größe@0[0,7) é@1[9,11)");
    EXPECT_EQ(CutWithOffsets(R"({"tokenizer": "standard", "filter": ["asciifolding"]})", "Größe x"),
              "Grosse@0[0,7) x@1[8,9)");
    EXPECT_EQ(CutWithOffsets(R"({"tokenizer": "jieba"})", "向量 数据库"),
              "向量@0+2[0,6)  @2[6,7) 数据@3+2[7,13) 据库@4+2[10,16) 数据库@3+3[7,16)");
    EXPECT_EQ(CutWithOffsets(R"({"type": "chinese"})", "a\xff向量，b"),
              "a@0[0,1) 向量@2+2[2,8) b@5[11,12)");
    EXPECT_EQ(CutWithOffsets(R"({"tokenizer": "icu"})", "é\xc3,x"), "é@0[0,2) ,@2[3,4) x@3[4,5)");
    EXPECT_EQ(CutWithOffsets(R"({"tokenizer": {"type": "ngram", "min_gram": 2, "max_gram": 3,
                                 "token_chars": ["letter"]}})",
                             "abc-é"
                             "d"),
              "ab@0[0,2) abc@0[0,3) bc@0[1,3) éd@1[4,7)");
}

TEST(TextAnalyzer, TokenizersWithoutADictionary) {
    const std::string uax29 = R"({"tokenizer": {"type": "standard", "uax29": true}})";
    EXPECT_EQ(Cut(uax29, "O'Neill can't pay 32.3 for foo_bar, 中文"),
              "O'Neill@0 can't@1 pay@2 32.3@3 for@4 foo_bar@5 中@6 文@7");
    EXPECT_EQ(Cut(R"({"tokenizer": {"type": "standard", "uax29": true, "max_token_length": 3}})",
                  "abcdefg hi"),
              "abc@0 def@1 g@2 hi@3");
    EXPECT_EQ(Cut(R"({"tokenizer": {"type": "char_group", "delimiters": ["o", "punctuation",
                                                                         "ascii_digit"]}})",
                  "fox,toad1frog、x"),
              "f@0 x@1 t@2 ad@3 fr@4 g@5 x@6");
    EXPECT_EQ(Cut(R"({"tokenizer": {"type": "ngram", "min_gram": 1, "max_gram": 2,
                                    "prefix_only": true}})",
                  "ab"),
              "a@0 ab@0");
}

TEST(TextAnalyzer, FiltersKeepPlaces) {
    const auto with = [](const std::string& filters) {
        return R"({"tokenizer": "whitespace", "filter": [)" + filters + "]}";
    };
    EXPECT_EQ(Cut(with(R"("alphanumonly")"), "ab é c-d 1"), "ab@0 1@3");
    EXPECT_EQ(Cut(with(R"("cnalphanumonly")"), "ab é 中é - 1é"), "ab@0 中é@2 1é@4");
    EXPECT_EQ(Cut(with(R"("cncharonly")"), "ab 中b -"), "中b@1");
    EXPECT_EQ(Cut(with(R"("removepunct")"), "a , ， b!"), "a@0 b!@3");
    EXPECT_EQ(Cut(with(R"({"type": "length", "max": 3})"), "abc abcd éé"), "abc@0");
    EXPECT_EQ(Cut(with(R"({"type": "regex", "expr": "^a"})"), "ab ba a"), "ab@0 a@2");
    EXPECT_EQ(Cut(with(R"("decimaldigit")"), "٣٤ ๓x 𝟗 ４"), "34@0 3x@1 9@2 4@3");
    EXPECT_EQ(Cut(with(R"("arabic_normalization")"), "أحمد مدرسة كِتَابٌ عـــربي مستشفى ً"),
              "احمد@0 مدرسه@1 كتاب@2 عربي@3 مستشفي@4");
    EXPECT_EQ(Cut(with(R"({"type": "stemmer", "language": "German"})"), "Häuser"), "Haus@0");
}

TEST(TextAnalyzer, OneTokenCanBecomeSeveral) {
    const auto synonyms = [](const std::string& rows, const std::string& expand) {
        return R"({"tokenizer": "whitespace", "filter": [{"type": "synonym", "synonyms": [)" +
               rows + R"(], "expand": )" + expand + "}]}";
    };
    EXPECT_EQ(Cut(synonyms(R"("car, auto", "tv => telly, television")", "true"), "a car tv x"),
              "a@0 car@1 auto@1 tv@2 telly@2 television@2 x@3");
    EXPECT_EQ(Cut(synonyms(R"("car, auto", "tv => telly, television")", "false"), "auto tv x"),
              "car@0 telly@1 television@1 x@2");
    EXPECT_EQ(Cut(synonyms(R"("new\\ york, ny", "a\\,b => c\\=>d")", "false"), "ny a,b"),
              "new york@0 c=>d@1");
    const std::string words = R"({"tokenizer": "whitespace", "filter": [{"type": "decompounder",
                                  "word_list": ["dampf", "dampfer", "schiff", "fahrt", "er"]}]})";
    EXPECT_EQ(Cut(words, "dampfschifffahrt dampfers dampferschiff"),
              "dampf@0 schiff@0 fahrt@0 dampfers@1 dampfer@2 schiff@2");
    EXPECT_EQ(Cut(R"({"tokenizer": "jieba", "filter": ["pinyin"]})", "中文测试"),
              "中文@0 zhong@0 wen@0 测试@2 ce@2 shi@2");
    EXPECT_EQ(Cut(R"({"tokenizer": "whitespace", "filter": [{"type": "pinyin",
                      "keep_original": false, "keep_full_pinyin": false,
                      "keep_joined_full_pinyin": true, "keep_separate_first_letter": true}]})",
                  "绿色 abc"),
              "lüse@0 ls@0");
}

TEST(TextAnalyzer, RefusesWhatItDoesNotKnow) {
    const std::pair<const char*, const char*> cases[] = {
        {R"({"type": "klingon"})", "unknown build-in analyzer type: klingon"},
        {R"({"type": 1})", "analyzer type shoud be string"},
        {R"({"type": "standard", "colour": 1})", "unknown analyzer option key: colour"},
        {R"({"colour": 1})", "unknown analyzer option key: colour"},
        {R"({"filter": []})", "tokenizer name or type must be set"},
        {R"({"tokenizer": 1})", "tokenizer name should be string or dict"},
        {R"({"tokenizer": "klingon"})", "unsupported tokenizer: klingon"},
        {R"({"tokenizer": {"a": 1}})", "costum tokenizer must set type"},
        {R"({"tokenizer": {"type": 1}})", "tokenizer type should be string"},
        {R"({"tokenizer": "standard", "filter": 1})", "filter params should be array"},
        {R"({"tokenizer": "standard", "filter": ["stem"]})", "filter not found :stem"},
        {R"({"tokenizer": "standard", "filter": [{"a": 1}]})", "no type field in filter params"},
        {R"({"tokenizer": "standard", "filter": [{"type": 1}]})", "filter type should be string"},
        {R"({"tokenizer": "standard", "filter": [{"type": "x"}]})", "unsupport filter type: x"},
        {R"({"tokenizer": "standard", "filter": [{"type": "stop"}]})", "stop_words can't be empty"},
        {R"({"tokenizer": "standard", "filter": [{"type": "stop", "stop_words": [1]}]})",
         "stop_words list item should be string"},
        {R"({"tokenizer": "standard", "filter": [{"type": "length"}]})", "lenth max param"},
        {R"({"tokenizer": "standard", "filter": [{"type": "stemmer", "language": "elvish"}]})",
         "unsupport language: elvish"},
        {R"({"tokenizer": "standard", "filter": [{"type": "regex", "expr": "("}]})",
         "regex expression invalid, expr:("},
        {R"({"tokenizer": "standard", "filter": [{"type": "synonym", "synonyms": ["a=>b=>c"]}]})",
         "more than one"},
        {R"({"tokenizer": "standard", "filter": [{"type": "synonym", "synonyms": ["a b, c"]}]})",
         "space between words"},
        {R"({"tokenizer": "standard", "filter": [{"type": "decompounder", "word_list": []}]})",
         "word list is empty"},
        {R"({"tokenizer": {"type": "standard", "uax29": 1}})", "uax29 must be a boolean"},
        {R"({"tokenizer": {"type": "standard", "max_token_length": 9}})", "requires uax29"},
        {R"({"tokenizer": {"type": "char_group"}})", "delimiters can't be empty"},
        {R"({"tokenizer": {"type": "char_group", "delimiters": ["xy"]}})", "xy not a char or name"},
        {R"({"tokenizer": {"type": "jieba", "mode": "x"}})", "mode must be"},
        {R"({"tokenizer": {"type": "ngram", "min_gram": 3, "max_gram": 2}})",
         "min_gram must not be greater than max_gram"},
        {"[]", "should be a json map"},
        {"{", ""},
    };
    for (const auto& [params, phrase] : cases) {
        const auto analyzer = TextAnalyzer::Create(params);
        ASSERT_FALSE(analyzer.ok()) << params;
        EXPECT_NE(analyzer.status().reason().find(phrase), std::string::npos)
            << params << ": " << analyzer.status().reason();
        EXPECT_EQ(analyzer.status().code(), base::Code::kInvalidParameter);
    }
}

TEST(TextAnalyzer, IsSharedByThreads) {
    const std::string text = "数据库 running สวัสดีชาวโลก";
    for (const char* params : {R"({"type": "english"})", R"({"type": "chinese"})",
                               R"({"type": "thai"})", R"({"tokenizer": "icu"})"}) {
        const std::string expected = Cut(params, text);
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int round = 0; round < 50; ++round) {
                    EXPECT_EQ(Cut(params, text), expected);
                }
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
    }
}

// What zlib's crc32() says of these texts.
TEST(TextAnalyzer, HashesAsMilvusDoes) {
    EXPECT_EQ(TokenHash(""), 0U);
    EXPECT_EQ(TokenHash("milvus"), 0x2b425977U);
    EXPECT_EQ(TokenHash(std::string(150, 'a')), TokenHash(std::string(100, 'a')));
}

TEST(Unicode, LowersLetters) {
    EXPECT_EQ(LowerCase(0xc9), 0xe9U);    // É
    EXPECT_EQ(LowerCase(0x100), 0x101U);  // Ā
    EXPECT_EQ(LowerCase(0x101), 0x101U);  // ā
    EXPECT_EQ(LowerCase(0x410), 0x430U);  // А
    EXPECT_EQ(LowerCase(0x10400), 0x10428U);
    EXPECT_EQ(LowerCase('1'), static_cast<uint32_t>('1'));
}

std::vector<std::string> SentencesOf(std::string_view text) {
    std::vector<std::string> sentences;
    for (const TextRange& range : Sentences(text)) {
        sentences.emplace_back(text.substr(range.start, range.end - range.start));
    }
    return sentences;
}

// The examples follow the rules of Unicode Standard Annex 29: SB6 to SB11 and SB4.
TEST(Sentences, EndWhereUnicodeEndsThem) {
    using Texts = std::vector<std::string>;
    EXPECT_EQ(SentencesOf(""), Texts());
    EXPECT_EQ(SentencesOf(" \n "), Texts());
    EXPECT_EQ(SentencesOf("One"), Texts({"One"}));
    EXPECT_EQ(SentencesOf("  It costs 3.4 dollars. She said \"Go!\" He went?  Yes."),
              Texts({"It costs 3.4 dollars.", "She said \"Go!\"", "He went?", "Yes."}));
    EXPECT_EQ(SentencesOf("the resp. leaders are"), Texts({"the resp. leaders are"}));
    EXPECT_EQ(SentencesOf("\u4f60\u597d\u3002\u518d\u89c1\u3002"),
              Texts({"\u4f60\u597d\u3002", "\u518d\u89c1\u3002"}));
    EXPECT_EQ(SentencesOf("One\nTwo"), Texts({"One", "Two"}));
    EXPECT_EQ(SentencesOf("bad \xff byte. Next"), Texts({"bad \xff byte.", "Next"}));
}

}  // namespace
}  // namespace elanus::analyzer
