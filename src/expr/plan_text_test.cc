// Filters as PROFILE and the slow-query log show them.
#include "expr/plan_text.h"

#include "expr/filter.h"
#include "expr/test_rows.h"

#include <string>

#include <gtest/gtest.h>

namespace elanus::expr {
namespace {

using schema::DataType;

schema::CollectionSchema Shop() {
    test::Rows rows;
    rows.AddField("id", DataType::kInt64).is_primary_key = true;
    rows.AddField("price", DataType::kDouble);
    rows.AddField("stock", DataType::kInt32);
    rows.AddField("colour", DataType::kVarChar);
    rows.AddField("sold", DataType::kBool);
    rows.AddField("at", DataType::kTimestamptz);
    rows.AddField("tags", DataType::kArray, DataType::kInt64);
    rows.AddField("data", DataType::kJson);
    rows.AddField("place", DataType::kGeometry);
    rows.AddField("$meta", DataType::kJson).is_dynamic = true;
    rows.AddField("note", DataType::kVarChar, DataType::kNone, true).type_params = {
        {"enable_match", "true"}, {"enable_analyzer", "true"}};
    schema::CollectionSchema schema = rows.schema;
    schema.enable_dynamic_field = true;
    return schema;
}

PlanNode Describe(const std::string& filter, Constants constants = Constants::kShow) {
    const schema::CollectionSchema schema = Shop();
    const base::Result<Plan> plan = ParseFilter(filter, schema, {});
    EXPECT_TRUE(plan.ok()) << filter << ": " << plan.status().reason();
    return plan.ok() ? DescribePlan(*plan, schema, constants) : PlanNode();
}

std::string Line(const std::string& filter, Constants constants = Constants::kShow) {
    return PlanLine(Describe(filter, constants));
}

TEST(PlanText, EachPredicateReadsLikeTheFilterLanguage) {
    EXPECT_EQ(Line("price > 90"), "price > 90.0");
    EXPECT_EQ(Line("5 <= stock and stock < 9"), "5 <= stock < 9");
    EXPECT_EQ(Line("colour in ['red', 'blue']"), "colour in [\"blue\", \"red\"]");
    EXPECT_EQ(Line("colour like 'a%'"), "colour like \"a%\"");
    EXPECT_EQ(Line("colour like '%a%'"), "colour like \"%a%\"");
    EXPECT_EQ(Line("stock % 3 == 1"), "stock % 3 == 1");
    EXPECT_EQ(Line("note is null"), "note is null");
    EXPECT_EQ(Line("exists data['a']['b']"), "exists data[\"a\"][\"b\"]");
    EXPECT_EQ(Line("data['a'] == 'x'"), "data[\"a\"] == \"x\"");
    EXPECT_EQ(Line("size_cm > 3"), "$meta[\"size_cm\"] > 3");
    EXPECT_EQ(Line("tags[2] == 4"), "tags[2] == 4");
    EXPECT_EQ(Line("array_contains_any(tags, [1, 2])"), "array_contains_any(tags, [1, 2])");
    EXPECT_EQ(Line("array_length(tags) >= 2"), "array_length(tags) >= 2");
    EXPECT_EQ(Line("id < stock"), "id < stock");
    EXPECT_EQ(Line("at > ISO '2025-01-02T03:04:05Z'"), "at > 2025-01-02T03:04:05Z");
    EXPECT_EQ(Line("at + INTERVAL 'P1Y2M' > ISO '2025-01-02T03:04:05Z'"),
              "at + P1Y2M > 2025-01-02T03:04:05Z");
    EXPECT_EQ(Line("text_match(note, 'red car')"),
              "text_match(note, \"red car\", at least 1 tokens)");
    EXPECT_EQ(Line("phrase_match(note, 'red car', 2)"), "phrase_match(note, \"red car\", slop 2)");
    EXPECT_EQ(Line("st_within(place, 'POINT (1 2)')"), "st_within(place, \"POINT (1 2)\")");
}

TEST(PlanText, ThePlanIsShownAsItWasRewritten) {
    EXPECT_EQ(Line("stock > 5 and stock > 7"), "stock > 7");
    EXPECT_EQ(Line("stock > 5 and stock < 3"), "false: no row can match");
    EXPECT_EQ(Line("stock == 1 or stock == 3"), "stock in [1, 3]");
}

TEST(PlanText, TreesHaveALineForEachNode) {
    const PlanNode node = Describe("price > 90 and (colour == 'red' or not (sold == true))");
    EXPECT_EQ(PlanLines(node, 1),
              "  -> and\n"
              "    -> price > 90.0\n"
              "    -> or\n"
              "      -> colour == \"red\"\n"
              "      -> sold != true\n");
    EXPECT_EQ(PlanLine(node), "(price > 90.0 and (colour == \"red\" or sold != true))");
    EXPECT_EQ(json::Write(PlanJson(node)),
              R"({"node":"and","terms":[{"node":"price > 90.0"},{"node":"or","terms":[)"
              R"({"node":"colour == \"red\""},{"node":"sold != true"}]}]})");
}

TEST(PlanText, LongListsAndTextsAreCut) {
    std::string filter = "id in [0";
    for (int i = 1; i < 1000; ++i) {
        filter += ", " + std::to_string(i);
    }
    EXPECT_EQ(Line(filter + "]"), "id in [0, 1, 2, 3, 4, 5, 6, 7, ..., 1000 values]");
    EXPECT_LT(Line("colour == '" + std::string(5000, 'x') + "'").size(), 200u);
}

TEST(PlanText, HiddenConstantsLeaveTheShape) {
    EXPECT_EQ(Line("price > 90 and colour in ['red', 'blue']", Constants::kHide),
              "(price > ? and colour in ?)");
    for (const char* filter : {"colour == 'secret'", "colour like 'secret%'", "colour =~ 'secret'",
                               "data['a'] == 'secret'", "array_contains_any(data['x'], ['secret'])",
                               "text_match(note, 'secret')", "phrase_match(note, 'secret')"}) {
        EXPECT_EQ(Line(filter, Constants::kHide).find("secret"), std::string::npos) << filter;
    }
    EXPECT_EQ(Line("st_within(place, 'POINT (1 2)')", Constants::kHide), "st_within(place, ?)");
}

TEST(PlanText, AFieldThatIsGoneHasANumber) {
    schema::CollectionSchema schema = Shop();
    const base::Result<Plan> plan = ParseFilter("stock > 5", schema, {});
    ASSERT_TRUE(plan.ok());
    schema.fields.erase(schema.fields.begin() + 2);
    EXPECT_EQ(PlanLine(DescribePlan(*plan, schema, Constants::kShow)), "field 102 > 5");
}

}  // namespace
}  // namespace elanus::expr
