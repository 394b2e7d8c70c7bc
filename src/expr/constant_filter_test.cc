#include "expr/constant_filter.h"

#include "expr/test_rows.h"

#include <gtest/gtest.h>

namespace elanus::expr {
namespace {

TEST(ConstantFilter, IsTrueWhateverTheRowsHold) {
    test::Rows rows;
    rows.AddField("id", schema::DataType::kInt64).is_primary_key = true;
    rows.AddField("s", schema::DataType::kVarChar);
    rows.AddField("b", schema::DataType::kBool);
    const auto is_constant = [&rows](const std::string& text) {
        return IsConstantlyTrue(text, rows.schema, {{"v", Value(true)}}, {});
    };
    for (const char* text : {"",
                             " \t\n",
                             "true",
                             "TRUE",
                             "(True)",
                             "1 == 1",
                             "1 < 2.5",
                             R"("abc" == "abc")",
                             "'a' != 'b'",
                             "not false",
                             "not (1 > 2)",
                             "!(1 > 2)",
                             "1 == 1 and true",
                             "false or 2 == 2",
                             "0x10 == 16",
                             "id > 3 or true",
                             "1 == 1 || id in [1]",
                             "not (id > 3 and false)",
                             "id in [] or true",
                             "(id > 1 or 1 == 1) and true"}) {
        EXPECT_TRUE(is_constant(text)) << text;
    }
    // True of every row, but by what the rows can hold; or not true at all.
    for (const char* text :
         {"id not in []", "not (id in [])", R"(s >= "")", "id >= -9223372036854775808",
          "id > 3 or id <= 3", "b in [true, false]", "id is not null", "false", "1 == 2", "id > 3",
          "id > 3 and true", "id > 3 or false", "not (id > 3 or false)", "random_sample(0.5)"}) {
        EXPECT_FALSE(is_constant(text)) << text;
    }
}

}  // namespace
}  // namespace elanus::expr
