// The parser against text that is not meant well: it answers with an error, never with a crash.
#include "expr/parser.h"

#include "base/archive.h"
#include "expr/filter.h"
#include "expr/like_pattern.h"
#include "expr/test_rows.h"
#include "sys/clock.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace elanus::expr {
namespace {

using schema::DataType;

schema::CollectionSchema MakeSchema() {
    test::Rows rows;
    rows.AddField("id", DataType::kInt64).is_primary_key = true;
    rows.AddField("s", DataType::kVarChar);
    rows.AddField("f", DataType::kFloat);
    rows.AddField("a", DataType::kArray, DataType::kInt32);
    rows.AddField("ts", DataType::kTimestamptz, DataType::kNone, true);
    rows.AddField("g", DataType::kGeometry);
    rows.AddField("t", DataType::kVarChar).type_params["enable_match"] = "true";
    schema::FieldSchema& structs = rows.AddField("ss", DataType::kArrayOfStruct);
    structs.sub_fields.emplace_back();
    structs.sub_fields[0].id = 200;
    structs.sub_fields[0].name = "u";
    structs.sub_fields[0].type = DataType::kArray;
    structs.sub_fields[0].element_type = DataType::kInt64;
    rows.AddField("$meta", DataType::kJson).is_dynamic = true;
    return rows.schema;
}

std::string Repeat(const std::string& text, size_t times) {
    std::string result;
    for (size_t i = 0; i < times; ++i) {
        result += text;
    }
    return result;
}

TEST(Parser, RefusesDeepNesting) {
    const schema::CollectionSchema schema = MakeSchema();
    constexpr size_t kMany = 10000;
    for (const std::string& text :
         {Repeat("(", kMany) + "id > 1" + Repeat(")", kMany), Repeat("(", kMany),
          Repeat("not ", kMany) + "(id > 1)", Repeat("!", kMany) + "(id > 1)",
          Repeat("-", kMany) + "1 == id", "id in " + Repeat("[", kMany) + Repeat("]", kMany),
          "x in " + Repeat("[", 200) + "1" + Repeat("]", 200), Repeat("exists ", kMany) + "x",
          Repeat("array_length(", kMany), "id == 1" + Repeat(" + 1", kMany),
          "id == " + Repeat("1 ** ", kMany) + "1", Repeat("id == ", kMany) + "1"}) {
        const auto plan = ParseFilter(text, schema);
        ASSERT_FALSE(plan.ok()) << text.substr(0, 40);
        EXPECT_LT(plan.status().reason().size(), 8192u);
    }
    EXPECT_NE(ParseFilter(Repeat("(", kMany), schema).status().reason().find("nested too deeply"),
              std::string::npos);
    EXPECT_TRUE(ParseFilter(Repeat("(", 100) + "id > 1" + Repeat(")", 100), schema).ok());
}

TEST(Parser, PlansWithinTheDepthLimitTravel) {
    const schema::CollectionSchema schema = MakeSchema();
    std::string text = "s == 'x'";
    for (int i = 0; i < 46; ++i) {
        text = "(" + text + " and f > " + std::to_string(i) + ") or not (s like '%" +
               std::to_string(i) + "')";
    }
    const auto plan = ParseFilter(text, schema);
    ASSERT_TRUE(plan.ok()) << plan.status().reason();
    const auto back = base::Decode<Plan>(base::Encode(*plan));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, *plan);
}

TEST(Parser, TakesWideExpressions) {
    const schema::CollectionSchema schema = MakeSchema();
    std::string list = "id in [";
    std::string terms = "s == ''";
    for (int i = 0; i < 20000; ++i) {
        list += std::to_string(i - 10000) + ",";
        terms += " or s == '" + std::to_string(i) + "'";
    }
    const auto keys = ParseFilter(list + "]", schema);
    ASSERT_TRUE(keys.ok()) << keys.status().reason();
    EXPECT_EQ(PrimaryKeyTerms(*keys, 100)->size(), 20000u);
    const auto merged = ParseFilter(terms, schema);
    ASSERT_TRUE(merged.ok());
    EXPECT_EQ(std::get<In>(merged->node).values.strings.size(), 20001u);
    EXPECT_FALSE(ParseFilter(std::string(kFilterBytesMax + 1, ' ') + "id > 1", schema).ok());
}

TEST(Parser, ReadsLongListsQuickly) {
    const schema::CollectionSchema schema = MakeSchema();
    std::string integers = "id in [";
    std::string texts = "s in [";
    std::mt19937_64 random(1);
    for (int i = 0; i < 100000; ++i) {
        integers += std::to_string(static_cast<int64_t>(random())) + ", ";
        texts += "\"package-" + std::to_string(random() % 1000000) + "\", ";
    }
    for (const std::string& text :
         {integers + "]", texts + "]", "not (" + integers + "])", integers + "] and id > 0"}) {
        const int64_t begin_ns = sys::RealClock().MonotonicNs();
        EXPECT_TRUE(ParseFilter(text, schema).ok());
        const int64_t took_ms = (sys::RealClock().MonotonicNs() - begin_ns) / 1000000;
        RecordProperty("parse_ms_of_" + text.substr(0, 4) + std::to_string(text.size()),
                       std::to_string(took_ms));
        EXPECT_LT(took_ms,
                  2000);  // about 30 where nothing else runs, a sanitizer takes ten times that
    }
}

