// Analyzers: the first line is their parameters, the rest the text. Whatever both are, tokens are
// valid UTF-8 out of the text's bounds.
#include "analyzer/text_analyzer.h"
#include "analyzer/unicode.h"
#include "target.h"

#include <algorithm>

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    const std::string text =
        "The naïve Foxes' 3.14 中文分词 สวัสดีชาวโลก 👩‍🔬 كِتَابٌ "
        "ab\xff\xc0\n";
    std::vector<std::string> seeds;
    for (const char* params : {
             R"({})",
             R"({"type": "english", "stop_words": ["x", "_german_"]})",
             R"({"type": "chinese"})",
             R"({"type": "arabic"})",
             R"({"type": "thai"})",
             R"({"tokenizer": "icu", "filter": ["removepunct", "asciifolding", "pinyin"]})",
             R"({"tokenizer": {"type": "standard", "uax29": true, "max_token_length": 3}})",
             R"({"tokenizer": {"type": "ngram", "max_gram": 3, "token_chars": ["letter"]}})",
             R"({"tokenizer": {"type": "char_group", "delimiters": ["o", "punctuation"]}})",
             R"({"tokenizer": {"type": "jieba", "dict": ["_default_", "词中"], "hmm": false}})",
             R"({"tokenizer": "whitespace", "filter": [{"type": "length", "max": 9},
                 {"type": "synonym", "synonyms": ["a, b => c\\,d"], "expand": false},
                 {"type": "decompounder", "word_list": ["ab", "a"]},
                 {"type": "stemmer", "language": "turkish"}, {"type": "regex", "expr": "[a-z]"}]})",
             R"({"tokenizer": {"type": "language_identifier", "analyzers": {"default": {}},
                 "mapping": {"English": "x"}, "identifier": {"type": "lingua"}}})",
         }) {
        std::string line = params;
        std::replace(line.begin(), line.end(), '\n', ' ');
        seeds.push_back(line + "\n" + text);
    }
    return seeds;
}

ELANUS_FUZZ_TARGET(analyzer) {
    const size_t line = std::min(bytes.find('\n'), bytes.size());
    const auto analyzer = analyzer::TextAnalyzer::Create(bytes.substr(0, line));
    if (!analyzer.ok()) {
        FUZZ_EXPECT(!analyzer.status().reason().empty());
        return;
    }
    const std::string_view text = bytes.substr(std::min(line + 1, bytes.size()));
    analyzer::TokenStream stream(*analyzer);
    for (int round = 0; round < 2; ++round) {
        stream.Reset(text);
        for (analyzer::Token token; stream.Next(&token);) {
            FUZZ_EXPECT(token.start <= token.end && token.end <= text.size());
            FUZZ_EXPECT(!token.text.empty() && token.position_length > 0);
            for (std::string_view rest = token.text; !rest.empty();) {
                const analyzer::CodePoint code = analyzer::FirstCodePoint(rest);
                FUZZ_EXPECT(code.valid);
                rest.remove_prefix(code.length);
            }
        }
    }
}
