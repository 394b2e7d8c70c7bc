// The functions of a schema: rules, terms and signatures against values made elsewhere.
#include "function/function.h"

#include "analyzer/text_analyzer.h"
#include "function/checks.h"
#include "function/minhash.h"
#include "function/shingle_hash.h"
#include "vindex/sparse.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace elanus::function {
namespace {

using schema::CollectionSchema;
using schema::DataType;
using schema::FieldSchema;
using schema::FunctionSchema;
using schema::FunctionType;

FieldSchema Field(base::FieldId id, const std::string& name, DataType type) {
    FieldSchema field;
    field.id = id;
    field.name = name;
    field.type = type;
    return field;
}

CollectionSchema TextSchema() {
    CollectionSchema schema;
    schema.fields = {Field(100, "id", DataType::kInt64), Field(101, "text", DataType::kVarChar),
                     Field(102, "sparse", DataType::kSparseFloatVector),
                     Field(103, "bits", DataType::kBinaryVector),
                     Field(104, "lang", DataType::kVarChar)};
    schema.fields[0].is_primary_key = true;
    schema.fields[1].type_params = {{"enable_analyzer", "true"}, {"max_length", "1000"}};
    schema.fields[3].type_params = {{"dim", "4096"}};
    FunctionSchema bm25;
    bm25.name = "bm25";
    bm25.type = FunctionType::kBm25;
    bm25.input_field_names = {"text"};
    bm25.output_field_names = {"sparse"};
    schema.functions = {bm25};
    return schema;
}

schema::Column Texts(const std::vector<const char*>& texts) {
    schema::ColumnBuilder builder(101, DataType::kVarChar);
    for (const char* text : texts) {
        text == nullptr ? builder.AppendNull() : builder.AppendBytes(text);
    }
    return builder.Finish();
}

std::map<uint32_t, float> Entries(std::string_view vector) {
    EXPECT_TRUE(vindex::CheckSparseVector(vector).ok());
    std::map<uint32_t, float> entries;
    for (size_t i = 0; i < vindex::SparseEntries(vector); ++i) {
        entries[vindex::SparseAt(vector, i).index] = vindex::SparseAt(vector, i).value;
    }
    return entries;
}

// Values of zlib.crc32 in Python.
TEST(TokenHash, IsTheCrc32OfTheFirstHundredBytes) {
    EXPECT_EQ(analyzer::TokenHash("hello"), 907060870u);
    EXPECT_EQ(analyzer::TokenHash("größe"), 1540598153u);
    EXPECT_EQ(analyzer::TokenHash(std::string(150, 'x')), 1577999759u);
    EXPECT_EQ(analyzer::TokenHash(std::string(100, 'x')), 1577999759u);
    EXPECT_EQ(analyzer::TokenHash(""), 0u);
}

// Values of libxxhash and of Python's hashlib.
TEST(ShingleHash, GivesThePublishedValues) {
    EXPECT_EQ(XxHash64(""), 0xef46db3751d8e999u);
    EXPECT_EQ(XxHash64("abc"), 0x44bc2cf5ad770999u);
    EXPECT_EQ(XxHash64("the quick brown fox jumps over the lazy dog and more"),
              0x9ebf20d24e40b427u);
    EXPECT_EQ(XxHash64("0123456789abcdef0123456789abcdef"), 0x642a94958e71e6c5u);
    EXPECT_EQ(XxHash64(std::string(71, 'x')), 0xf2dc8395a0c279aau);
    EXPECT_EQ(Sha1First32("abc"), 0x363e99a9u);
    EXPECT_EQ(Sha1First32(""), 0xeea339dau);
    EXPECT_EQ(Sha1First32(std::string(119, 'a')), 0x651097eeu);
    EXPECT_EQ(Sha1First32(std::string(64, 'a')), 0x82ba9800u);
}

TEST(Bm25Function, CountsTheTermsOfEachRow) {
    const CollectionSchema schema = TextSchema();
    const auto function = MakeFunction(schema, schema.functions[0]);
    ASSERT_TRUE(function.ok()) << function.status().reason();
    const schema::Column texts = Texts({"The cat, the CAT!", "", nullptr, "dog"});
    const schema::ColumnView inputs[] = {texts.View()};
    const auto column = (*function)->Run({}, inputs, 4);
    ASSERT_TRUE(column.ok());
    ASSERT_TRUE(column->Verify().ok());
    EXPECT_TRUE(column->validity.empty());
    EXPECT_EQ(column->field_id, 102);
    const schema::ColumnView view = column->View();
    const std::map<uint32_t, float> cats = {{analyzer::TokenHash("the"), 2.0f},
                                            {analyzer::TokenHash("cat"), 2.0f}};
    EXPECT_EQ(Entries(view.StringAt(0)), cats);
    EXPECT_EQ(view.StringAt(1), "");
    EXPECT_EQ(view.StringAt(2), "");
    EXPECT_EQ(Entries(view.StringAt(3)).size(), 1u);
    const std::string_view queries[] = {"cat cat dog"};
    const auto query = (*function)->RunOnTexts({}, queries, "");
    ASSERT_TRUE(query.ok());
    const std::map<uint32_t, float> wanted = {{analyzer::TokenHash("dog"), 1.0f},
                                              {analyzer::TokenHash("cat"), 2.0f}};
    EXPECT_EQ(Entries(query->View().StringAt(0)), wanted);
}

TEST(Bm25Function, AFieldOfTheRowChoosesAmongAnalyzers) {
    CollectionSchema schema = TextSchema();
    schema.fields[1].type_params["multi_analyzer_params"] = R"({"by_field": "lang",
        "analyzers": {"default": {"tokenizer": "standard"},
                      "plain": {"tokenizer": "whitespace"},
                      "lower": {"tokenizer": "whitespace", "filter": ["lowercase"]}},
        "alias": {"xx": "lower"}})";
    const auto function = MakeFunction(schema, schema.functions[0]);
    ASSERT_TRUE(function.ok()) << function.status().reason();
    ASSERT_EQ((*function)->input_fields(), (std::vector<base::FieldId>{101, 104}));
    const schema::Column texts = Texts({"A-b", "A-b", "A-b", "A-b"});
    const schema::Column languages = Texts({"plain", "xx", "other", nullptr});
    const schema::ColumnView inputs[] = {texts.View(), languages.View()};
    const auto column = (*function)->Run({}, inputs, 4);
    ASSERT_TRUE(column.ok());
    const auto terms = [&](size_t row) { return Entries(column->View().StringAt(row)); };
    EXPECT_TRUE(terms(0).contains(analyzer::TokenHash("A-b")));
    EXPECT_TRUE(terms(1).contains(analyzer::TokenHash("a-b")));
    EXPECT_EQ(terms(2).size(), 2u);
    EXPECT_EQ(terms(3), terms(2));
    const std::string_view queries[] = {"A-b"};
    EXPECT_EQ(Entries((*function)->RunOnTexts({}, queries, "xx")->View().StringAt(0)), terms(1));
    EXPECT_EQ(Entries((*function)->RunOnTexts({}, queries, "")->View().StringAt(0)), terms(2));
}

