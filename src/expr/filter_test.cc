// Every rule of the filter language as rows of a table: an expression and what it says of six rows,
// or the phrase its error contains.
#include "expr/filter.h"

#include "base/archive.h"
#include "expr/test_rows.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::expr {
namespace {

using schema::DataType;
using test::Rows;

constexpr size_t kRows = 6;

template <typename T>
using Maybe = std::vector<std::optional<T>>;

void Ints(Rows& rows, const std::string& name, const Maybe<int64_t>& values) {
    auto builder = rows.Builder(name);
    for (const auto& value : values) {
        value.has_value() ? builder.AppendInt(*value) : builder.AppendNull();
    }
    rows.SetColumn(std::move(builder));
}

void Floats(Rows& rows, const std::string& name, const Maybe<double>& values) {
    auto builder = rows.Builder(name);
    for (const auto& value : values) {
        value.has_value() ? builder.AppendFloating(*value) : builder.AppendNull();
    }
    rows.SetColumn(std::move(builder));
}

void Texts(Rows& rows, const std::string& name, const Maybe<std::string>& values) {
    auto builder = rows.Builder(name);
    for (const auto& value : values) {
        value.has_value() ? builder.AppendBytes(*value) : builder.AppendNull();
    }
    rows.SetColumn(std::move(builder));
}

template <typename T, typename Append>
void Arrays(Rows& rows, const std::string& name, const Maybe<std::vector<T>>& values,
            Append append) {
    auto builder = rows.Builder(name);
    for (const auto& value : values) {
        if (!value.has_value()) {
            builder.AppendNull();
            continue;
        }
        for (const T& element : *value) {
            append(builder.child(), element);
        }
        builder.CloseArrayRow();
    }
    rows.SetColumn(std::move(builder));
}

Rows MakeRows() {
    Rows rows;
    rows.schema.enable_dynamic_field = true;
    rows.AddField("id", DataType::kInt64).is_primary_key = true;
    rows.AddField("b", DataType::kBool, DataType::kNone, true);
    rows.AddField("i8", DataType::kInt8, DataType::kNone, true);
    rows.AddField("i16", DataType::kInt16);
    rows.AddField("i32", DataType::kInt32);
    rows.AddField("i64", DataType::kInt64, DataType::kNone, true);
    rows.AddField("f", DataType::kFloat);
    rows.AddField("d", DataType::kDouble, DataType::kNone, true);
    rows.AddField("s", DataType::kVarChar);
    rows.AddField("sn", DataType::kVarChar, DataType::kNone, true);
    rows.AddField("ai", DataType::kArray, DataType::kInt64, true);
    rows.AddField("as", DataType::kArray, DataType::kVarChar);
    rows.AddField("af", DataType::kArray, DataType::kFloat);
    rows.AddField("j", DataType::kJson, DataType::kNone, true);
    rows.AddField("late", DataType::kInt32, DataType::kNone, true);
    rows.AddField("late7", DataType::kInt64, DataType::kNone, true).default_value = int64_t{7};
    rows.AddField("vec", DataType::kFloatVector).type_params["dim"] = "4";
    rows.AddField("txt", DataType::kText);
    rows.AddField("ts", DataType::kTimestamptz);
    rows.AddField("$meta", DataType::kJson).is_dynamic = true;

    Ints(rows, "id", {0, 1, 2, 3, 4, 5});
    auto flags = rows.Builder("b");
    for (const char flag : std::string("TFT?FT")) {
        flag == '?' ? flags.AppendNull() : flags.AppendBool(flag == 'T');
    }
    rows.SetColumn(std::move(flags));
    Ints(rows, "i8", {-2, -1, 0, 1, 2, std::nullopt});
    Ints(rows, "i16", {-300, 300, 0, 7, 7, 32767});
    Ints(rows, "i32", {10, 20, 30, 40, 50, 60});
    Ints(rows, "i64", {5, std::nullopt, 5, 7, -9, 100});
    Floats(rows, "f", {0.1, 1.5, -2, 3, 0, 10});
    Floats(rows, "d", {0.5, std::nullopt, 2.5, 3.5, 4.5, 5.5});
    Texts(rows, "s", {"apple", "banana", "app", "", "a%b", "\xc3\xa9t\xc3\xa9"});
    Texts(rows, "sn", {"x", std::nullopt, "y", "x", std::nullopt, "z"});
    const auto append_int = [](schema::ColumnBuilder& child, int64_t value) {
        child.AppendInt(value);
    };
    const auto append_text = [](schema::ColumnBuilder& child, const std::string& value) {
        child.AppendBytes(value);
    };
    const auto append_float = [](schema::ColumnBuilder& child, double value) {
        child.AppendFloating(value);
    };
    using Int64s = std::vector<int64_t>;
    using Strings = std::vector<std::string>;
    using Doubles = std::vector<double>;
    Arrays<int64_t>(rows, "ai",
                    {Int64s{1, 2, 3}, Int64s{}, Int64s{3}, std::nullopt, Int64s{4, 5}, Int64s{1}},
                    append_int);
    Arrays<std::string>(rows, "as",
                        {Strings{"a", "b"}, Strings{"b"}, Strings{}, Strings{"a"},
                         Strings{"c", "a"}, Strings{"zz"}},
                        append_text);
    Arrays<double>(rows, "af",
                   {Doubles{0.1}, Doubles{1.5, 2}, Doubles{}, Doubles{3}, Doubles{}, Doubles{-1}},
                   append_float);
    Texts(
        rows, "j",
        {R"({"a":1,"s":"red","o":{"k":[1,2]},"t":true,"n":null,"arr":[1,"x",2.5,[7]]})",
         R"({"a":2.5,"s":"blue","arr":[]})", R"({"a":"1","arr":[1,2,3]})", std::nullopt,
         R"({"a":18446744073709551615,"t":false,"arr":"no"})", R"({"s":"reddish","o":{"k":[5]}})"});
    Texts(rows, "$meta",
          {R"({"color":"red","n":1})", R"({"color":"blue"})", "{}", R"({"n":3.0})", R"({"n":"x"})",
           R"({"color":"red","n":[1,2]})"});
    return rows;
}

const TemplateValues& Templates() {
    static const TemplateValues kTemplates = {
        {"int", 7},
        {"float", 2.5},
        {"text", "app"},
        {"pattern", "app%"},
        {"flag", true},
        {"ints", Value::List{1, 2, 3}},
        {"floats", Value::List{0.5, 2.5}},
        {"texts", Value::List{"apple", "app"}},
        {"bools", Value::List{true}},
        {"mixed", Value::List{1, "x"}},
        {"nested", Value::List{Value::List{7}}},
        {"empty", Value::List{}},
    };
    return kTemplates;
}

struct Case {
    const char* text;
    const char* expected;  // six of 1 0 ?
};

const Case kCases[] = {
    // 4.1 literals and lexical forms
    {"", "111111"},
    {"   \t\n", "111111"},
    {"true", "111111"},
    {"True", "111111"},
    {"FALSE", "000000"},
    {"i32 == 0x1e", "001000"},
    {"i32 == 0b11110", "001000"},
    {"i32 == 036", "001000"},
    {"i32 == 0X1E", "001000"},
    {"i32 == 0B11110", "001000"},
    {"i32 == +30", "001000"},
    {"i32 == 2 ** 5 - 2", "001000"},
    {"i32 == 61 / 2", "001000"},
    {"i32 == -61 / 2 + 60", "001000"},
    {"i32 == 95 % 65", "001000"},
    {"d == 5 / 10.0", "1?0000"},
    {"d == 0x1.8p-1 - 0.25", "1?0000"},
    {"d == 5E-1", "1?0000"},
    {"2 > 1", "111111"},
    {"\"a\" >= \"b\" or true == false", "000000"},
    {"L'app' == s", "001000"},
    {"U\"app\" == s", "001000"},
    {"s == '\\x61pp'", "001000"},
    {"s == \"\\141\\u0070\\U00000070\"", "001000"},
    {"s == 'a%b'", "000010"},
    {"i64 == -9", "0?0010"},
    {"i64 > -9223372036854775808", "1?1111"},
    {"i64 <= 9223372036854775807", "1?1111"},
    {"d == 5e-1", "1?0000"},
    {"d == .5", "1?0000"},
    {"d == 0x1p-1", "1?0000"},
    {"d < 3.", "1?1000"},
    {"s == \"apple\"", "100000"},
    {"s == 'apple'", "100000"},
    {"s == u8\"apple\"", "100000"},
    {"s == L'apple'", "100000"},
    {R"(s == "\x61pp\154e")", "100000"},
    {R"(s == "\u00e9t\U000000e9")", "000001"},
    {"s == \"\xc3\xa9t\xc3\xa9\"", "000001"},
    {R"(s != 'it\'s \"so\"')", "111111"},
    {"b == true", "101?01"},
    {"b == TRUE", "101?01"},
    {"b != True", "010?10"},
    {"(((i32 == 10)))", "100000"},
    {"i32==10", "100000"},
    {"i32\n==\t10", "100000"},

    // 4.2 comparisons, both orders
    {"i8 > 0", "00011?"},
    {"i8 >= 0", "00111?"},
    {"i8 < 0", "11000?"},
    {"i8 <= 0", "11100?"},
    {"i8 == 2", "00001?"},
    {"i8 != 2", "11110?"},
    {"0 < i8", "00011?"},
    {"0 >= i8", "11100?"},
    {"2 == i8", "00001?"},
    {"i8 < 1000", "11111?"},
    {"i8 > 1000", "000000"},
    {"not (i8 > 1000)", "11111?"},
    {"i8 == 1000", "000000"},
    {"not (i8 == 1000)", "11111?"},
    {"i8 != -1000", "11111?"},
    {"i8 > -1000", "11111?"},
    {"i16 == 7", "000110"},
    {"i16 >= 300", "010001"},
    {"i16 <= 100000", "111111"},
    {"f == 0.1", "100000"},
    {"f > 1", "010101"},
    {"f != 0", "111101"},
    {"f < 1e300", "111111"},
    {"f >= -2", "111111"},
    {"d >= 2.5", "0?1111"},
    {"d == 3", "0?0000"},
    {"d > 3", "0?0111"},
    {"s > \"apple\"", "010001"},
    {"s >= \"apple\"", "110001"},
    {"s < \"b\"", "101110"},
    {"s <= \"\"", "000100"},
    {"s != \"\"", "111011"},
    {"sn == \"x\"", "1?01?0"},
    {"sn != \"x\"", "0?10?1"},
    {"\"y\" <= sn", "0?10?1"},

    // chained ranges
    {"10 < i32 <= 30", "011000"},
    {"10 <= i32 < 30", "110000"},
    {"30 >= i32 > 10", "011000"},
    {"30 > i32 >= 10", "110000"},
    {"-1 <= i8 <= 1", "01110?"},
    {"-1000 < i8 < 1000", "11111?"},
    {"500 < i8 < 1000", "000000"},
    {"not (500 < i8 < 1000)", "11111?"},
    {"1 < i8 < 1000", "00001?"},
    {"0.1 <= f < 3", "110000"},
    {"0 < d < 4", "1?1100"},
    {"\"a\" < s < \"b\"", "101010"},
    {"\"app\" <= s <= \"apple\"", "101000"},
    {"0 < ai[0] < 4", "101?01"},
    {"1 <= j[\"a\"] < 3", "110?00"},
    {"\"r\" < j[\"s\"] < \"redd\"", "100?00"},
    {"0 < n < 5", "100100"},

    // and, or, not and their tables
    {"i32 > 10 and i32 < 40", "011000"},
    {"i32 > 10 && i32 < 40", "011000"},
    {"i32 > 10 AND NOT (i32 > 40)", "011100"},
    {"i32 == 10 or i32 == 60", "100001"},
    {"i32 == 10 || i32 == 60", "100001"},
    {"i32 == 10 OR i32 == 60", "100001"},
    {"not (i32 > 20)", "110000"},
    {"!(i32 > 20)", "110000"},
    {"not not (i32 > 20)", "001111"},
    {"not (i8 > 0)", "11100?"},
    {"i32 == 10 or i32 == 20 and s == \"banana\"", "110000"},
    {"(i32 == 10 or i32 == 20) and s == \"banana\"", "010000"},
    {"b == true and i8 > -5", "101?0?"},
    {"b == true or i8 > -5", "111111"},
    {"b == true and i8 > 5", "00000?"},
    {"b == true or i8 > 5", "101?01"},
    {"i8 > 0 and d > 0",
     "0001"
     "1?"},
    {"i8 > 5 and d > 9", "000000"},
    {"i8 > 5 or d > 9", "0?000?"},
    {"true and i32 > 50", "000001"},
    {"false or i32 > 50", "000001"},
    {"true or i8 > 0", "111111"},
    {"false and i8 > 0", "000000"},
    {"not true or i32 > 50", "000001"},
    {"1 < 2 and i32 > 50", "000001"},
    {"\"a\" == \"b\"", "000000"},
    {"1 == 1.0", "111111"},
    {"true != false", "111111"},
    {"not i32 in [10, 20] or i32 == 10", "invalid: not op can only be applied"},

    // in, not in
    {"i32 in [10, 60]", "100001"},
    {"i32 in [10, 60,]", "100001"},
    {"i32 IN [10]", "100000"},
    {"i32 not in [10, 60]", "011110"},
    {"i32 NOT IN [10, 60]", "011110"},
    {"i32 in []", "000000"},
    {"i32 not in []", "111111"},
    {"i8 in []", "000000"},
    {"not (i8 in [])", "11111?"},
    {"i8 not in []", "11111?"},
    {"i8 in [1, -2, 1000]", "10010?"},
    {"i8 in [-2, -1, 0, 1, 3, 4, 5, 6, 7, 8, 9]", "11110?"},
    {"i8 not in [1]", "11101?"},
    {"i32 in [5 + 5, 2 * 10]", "110000"},
    {"b in [true]", "101?01"},
    {"b in [true, false]", "111?11"},
    {"f in [0.1, 3]", "100100"},
    {"f in [0.1, 3, 11, 12, 13, 14, 15, 16, -0.0]", "100110"},
    {"d in [0.5, 1, 5.5]", "1?0001"},
    {"s in [\"app\", \"\", 'zzz']", "001100"},
    {"s in [\"app\"]", "001000"},
    {"s in [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"apple\"]", "100000"},
    {"sn in [\"x\"]", "1?01?0"},
    {"sn not in [\"x\"]", "0?10?1"},
    {"ai[0] in [1, 4]", "100?11"},
    {"ai[0] not in [1, 4]", "011?00"},
    {"as[0] in [\"a\"]", "100100"},
    {"j[\"a\"] in [1, 2]", "100?00"},
    {"j[\"a\"] in [1, 2.5]", "110?00"},
    {"j[\"a\"] in [\"1\", true]", "001?00"},
    {"j[\"a\"] not in [1]", "011?11"},
    {"j[\"t\"] in [true]", "100?00"},
    {"color in [\"red\"]", "100001"},
    {"color not in [\"red\"]", "011110"},
    {"n in [3]", "000100"},

    // like
    {"s like \"app%\"", "101000"},
    {"s like \"%an%\"", "010000"},
    {"s like \"%e\"", "100000"},
    {"s like \"apple\"", "100000"},
    {"s like \"\"", "000100"},
    {"s like \"%\"", "111111"},
    {"s like \"a_p\"", "001000"},
    {"s like \"a_p%\"", "101000"},
    {"s like \"_t_\"", "000001"},
    {"s like \"___\"", "001011"},
    {"s like \"%a%a%\"", "010000"},
    {"s like \"b%n_na\"", "010000"},
    {R"(s like "a\%b")", "000010"},
    {R"(s like "a\\%b")", "000010"},
    {R"(s like "%\%%")", "000010"},
    {"s like 'A%'", "000000"},
    {"s LIKE 'app%'", "101000"},
    {"not (s like 'app%')", "010111"},
    {"not s like 'app%'", "010111"},
    {"sn like '%'", "1?11?1"},
    {"as[0] like 'z%'", "000001"},
    {"j[\"s\"] like \"red%\"", "100?01"},
    {"color like \"%e%\"", "110001"},

    // regular expressions
    {"s =~ \"^a.*e$\"", "100000"},
    {"s =~ \"p{2}\"", "101000"},
    {"s !~ \"p{2}\"", "010111"},
    {R"(s =~ "\w+na")", "010000"},
    {"sn !~ 'x'", "0?10?1"},
    {"as[1] =~ 'a|b'", "100010"},
    {"j[\"s\"] =~ \"d$\"", "100?00"},
    {"color !~ \"red\"", "011110"},

    // arithmetic
    {"i32 + 5 == 15", "100000"},
    {"5 + i32 == 15", "100000"},
    {"15 == i32 + 5", "100000"},
    {"i32 - 10 > 30", "000011"},
    {"i32 * 2 <= 40", "110000"},
    {"2 * i32 <= 40", "110000"},
    {"i32 / 20 == 1", "011000"},
    {"i32 % 20 == 0", "010101"},
    {"i8 % 2 == -1", "01000?"},
    {"i8 * 100 > 150", "00001?"},
    {"i8 / -1 == 2", "10000?"},
    {"i64 + 1 != 6", "0?0111"},
    {"f + 1 > 2.5", "000101"},
    {"f * 2 == 3", "010000"},
    {"d - 0.5 == 3", "0?0100"},
    {"d / 2 < 1", "1?0000"},
    {"i32 + 2 * 5 == 20", "100000"},
    {"i32 == (1 + 2) * 10", "001000"},
    {"i32 == 100 / 3 - 3", "001000"},
    {"i32 == 2 ** 3 + 2", "100000"},
    {"d == 1 / 2.0", "1?0000"},
    {"i32 == 7 % 4 * 10", "001000"},
    {"i32 == -(-10)", "100000"},
    {"i32 == +10", "100000"},
    {"i32 > -5 * -5", "001111"},
    {"ai[0] + 1 == 2", "100?01"},
    {"ai[0] * 2 != 6", "100?11"},
    {"j[\"a\"] + 1 == 2", "100?00"},
    {"j[\"a\"] * 2 == 5", "010?00"},
    {"j[\"a\"] + 1 != 2", "011?11"},
    {"j[\"a\"] % 2 == 1", "100?00"},
    {"n + 1 > 1", "100100"},

    // null tests
    {"i8 is null", "000001"},
    {"i8 IS NULL", "000001"},
    {"i8 is not null", "111110"},
    {"i8 IS NOT NULL", "111110"},
    {"not (i8 is null)", "111110"},
    {"not i8 is null", "111110"},
    {"i32 is null", "000000"},
    {"i32 is not null", "111111"},
    {"sn is null and i32 > 20", "000010"},
    {"sn is null or sn == 'x'", "110110"},
    {"ai is null", "000100"},
    {"j is null", "000100"},
    {"j is not null", "111011"},
    {"j[\"a\"] is null", "000101"},
    {"j[\"n\"] is null", "111111"},
    {"j[\"a\"] is not null", "111010"},
    {"color is null", "001110"},
    {"color is not null", "110001"},

    // exists, JSON paths, dynamic keys
    {"exists j[\"a\"]", "111?10"},
    {"EXISTS j['o']['k']", "100?01"},
    {"exists j[\"n\"]", "000?00"},
    {"not exists j[\"a\"]", "000?01"},
    {"exists color", "110001"},
    {"exists $meta[\"n\"]", "100111"},
    {"exists n and i32 > 10", "000111"},
    {"j[\"a\"] == 1", "100?00"},
    {"j['a'] == 1.0", "100?00"},
    {"j[\"a\"] == 2.5", "010?00"},
    {"j[\"a\"] == \"1\"", "001?00"},
    {"j[\"a\"] != 1", "011?11"},
    {"not (j[\"a\"] == 1)", "011?11"},
    {"j[\"a\"] > 1", "010?10"},
    {"j[\"a\"] > 9223372036854775807", "000?10"},
    {"j[\"a\"] >= 1", "110?10"},
    {"j[\"a\"] < 2", "100?00"},
    {"j[\"a\"] <= 2.5", "110?00"},
    {"1 < j[\"a\"]", "010?10"},
    {"j[\"s\"] == \"red\"", "100?00"},
    {"j[\"s\"] > \"blue\"", "100?01"},
    {"j[\"s\"] != \"red\"", "011?11"},
    {"j[\"t\"] == true", "100?00"},
    {"j[\"t\"] != true", "011?11"},
    {"j[\"n\"] == 0", "000?00"},
    {"j[\"n\"] != 0", "111?11"},
    {"j[\"o\"][\"k\"][1] == 2", "100?00"},
    {"j[\"o\"][\"k\"][0] > 0", "100?01"},
    {"j[\"o\"][\"k\"] == [1, 2]", "100?00"},
    {"j[\"o\"][\"k\"] != [1, 2]", "011?11"},
    {"j[\"arr\"][3][0] == 7", "100?00"},
    {"j[\"arr\"] == []", "010?00"},
    {"color == \"red\"", "100001"},
    {"color != \"red\"", "011110"},
    {"$meta[\"color\"] == \"red\"", "100001"},
    {"n == 3", "000100"},
    {"n == \"x\"", "000010"},
    {"n[1] == 2", "000001"},
    {"n > 0", "100100"},
    {"nowhere == 1", "000000"},
    {"nowhere != 1", "111111"},

    // arrays
    {"ai[0] == 1", "100?01"},
    {"ai[0] != 1", "001?10"},
    {"not (ai[0] == 1)", "011?10"},
    {"ai[1] > 1", "100?10"},
    {"ai[99] != 1", "000?00"},
    {"as[0] == \"a\"", "100100"},
    {"as[1] >= \"a\"", "100010"},
    {"af[0] == 0.1", "100000"},
    {"af[0] > 1", "010100"},
    {"ai == [1, 2, 3]", "100?00"},
    {"ai != [1, 2, 3]", "011?11"},
    {"ai == []", "010?00"},
    {"as == [\"b\"]", "010000"},
    {"af == [1.5, 2]", "010000"},
    {"array_contains(ai, 3)", "101?00"},
    {"ARRAY_CONTAINS(ai, 3)", "101?00"},
    {"json_contains(ai, 3)", "101?00"},
    {"array_contains_any(ai, [2, 5])", "100?10"},
    {"array_contains_any(ai, [2, 5, 7, 8, 9, 10])", "100?10"},
    {"array_contains_any(ai, [])", "000?00"},
    {"array_contains_all(ai, [1, 3])", "100?00"},
    {"array_contains_all(ai, [])", "111?11"},
    {"not array_contains(ai, 3)", "010?11"},
    {"array_contains(as, \"a\")", "100110"},
    {"array_contains_all(as, [\"a\", \"b\"])", "100000"},
    {"array_contains(af, 3)", "000100"},
    {"array_length(ai) == 1", "001?01"},
    {"array_length(ai) > 0", "101?11"},
    {"0 < array_length(as)", "110111"},
    {"ARRAY_LENGTH(as) != 2", "011101"},
    {"array_length(j[\"arr\"]) == 3", "001?00"},
    {"array_length(j[\"arr\"]) == 0", "010?11"},
    {"array_length(n) == 2", "000001"},
    {"json_contains(j[\"arr\"], 1)", "101?00"},
    {"json_contains(j[\"arr\"], 1.0)", "101?00"},
    {"json_contains(j[\"arr\"], \"x\")", "100?00"},
    {"JSON_CONTAINS(j[\"arr\"], 2.5)", "100?00"},
    {"json_contains(j[\"arr\"], [7])", "100?00"},
    {"json_contains(j[\"arr\"], true)", "000?00"},
    {"json_contains_any(j[\"arr\"], [\"x\", 3])", "101?00"},
    {"json_contains_any(j[\"arr\"], [9, [8], [7], 8])", "100?00"},
    {"json_contains_any(j[\"arr\"], [2.5, 9, 10, 11, 12, 3.0])", "101?00"},
    {"json_contains_any(j[\"arr\"], [])", "000?00"},
    {"json_contains_all(j[\"arr\"], [1, \"x\"])", "100?00"},
    {"json_contains_all(j[\"arr\"], [1, 2, 3])", "001?00"},
    {"json_contains_all(j[\"arr\"], [])", "111?00"},
    {"array_contains(j[\"o\"][\"k\"], 5)", "000?01"},
    {"json_contains(n, 2)", "000001"},

    // field against field
    {"i32 > i16", "101110"},
    {"i16 < i32", "101110"},
    {"i64 == i8", "0?000?"},
    {"i64 > i8", "1?110?"},
    {"i32 > d", "1?1111"},
    {"f < d", "1?1110"},
    {"f >= f", "111111"},
    {"s > sn", "0?00?1"},
    {"sn == sn", "1?11?1"},
    {"b == b", "111?11"},
    {"late == i32", "??????"},
    {"late7 == i64", "0?0100"},
    {"id < i32", "111111"},

    // fields younger than the rows
    {"late == 1", "??????"},
    {"late is null", "111111"},
    {"late is not null", "000000"},
    {"late7 == 7", "111111"},
    {"late7 in [1, 2]", "000000"},
    {"late == 1 or i32 == 10", "1?????"},
    {"late == 1 and i32 == 10", "?00000"},

    // functions on strings
    {"empty(s)", "000100"},
    {"EMPTY(s) or starts_with(s, 'ban')", "010100"},

    {"Starts_With(s, \"a\")", "101010"},
    {"starts_with(s, sn)", "0?00?0"},
    {"starts_with(s, s)", "111111"},
    {"not starts_with(s, sn)", "1?11?1"},

    // templates
    {"i64 == {int}", "0?0100"},
    {"{int} == i64", "0?0100"},
    {"i64 in {ints}", "0?0000"},
    {"id in {ints}", "011100"},
    {"id not in {ints}", "100011"},
    {"id in [{int}, 0]", "100000"},
    {"d == {float}", "0?1000"},
    {"d in {floats}", "1?1000"},
    {"d > {int}", "0?0000"},
    {"0 <= d <= {float}", "1?1000"},
    {"s == {text}", "001000"},
    {"s in {texts}", "101000"},
    {"s like {pattern}", "101000"},
    {"s =~ {text}", "101000"},
    {"b == {flag}", "101?01"},
    {"b in {bools}", "101?01"},
    {"i8 + {int} == 9", "00001?"},
    {"array_contains_any(ai, {ints})", "101?01"},
    {"array_contains(ai, {int})", "000?00"},
    {"json_contains_any(j[\"arr\"], {mixed})", "101?00"},
    {"json_contains_any(j[\"arr\"], {nested})", "100?00"},
    {"id in {empty}", "000000"},
    {"ai == {ints}", "100?00"},
    {"j[\"a\"] < {float}", "100?00"},
};

TEST(Filter, SaysWhatTheTableSays) {
    const Rows rows = MakeRows();
    for (const Case& test : kCases) {
        const base::Result<Plan> plan = ParseFilter(test.text, rows.schema, Templates());
        if (std::string_view(test.expected).starts_with("invalid: ")) {
            EXPECT_FALSE(plan.ok()) << test.text;
            continue;
        }
        ASSERT_TRUE(plan.ok()) << test.text << "\n" << plan.status().reason();
        const auto truth = Evaluate(*plan, rows, kRows, base::CallContext(), sys::RealClock());
        ASSERT_TRUE(truth.ok()) << test.text << "\n" << truth.status().reason();
        EXPECT_EQ(test::Show(*truth), test.expected) << test.text;

        const auto travelled = base::Decode<Plan>(base::Encode(*plan));
        ASSERT_TRUE(travelled.ok()) << test.text;
        EXPECT_EQ(*travelled, *plan) << test.text;
    }
}

// Elements of every type that an array can hold, one row each.
TEST(Filter, TakesEveryElementType) {
    const std::vector<DataType> types = {DataType::kBool,   DataType::kInt8,   DataType::kInt16,
                                         DataType::kInt32,  DataType::kInt64,  DataType::kFloat,
                                         DataType::kDouble, DataType::kVarChar};
    for (const DataType type : types) {
        Rows rows;
        rows.AddField("id", DataType::kInt64).is_primary_key = true;
        rows.AddField("e", DataType::kArray, type);
        schema::ColumnBuilder builder = rows.Builder("e");
        for (const int first : {1, 0}) {  // [1, 0] and [0, 1], as the type writes them
            for (const int value : {first, 1 - first}) {
                if (type == DataType::kBool) {
                    builder.child().AppendBool(value != 0);
                } else if (schema::IsInteger(type)) {
                    builder.child().AppendInt(value);
                } else if (schema::IsFloating(type)) {
                    builder.child().AppendFloating(value);
                } else {
                    builder.child().AppendBytes(std::to_string(value));
                }
            }
            builder.CloseArrayRow();
        }
        rows.SetColumn(std::move(builder));
        const bool is_bool = type == DataType::kBool;
        const bool is_text = type == DataType::kVarChar;
        const std::string one = is_bool ? "true" : (is_text ? "'1'" : "1");
        const std::string zero = is_bool ? "false" : (is_text ? "'0'" : "0");
        const auto answer = [&](const std::string& text) {
            const auto plan = ParseFilter(text, rows.schema);
            EXPECT_TRUE(plan.ok()) << plan.status().reason();
            return test::Show(*Evaluate(*plan, rows, 2, base::CallContext(), sys::RealClock()));
        };
        EXPECT_EQ(answer("e[0] == " + one), "10") << static_cast<int>(type);
        EXPECT_EQ(answer("e[1] != " + one), "10");
        EXPECT_EQ(answer("e[0] in [" + one + "]"), "10");
        EXPECT_EQ(answer("e == [" + one + ", " + zero + "]"), "10");
        EXPECT_EQ(answer("e != [" + one + ", " + zero + "]"), "01");
        EXPECT_EQ(answer("array_contains(e, " + one + ")"), "11");
        EXPECT_EQ(answer("array_contains_all(e, [" + one + ", " + zero + "])"), "11");
        EXPECT_EQ(answer("array_contains_any(e, [" + zero + "])"), "11");
        EXPECT_EQ(answer("array_length(e) == 2"), "11");
        if (!is_bool) {
            EXPECT_EQ(answer("e[0] > " + zero), "10");
            EXPECT_EQ(answer(zero + " < e[0] <= " + one), "10");
        }
        if (!is_bool && !is_text) {
            EXPECT_EQ(answer("e[0] + 1 == 2"), "10");
        }
    }
}

struct BadCase {
    const char* text;
    const char* phrase;
};

const BadCase kBadCases[] = {
    // syntax
    {"i32 >", "mismatched input '<EOF>'"},
    {"(i32 > 1", "mismatched input"},
    {"i32 > 1)", "mismatched input ')'"},
    {"i32 = 1", "mismatched input '='"},
    {"i32 > 1 and", "mismatched input"},
    {"and i32 > 1", "mismatched input 'and'"},
    {"i32 And 1", "mismatched input"},
    {"i32 in [1, 2", "mismatched input"},
    {"s == \"abc", "unterminated string"},
    {"s == \"\\q\"", "invalid escape"},
    {"s == \"\\ud800\"", "invalid escape"},
    {"i32 == 09", "invalid number"},
    {"i32 == 12abc", "invalid number"},
    {"i32 == 9223372036854775808", "out of range"},
    {"i32 == 99999999999999999999", "out of range"},
    {"i32 == -9223372036854775809", "out of range"},
    {"i32 # 1", "token recognition error"},
    {"i32 not 1", "mismatched input"},
    {"s like 5", "mismatched input"},
    {"s like s", "mismatched input"},
    {"{int", "mismatched input"},
    {"j[a b]", "mismatched input"},
    {"i32 > 1; drop", "token recognition error"},
    {"\xe4\xb8\xad == 1", "token recognition error"},

    // the whole must be a predicate
    {"b", "predicate is not a boolean expression"},
    {"i32", "predicate is not a boolean expression"},
    {"1", "predicate is not a boolean expression"},
    {"\"abc\"", "predicate is not a boolean expression"},
    {"i32 + 1", "predicate is not a boolean expression"},
    {"array_length(ai)", "predicate is not a boolean expression"},
    {"[1, 2]", "predicate is not a boolean expression"},
    {"b and i32 > 1", "'and' can only be used between boolean expressions"},
    {"i32 > 1 or 5", "'or' can only be used between boolean expressions"},
    {"j[\"t\"] and i32 > 1", "'and' can only be used between boolean expressions"},
    {"not b", "not op can only be applied on boolean expression"},
    {"not i32 > 5", "not op can only be applied on boolean expression"},
    {"!s", "not op can only be applied on boolean expression"},

    // typing
    {"i32 == 1.5", "cannot cast value to Int32, value: 1.5"},
    {"i64 > 2.0", "cannot cast value to Int64"},
    {"i32 == \"a\"", "comparisons between Int32, element_type: None and VarChar"},
    {"i32 == \"a\"", "cannot cast value to Int32"},
    {"i32 == true", "comparisons between Int32"},
    {"s == 1", "comparisons between VarChar, element_type: None and Int64"},
    {"s > 1.5", "comparisons between VarChar"},
    {"b == 1", "comparisons between Bool"},
    {"b > true", "comparisons between Bool"},
    {"b == \"true\"", "comparisons between Bool"},
    {"d == \"x\"", "comparisons between Double"},
    {"i32 == [1]", "comparisons between Int32, element_type: None and Array"},
    {"j[\"a\"] > [1]", "comparisons between JSON"},
    {"1 == \"a\"", "comparisons between Int64 and VarChar constants"},
    {"true < false", "comparisons between Bool and Bool constants"},
    {"(i32 > 1) == true", "comparisons between Bool"},
    {"i32 > 1 == true", "comparisons between Bool"},
    {"i32 == i32 == i32", "comparisons between"},
    {"s == i32", "comparisons between VarChar"},
    {"b < b", "comparisons between Bool"},
    {"b == i32", "comparisons between Bool"},
    {"j[\"a\"] == i32", "two column comparison with JSON type is not supported"},
    {"i32 < color", "two column comparison with JSON type is not supported"},
    {"vec == 1", "comparisons between FloatVector"},
    {"ts > 1", "comparisons between Timestamptz"},
    {"txt == \"a\"", "filter on text field (txt) is not supported"},

    // arrays
    {"ai > [1]", "can not comparisons array fields directly"},
    {"ai == 1", "can not comparisons array fields directly"},
    {"1 < ai < 3", "can not comparisons array fields directly"},
    {"ai + 1 == 2", "can not comparisons array fields directly"},
    {"ai == ai", "can not comparisons array fields directly"},
    {"ai in [1]", "can not comparisons array fields directly"},
    {"ai == [1, \"a\"]", "cannot cast value to Int64"},
    {"ai[\"x\"] == 1", "can only be accessed with one integer index"},
    {"ai[0][1] == 1", "can only be accessed with one integer index"},
    {"ai[99999999999999999999] == 1", "out of range"},
    {"i32[0] == 1", "data type not supported accessed with []"},
    {"s[\"a\"] == 1", "data type not supported accessed with []"},
    {"ai[0] is null", "not supported on array elements"},
    {"i8 == \"\\xff\"", "no valid UTF-8"},
    {"\xe4\xb8\xad == 1", "\xe4\xb8\xad"},
    {"vec is null", "not supported on vector fields"},
    {"array_contains(ai, \"x\")", "contains operation can't compare"},
    {"array_contains(ai, 1.5)", "cannot cast value to Int64"},
    {"array_contains(i32, 1)", "contains operation are only supported on json or array"},
    {"array_contains(ai[0], 1)", "contains operation are only supported on json or array"},
    {"array_contains_all(ai, 1)", "element must be an array"},
    {"json_contains_any(j[\"a\"], 5)", "element must be an array"},
    {"array_contains(ai)", "takes 2 arguments"},
    {"array_contains(ai, i32)", "must be a constant"},
    {"array_length(i32) == 1", "array_length operation are only supported on array or json"},
    {"array_length(ai) == 1.5", "cannot cast value"},
    {"array_length(ai) == \"1\"", "cannot cast value"},

    // in and like
    {"i32 in 5", "the right-hand side of 'term' must be a list"},
    {"i32 in (1, 2)", "mismatched input ','"},
    {"i32 in i16", "the right-hand side of 'term' must be a list"},
    {"i32 in [i16]", "value in list cannot be a non-const expression"},
    {"i32 in [1, \"a\"]", "in list cannot be casted to Int32"},
    {"i32 in [1.5]", "in list cannot be casted to Int32"},
    {"s in [1]", "in list cannot be casted to VarChar"},
    {"i32 in [[1]]", "in list cannot be casted"},
    {"1 in [1]", "'term' can only be used on single field"},
    {"(i32 + 1) in [1]", "'term' can only be used on single field"},
    {"i32 like \"1%\"", "like operation on non-string or no-json field is unsupported"},
    {"ai[0] like \"1%\"", "like operation on non-string"},
    {"i32 =~ \"1\"", "regex match operation on non-string"},
    {"s =~ \"a(\"", "invalid regex pattern"},
    {"s like {int}", "must be a string"},

    // arithmetic
    {"i32 + 1.5 == 3", "cannot cast value"},
    {"i32 + 1 == 1.5", "cannot cast value"},
    {"i32 / 0 == 1", "by zero"},
    {"i32 % 0 == 1", "by zero"},
    {"f / 0 == 1", "by zero"},
    {"f % 2 == 1", "modulo can only apply on integer types"},
    {"5 - i32 == 1", "complicated arithmetic operations are not supported"},
    {"i32 + 1 + 2 == 3", "complicated arithmetic operations are not supported"},
    {"i32 + 1 == i32 + 2", "complicated arithmetic operations are not supported"},
    {"i32 + 1 == i16", "complicated arithmetic operations are not supported"},
    {"i32 + i16 == 3", "not supported to do arithmetic operations between multiple fields"},
    {"s + 1 == 3", "can only be used between integer or floating or json field expressions"},
    {"b + 1 == 3", "can only be used between integer or floating or json field expressions"},
    {"i32 + \"a\" == 3", "can only be used between integer or floating or json"},
    {"i32 ** 2 == 4", "power can only apply on constants"},
    {"1 / 0 == i32", "by zero"},
    {"-i32 == 5", "unary '+' and '-'"},
    {"~i32 == 5", "bitnot is not supported"},
    {"i32 << 1 == 2", "shift operators are not supported"},
    {"i32 & 1 == 1", "bit operators are not supported"},
    {"i32 | 1", "bit operators are not supported"},
    {"i32 ^ 1", "bit operators are not supported"},
    {"\"a\" + \"b\" == s", "arithmetic operators can only be used"},
    {"j[\"a\"] + 1 == \"x\"", "comparisons between"},

    // ranges
    {"1 < i32 > 5", "comparisons between Bool"},
    {"5 < i32 < 1", "lowerbound is greater than upperbound"},
    {"1 < i32 < 1", "lowerbound is greater than upperbound"},
    {"1 < i32 < \"a\"", "invalid range operations"},
    {"1 < b < 2", "invalid range operations"},
    {"1 < i32 < i16", "must be constants"},
    {"1 < i32 + 1 < 5", "only supported on a single field"},
    {"1.5 < i32 < 3", "cannot cast value"},

    // exists, functions
    {"exists i32", "exists operations are only supported on json fields now, got: Int32"},
    {"exists j", "need a key"},
    {"exists ai[0]", "exists operations are only supported on json fields"},
    {"nosuch(i32)", "function nosuch not found"},
    {"empty(i32)", "can only be used on VarChar"},
    {"starts_with(s, 5)", "needs a string constant"},

    // templates
    {"i32 == {nope}", "the value of expression template variable name {nope} is not found"},
    {"{int} == 7", "placeholder was not supported between two constants with operator: =="},
    {"i32 == {int} + 1", "placeholder was not supported between two constants with operator: +"},
    {"i32 == {text}", "cannot cast value"},
    {"i32 in {int}", "must be a list"},
    {"i32 in {texts}", "in list cannot be casted"},
};

TEST(Filter, ExplainsWhatIsWrong) {
    const Rows rows = MakeRows();
    for (const BadCase& test : kBadCases) {
        const base::Result<Plan> plan = ParseFilter(test.text, rows.schema, Templates());
        ASSERT_FALSE(plan.ok()) << test.text;
        EXPECT_EQ(plan.status().code(), base::Code::kInvalidParameter);
        const std::string& reason = plan.status().reason();
        EXPECT_NE(reason.find(test.phrase), std::string::npos) << test.text << "\n" << reason;
        EXPECT_NE(reason.find("cannot parse expression: " + std::string(test.text)),
                  std::string::npos)
            << reason;
    }
}

TEST(Filter, UnknownNamesNeedADynamicField) {
    Rows rows;
    rows.AddField("id", DataType::kInt64).is_primary_key = true;
    for (const char* text :
         {"x == 1", "x[\"a\"] == 1", "$meta[\"x\"] == 1", "exists x", "x is null"}) {
        const auto plan = ParseFilter(text, rows.schema);
        ASSERT_FALSE(plan.ok());
        EXPECT_NE(plan.status().reason().find(" not exist"), std::string::npos)
            << plan.status().reason();
    }
    EXPECT_NE(ParseFilter("x == 1", rows.schema).status().reason().find("field x not exist"),
              std::string::npos);
}

TEST(Filter, TablesAreLargeEnough) {
    EXPECT_GE(std::size(kCases) + std::size(kBadCases), 400u);
}

}  // namespace
}  // namespace elanus::expr
