// Texts that count as numbers: which texts they are, and what filters say of them.
#include "expr/text_number.h"

#include "base/archive.h"
#include "expr/filter.h"
#include "expr/plan_cache.h"
#include "expr/plan_text.h"
#include "expr/test_rows.h"

#include <gtest/gtest.h>

namespace elanus::expr {
namespace {

using schema::DataType;
using test::Rows;

TEST(TextNumber, ReadsWholeDecimalNumbers) {
    const std::pair<const char*, double> numbers[] = {{"7", 7},
                                                      {"-7", -7},
                                                      {"+7", 7},
                                                      {"007", 7},
                                                      {"0.5", 0.5},
                                                      {".5", 0.5},
                                                      {"5.", 5},
                                                      {"-.25", -.25},
                                                      {"1e3", 1000},
                                                      {"1E+3", 1000},
                                                      {"2.5e-1", 0.25},
                                                      {"-0", 0},
                                                      {"9007199254740993", 9007199254740992.0}};
    for (const auto& [text, number] : numbers) {
        const auto read = TextNumber(text);
        ASSERT_TRUE(read.has_value()) << text;
        EXPECT_EQ(*read, number) << text;
    }
    for (const char* text :
         {"",    " ",   " 7",  "7 ", "seven", "7a", "0x10", "1,000", "inf",   "-inf", "nan",
          "NaN", "+-7", "--7", "+",  "-",     ".",  "1e",   "e3",    "1e999", "7\n",  "\u0667"}) {
        EXPECT_FALSE(TextNumber(text).has_value()) << text;
    }
}

// Documents of which j["n"] is, row by row:
//   7, "7", "8.5", "x", true, missing, ["7"], null document
constexpr size_t kRows = 8;

Rows MakeRows() {
    Rows rows;
    rows.schema.enable_dynamic_field = true;
    rows.AddField("id", DataType::kInt64).is_primary_key = true;
    rows.AddField("j", DataType::kJson, DataType::kNone, true);
    rows.AddField("$meta", DataType::kJson).is_dynamic = true;
    auto keys = rows.Builder("id");
    auto documents = rows.Builder("j");
    auto meta = rows.Builder("$meta");
    for (const char* value : {"7", "\"7\"", "\"8.5\"", "\"x\"", "true", "", "[\"7\"]"}) {
        const std::string text = value;
        const std::string document = text.empty() ? "{}" : "{\"n\": " + text + "}";
        keys.AppendInt(0);
        documents.AppendBytes(document);
        meta.AppendBytes(document);
    }
    keys.AppendInt(0);
    documents.AppendNull();
    meta.AppendBytes("{}");
    rows.SetColumn(std::move(keys));
    rows.SetColumn(std::move(documents));
    rows.SetColumn(std::move(meta));
    return rows;
}

std::string AnswerOf(const Rows& rows, const std::string& filter, const ParseOptions& options) {
    const auto plan = ParseFilter(filter, rows.schema, {}, options);
    EXPECT_TRUE(plan.ok()) << filter << ": " << plan.status().reason();
    const auto sent = base::Decode<Plan>(base::Encode(*plan));
    EXPECT_TRUE(sent.ok() && *sent == *plan) << filter;
    sys::SimClock clock;
    const auto truth = Evaluate(*sent, rows, kRows, base::CallContext(), clock);
    EXPECT_TRUE(truth.ok()) << filter;
    return test::Show(*truth);
}

TEST(TextNumbers, CountInComparisonsWithNumbers) {
    const Rows rows = MakeRows();
    ParseOptions options;
    options.text_numbers = {{rows.schema.FindField("j")->id, {"n"}}};
    const std::vector<std::array<std::string, 3>> cases = {
        // filter, with, without
        {R"(j["n"] == 7)", "1100000?", "1000000?"},
        {R"(j["n"] != 7)", "0011111?", "0111111?"},
        {R"(not (j["n"] == 7))", "0011111?", "0111111?"},
        {R"(j["n"] > 7)", "0010000?", "0000000?"},
        {R"(j["n"] >= 7)", "1110000?", "1000000?"},
        {R"(j["n"] < 8.5)", "1100000?", "1000000?"},
        {R"(j["n"] <= 8.5)", "1110000?", "1000000?"},
        {R"(7 < j["n"] < 9)", "0010000?", "0000000?"},
        {R"(7 <= j["n"] <= 9)", "1110000?", "1000000?"},
        {R"(j["n"] in [7, 8.5, 1])", "1110000?", "1000000?"},
        {R"(j["n"] not in [7, 8.5])", "0001111?", "0111111?"},
        {R"(j["n"] + 1 == 8)", "1100000?", "1000000?"},
        {R"(j["n"] * 2 != 14)", "0011111?", "0111111?"},
        // Texts stay texts, too.
        {R"(j["n"] == "7")", "0100000?", "0100000?"},
        {R"(j["n"] != "7")", "1011111?", "1011111?"},
        {R"(j["n"] in ["7", "x"])", "0101000?", "0101000?"},
        {R"(j["n"] in [8.5, "7", true])", "0110100?", "0100100?"},
        {R"(j["n"] in [9, "y"])", "0000000?", "0000000?"},
        {R"(j["n"] > "6")", "0111000?", "0111000?"},
        {R"(j["n"] like "7%")", "0100000?", "0100000?"},
        {R"(j["n"] == true)", "0000100?", "0000100?"},
        {R"(j["n"] == ["7"])", "0000001?", "0000001?"},
        {R"(exists j["n"])", "1111101?", "1111101?"},
        {R"(json_contains(j["n"], 7))", "0000000?", "0000000?"},
        {R"(json_contains(j["n"], "7"))", "0000001?", "0000001?"},
        {R"(array_length(j["n"]) == 1)", "0000001?", "0000001?"},
        // What no single comparison says: 7 and "7" at once.
        {R"(j["n"] == 7 and j["n"] == "7")", "0100000?", "0000000?"},
        {R"(j["n"] > 7 and j["n"] < "9")", "0010000?", "0000000?"},
        // Another place.
        {R"(n == 7)", "10000000", "10000000"},
        {R"(j["m"] == 7)", "0000000?", "0000000?"},
    };
    for (const auto& [filter, with, without] : cases) {
        EXPECT_EQ(AnswerOf(rows, filter, options), with) << filter;
        EXPECT_EQ(AnswerOf(rows, filter, {}), without) << filter;
    }
}

TEST(TextNumbers, AreOfKeysOfTheDynamicFieldToo) {
    const Rows rows = MakeRows();
    ParseOptions options;
    options.text_numbers = {{rows.schema.FindField("$meta")->id, {"n"}}};
    EXPECT_EQ(AnswerOf(rows, "n == 7", options), "11000000");
    EXPECT_EQ(AnswerOf(rows, R"($meta["n"] > 7)", options), "00100000");
    EXPECT_EQ(AnswerOf(rows, R"(j["n"] == 7)", options), "1000000?");
}

TEST(TextNumbers, ArePartOfWhatAPlanIsKeptBy) {
    const Rows rows = MakeRows();
    PlanCache cache;
    ParseOptions options;
    const auto is_cast = [&] {
        const auto plan = cache.GetOrParse(1, R"(j["n"] > 7)", rows.schema, options);
        return std::get<Compare>((*plan)->node).column.text_numbers;
    };
    EXPECT_FALSE(is_cast());
    options.text_numbers = {{rows.schema.FindField("j")->id, {"n"}}};
    EXPECT_TRUE(is_cast());
    options.text_numbers = {};
    EXPECT_FALSE(is_cast());
    EXPECT_EQ(cache.size(), 2u);
}

TEST(TextNumbers, AreToldInProfiles) {
    const Rows rows = MakeRows();
    ParseOptions options;
    options.text_numbers = {{rows.schema.FindField("j")->id, {"n"}}};
    const auto plan = ParseFilter(R"(j["n"] > 7)", rows.schema, {}, options);
    EXPECT_EQ(DescribePlan(*plan, rows.schema, Constants::kShow).text,
              R"(j["n"] (texts as numbers) > 7)");
}

}  // namespace
}  // namespace elanus::expr