CollectionSchema MinHashSchema(schema::KeyValues params) {
    CollectionSchema schema = TextSchema();
    FunctionSchema minhash;
    minhash.name = "minhash";
    minhash.type = FunctionType::kMinHash;
    minhash.input_field_names = {"text"};
    minhash.output_field_names = {"bits"};
    minhash.params = std::move(params);
    schema.functions = {minhash};
    return schema;
}

// The share of equal numbers estimates the Jaccard similarity of the sets of shingles.
TEST(MinHashFunction, SignaturesAgreeAsMuchAsTheTexts) {
    for (const char* hash : {"xxhash", "sha1"}) {
        for (const bool words : {true, false}) {
            const CollectionSchema schema =
                MinHashSchema({{"hash_function", hash},
                               {"num_hashes", "128"},
                               {"shingle_size", words ? "1" : "3"},
                               {"token_level", words ? "word" : "char"}});
            const auto function = MakeFunction(schema, schema.functions[0]);
            ASSERT_TRUE(function.ok()) << function.status().reason();
            std::string a;
            std::string b;
            std::set<std::string> shingles_a;
            std::set<std::string> shingles_b;
            for (int word = 0; word < 400; ++word) {
                const std::string text = "w" + std::to_string(word * 7919);
                if (word < 300) {
                    a += text + " ";
                    shingles_a.insert(text);
                }
                if (word >= 100) {
                    b += text + " ";
                    shingles_b.insert(text);
                }
            }
            if (!words) {
                shingles_a.clear();
                shingles_b.clear();
                for (size_t i = 0; i + 3 <= a.size(); ++i) {
                    shingles_a.insert(a.substr(i, 3));
                }
                for (size_t i = 0; i + 3 <= b.size(); ++i) {
                    shingles_b.insert(b.substr(i, 3));
                }
            }
            std::vector<std::string> common;
            std::set_intersection(shingles_a.begin(), shingles_a.end(), shingles_b.begin(),
                                  shingles_b.end(), std::back_inserter(common));
            const double jaccard =
                static_cast<double>(common.size()) /
                static_cast<double>(shingles_a.size() + shingles_b.size() - common.size());
            const std::string_view texts[] = {a, b, "", a};
            const auto column = (*function)->RunOnTexts({}, texts, "");
            ASSERT_TRUE(column.ok());
            ASSERT_TRUE(column->Verify().ok());
            const auto numbers = column->values.As<uint32_t>();
            ASSERT_EQ(numbers.size(), 4 * 128u);
            int equal = 0;
            for (size_t i = 0; i < 128; ++i) {
                equal += numbers[i] == numbers[128 + i] ? 1 : 0;
                EXPECT_EQ(numbers[2 * 128 + i], 0xffffffffu);
                EXPECT_EQ(numbers[i], numbers[3 * 128 + i]);
            }
            EXPECT_NEAR(equal / 128.0, jaccard, 0.15) << hash << words;
        }
    }
}

