#include "analyzer/text_analyzer.h"
#include "analyzer/unicode.h"

#include <string>

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
    EXPECT_EQ(Cut(R"({"filter": [{"type": "stop", "stop_words": ["b"]}]})", "a b c"), "a@0 c@2");
    for (const char* params :
         {R"({"type": "klingon"})", R"({"tokenizer": "jieba"})", R"({"filter": ["stem"]})", "[]",
          "{", R"({"colour": 1})", R"({"filter": [{"type": "stop"}]})"}) {
        EXPECT_FALSE(TextAnalyzer::Create(params).ok()) << params;
    }
}

TEST(Unicode, LowersLetters) {
    EXPECT_EQ(LowerCase(0xc9), 0xe9U);    // É
    EXPECT_EQ(LowerCase(0x100), 0x101U);  // Ā
    EXPECT_EQ(LowerCase(0x101), 0x101U);  // ā
    EXPECT_EQ(LowerCase(0x410), 0x430U);  // А
    EXPECT_EQ(LowerCase(0x10400), 0x10428U);
    EXPECT_EQ(LowerCase('1'), static_cast<uint32_t>('1'));
}

}  // namespace
}  // namespace elanus::analyzer
