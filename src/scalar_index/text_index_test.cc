// Text indexes against the evaluator, which reads the rows.
#include "scalar_index/text_index.h"

#include "codec/sink.h"
#include "scalar_index/fixture_test.h"

#include <random>

#include <gtest/gtest.h>

namespace elanus::scalar_index {
namespace {

using schema::DataType;

schema::FieldSchema TextField(const std::string& analyzer_params) {
    schema::FieldSchema field;
    field.id = test::kField;
    field.name = "t";
    field.type = DataType::kVarChar;
    field.nullable = true;
    field.type_params = {{"enable_analyzer", "true"}, {"enable_match", "true"}};
    if (!analyzer_params.empty()) {
        field.type_params["analyzer_params"] = analyzer_params;
    }
    return field;
}

schema::Column RandomTexts(size_t rows, uint32_t seed) {
    static constexpr const char* kWords[] = {"the",  "The", "quick", "brown", "fox",     "jumps",
                                             "over", "a",   "lazy",  "dog's", "Ünïcode", "x"};
    std::mt19937 random(seed);
    schema::Column column;
    column.type = DataType::kVarChar;
    column.rows = rows;
    std::string bytes;
    std::vector<uint32_t> offsets(1, 0);
    column.validity = base::Bitmap(rows);
    for (size_t row = 0; row < rows; ++row) {
        const bool is_null = random() % 10 == 0;
        for (size_t words = is_null ? 0 : random() % 12; words > 0; --words) {
            bytes += kWords[random() % std::size(kWords)];
            bytes += random() % 4 == 0 ? ", " : " ";
        }
        column.validity.Assign(row, !is_null);
        offsets.push_back(static_cast<uint32_t>(bytes.size()));
    }
    column.values = base::Buffer::FromString(bytes);
    column.offsets = base::Buffer::FromVector(offsets);
    return column;
}

test::Built BuildText(const schema::Column& column, const std::string& params) {
    codec::StringSink sink;
    const schema::ColumnView view = column.View();
    const auto visit = [&view](const TextVisitor& visitor) { visitor(view); };
    EXPECT_TRUE(BuildTextIndex(visit, params, {}, sink).ok());
    test::Built built;
    built.bytes = sink.Take();
    auto index =
        TextIndex::Open(base::Buffer::FromString(built.bytes), test::kField, column.rows, params);
    EXPECT_TRUE(index.ok()) << index.status().reason();
    built.index = *index;
    EXPECT_TRUE(built.index->Verify().ok());
    return built;
}

expr::ColumnRef Ref() {
    expr::ColumnRef column;
    column.field_id = test::kField;
    column.type = DataType::kVarChar;
    return column;
}

TEST(TextIndex, SaysWhatTheEvaluatorSays) {
    for (const std::string& params :
         std::vector<std::string>{"", R"({"tokenizer": "whitespace"})",
                                  R"({"tokenizer": "standard", "filter": ["lowercase",
                 {"type": "stop", "stop_words": ["the", "a"]}]})"}) {
        const schema::FieldSchema field = TextField(params);
        const schema::Column column = RandomTexts(3000, 1);
        const test::Built built = BuildText(column, params);
        const std::vector<std::string> texts = {
            "the",           "fox", "quick brown", "the quick brown fox", "lazy dog", "ünïcode x",
            "over the lazy", "",    "zebra",       "zebra fox",           "the the",  "fox the fox",
            "a quick a"};
        for (const std::string& text : texts) {
            for (const uint32_t number : {0u, 1u, 2u, 3u, 1000u}) {
                expr::Plan match{expr::TextMatch{Ref(), {text}, number, {}}};
                EXPECT_TRUE(test::CheckLeaf(built, column, field, match)) << text;
                expr::Plan either{expr::TextMatch{Ref(), {text, "jumps over"}, number, {}}};
                EXPECT_TRUE(test::CheckLeaf(built, column, field, either)) << text;
                expr::Plan phrase{expr::PhraseMatch{Ref(), text, number, {}}};
                EXPECT_TRUE(test::CheckLeaf(built, column, field, phrase)) << text;
            }
        }
    }
}

TEST(TextIndex, AnswersItsColumnAndLeavesAlone) {
    const test::Built built = BuildText(RandomTexts(100, 2), "");
    expr::ColumnRef other = Ref();
    other.field_id = 9;
    EXPECT_FALSE(built.index->Estimate({expr::TextMatch{other, {"fox"}, 1, {}}}).has_value());
    EXPECT_FALSE(built.index->Estimate({expr::PhraseMatch{other, "fox", 1, {}}}).has_value());
    EXPECT_FALSE(
        built.index->Estimate({expr::Like{Ref(), expr::LikeKind::kInfix, "fox"}}).has_value());
}

TEST(TextIndex, RefusesAFileOfOtherRows) {
    const test::Built built = BuildText(RandomTexts(100, 3), "");
    const auto index = TextIndex::Open(base::Buffer::FromString(built.bytes), test::kField, 99, "");
    EXPECT_EQ(index.status().code(), base::Code::kDataCorruption);
}

}  // namespace
}  // namespace elanus::scalar_index