TEST(MinHashFunction, ParametersHaveTheirRules) {
    const std::vector<std::pair<schema::KeyValues, std::string>> cases = {
        {{}, ""},
        {{{"num_hashes", "128"}, {"seed", "-7"}}, ""},
        {{{"num_hashes", "64"}}, "num_hashes * 32"},
        {{{"num_hashes", "many"}}, "should be an integer in range"},
        {{{"shingle_size", "0"}}, "should be an integer in range"},
        {{{"hash_function", "md5"}}, "expected one of xxhash, xxhash64, sha1"},
        {{{"token_level", "line"}}, "expected one of word, char"},
        {{{"colour", "red"}}, "does not take the param colour"},
    };
    for (const auto& [params, phrase] : cases) {
        const base::Status status = MinHashSettings::Parse(params, 4096).status();
        EXPECT_EQ(status.ok(), phrase.empty()) << status.reason();
        EXPECT_NE(status.reason().find(phrase), std::string::npos) << status.reason();
    }
}

TEST(CheckFunctions, EveryRuleHasItsPhrase) {
    using Change = std::function<void(CollectionSchema*)>;
    const std::vector<std::pair<Change, std::string>> cases = {
        {[](auto*) {}, ""},
        {[](auto* s) { s->functions[0].name = ""; }, "function name cannot be empty"},
        {[](auto* s) { s->functions[0].input_field_names = {}; },
         "function input field names cannot be empty"},
        {[](auto* s) { s->functions[0].output_field_names = {}; },
         "function output field names cannot be empty"},
        {[](auto* s) { s->functions[0].input_field_names = {"nothing"}; },
         "function input field not found: nothing"},
        {[](auto* s) { s->functions[0].output_field_names = {"nothing"}; },
         "function output field not found: nothing"},
        {[](auto* s) { s->functions[0].input_field_names = {"text", "text"}; },
         "each function input field should be used exactly once"},
        {[](auto* s) { s->functions[0].output_field_names = {"text"}; },
         "a single field cannot be both input and output"},
        {[](auto* s) { s->functions[0].input_field_names = {"id"}; },
         "BM25 function input field must be a VARCHAR/TEXT field, got 1 field with type Int64"},
        {[](auto* s) { s->functions[0].input_field_names = {"text", "lang"}; },
         "BM25 function input field must be a VARCHAR/TEXT field, got 2 field"},
        {[](auto* s) { s->functions[0].input_field_names = {"lang"}; },
         "BM25 function input field must set enable_analyzer to true"},
        {[](auto* s) { s->functions[0].output_field_names = {"bits"}; },
         "BM25 function output field must be a SparseFloatVector field, but got BinaryVector"},
        {[](auto* s) { s->functions[0].output_field_names = {"id"}; },
         "function output field cannot be primary key"},
        {[](auto* s) { s->fields[2].nullable = true; }, "function output field cannot be nullable"},
        {[](auto* s) { s->fields[2].is_clustering_key = true; },
         "function output field cannot be partition key or clustering key"},
        {[](auto* s) { s->functions[0].output_field_names = {"sparse", "bits"}; },
         "BM25 function only need 1 output field, but got 2"},
        {[](auto* s) { s->functions[0].params = {{"k1", "1"}}; },
         "BM25 function accepts no params"},
        {[](auto* s) { s->functions.push_back(s->functions[0]); }, "duplicate function name: bm25"},
        {[](auto* s) {
             s->functions.push_back(s->functions[0]);
             s->functions[1].name = "other";
         },
         "duplicate function output field: function other, field sparse"},
        {[](auto* s) { s->functions[0].type = FunctionType::kTextEmbedding; },
         "TextEmbedding function output field must be a FloatVector or Int8Vector field"},
        {[](auto* s) { s->functions[0].type = FunctionType::kUnknown; }, "unknown function type"},
        {[](auto* s) { s->fields[1].type_params["multi_analyzer_params"] = "{}"; },
         "must set by_field"},
        {[](auto* s) {
             s->fields[1].type_params["multi_analyzer_params"] =
                 R"({"by_field": "lang", "analyzers": {"a": {}}})";
         },
         "must set default analyzer"},
        {[](auto* s) {
             s->fields[1].type_params["multi_analyzer_params"] =
                 R"({"by_field": "id", "analyzers": {"default": {}}})";
         },
         "should be a VarChar field"},
    };
    for (const auto& [change, phrase] : cases) {
        CollectionSchema schema = TextSchema();
        change(&schema);
        const base::Status status = CheckFunctions(&schema);
        EXPECT_EQ(status.ok(), phrase.empty()) << status.reason();
        EXPECT_NE(status.reason().find(phrase), std::string::npos)
            << status.reason() << " lacks " << phrase;
    }
    CollectionSchema schema = TextSchema();
    schema.fields[3].is_function_output = true;  // as a client may send it
    ASSERT_TRUE(CheckFunctions(&schema).ok());
    EXPECT_TRUE(schema.fields[2].is_function_output);
    EXPECT_FALSE(schema.fields[3].is_function_output);
    EXPECT_EQ(FunctionOf(schema, schema.fields[2])->name, "bm25");
    EXPECT_EQ(FunctionOf(schema, schema.fields[1]), nullptr);
}

}  // namespace
}  // namespace elanus::function