TEST(Parser, SurvivesRandomBytesAndTokens) {
    const schema::CollectionSchema schema = MakeSchema();
    std::mt19937 random(7);
    const char* const kPieces[] = {"id",
                                   "s",
                                   "f",
                                   "a",
                                   "x",
                                   "$meta",
                                   "1",
                                   "-",
                                   "2.5",
                                   "\"t\"",
                                   "'",
                                   "\\",
                                   "and",
                                   "or",
                                   "not ",
                                   "in",
                                   "like",
                                   "[",
                                   "]",
                                   "(",
                                   ")",
                                   "{",
                                   "}",
                                   ",",
                                   "==",
                                   "!=",
                                   "<",
                                   "<=",
                                   ">",
                                   "+",
                                   "*",
                                   "**",
                                   "%",
                                   "is null",
                                   "exists ",
                                   "true",
                                   "=~",
                                   "&&",
                                   "||",
                                   "0x",
                                   "0b1",
                                   "1e",
                                   "~",
                                   "<<",
                                   "$",
                                   "{v}",
                                   "array_length(",
                                   "json_contains(",
                                   " ",
                                   "text_match(t,",
                                   "phrase_match(t,'a b'",
                                   "minimum_should_match=",
                                   "threshold=",
                                   "ts",
                                   "ISO '2025-01-01'",
                                   "INTERVAL 'P1M'",
                                   "st_within(g,",
                                   "'POINT (1 2)'",
                                   "st_isvalid(g)",
                                   "ss",
                                   "ss[u]",
                                   "ss[0][u]",
                                   "$[u]",
                                   "match_any(ss,",
                                   "match_least(ss,",
                                   "element_filter(ss,",
                                   "random_sample(0.5)",
                                   "u8'x'",
                                   "=",
                                   "9223372036854775808"};
    const TemplateValues templates = {{"v", Value::List{1, 2}}};
    size_t accepted = 0;
    for (int i = 0; i < 60000; ++i) {
        std::string text;
        for (size_t n = random() % 12; n > 0; --n) {
            if (random() % 16 == 0) {
                text += static_cast<char>(random() % 256);
            } else {
                text += kPieces[random() % std::size(kPieces)];
                text += random() % 2 == 0 ? " " : "";
            }
        }
        // A copy without a terminator behind it, so that a sanitizer sees every stray read.
        const std::vector<char> bytes(text.begin(), text.end());
        const auto plan =
            ParseFilter(std::string_view(bytes.data(), bytes.size()), schema, templates);
        accepted += plan.ok();
        if (plan.ok()) {
            EXPECT_TRUE(base::Decode<Plan>(base::Encode(*plan)).ok()) << text;
        }
    }
    EXPECT_GT(accepted, 0u);
}

TEST(LikePattern, FindsTheCheapestShape) {
    const auto kind = [](std::string_view pattern) { return ClassifyLike(pattern).kind; };
    EXPECT_EQ(kind("abc"), LikeKind::kEqual);
    EXPECT_EQ(kind("abc%%"), LikeKind::kPrefix);
    EXPECT_EQ(kind("%abc"), LikeKind::kSuffix);
    EXPECT_EQ(kind("%abc%"), LikeKind::kInfix);
    EXPECT_EQ(kind("%%"), LikeKind::kInfix);
    EXPECT_EQ(kind("a%c"), LikeKind::kGeneral);
    EXPECT_EQ(kind("a_"), LikeKind::kGeneral);
    EXPECT_EQ(ClassifyLike("%a\\%\\_\\\\b%").text, "a%_\\b");
    EXPECT_EQ(kind("abc\\%"), LikeKind::kEqual);
    EXPECT_TRUE(LikeMatcher("%a%b%c").Matches("xxaxxbxxbc"));
    EXPECT_FALSE(LikeMatcher("%a%b%c").Matches("xxaxxcxxb"));
    EXPECT_TRUE(LikeMatcher("_\xc3\xa9_").Matches("\xc3\xa9\xc3\xa9\xe4\xb8\xad"));
    EXPECT_FALSE(LikeMatcher("__").Matches("\xe4\xb8\xad"));
    const std::string many(2000, 'a');
    EXPECT_FALSE(LikeMatcher("%a%a%a%a%a%a%a%a%b").Matches(many));
}

}  // namespace
}  // namespace elanus::expr
