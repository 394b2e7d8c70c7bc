#include "reduce/sort_key.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace elanus::reduce {
namespace {

using schema::ColumnBuilder;
using schema::DataType;

std::string KeyAt(const schema::Column& column, size_t row) {
    std::string key;
    AppendSortKey(column.View(), row, &key);
    return key;
}

// The column's rows are given in ascending order: their keys are too.
void ExpectAscending(const schema::Column& column) {
    for (size_t row = 1; row < column.rows; ++row) {
        EXPECT_LT(KeyAt(column, row - 1), KeyAt(column, row)) << "row " << row;
    }
}

void ExpectRoundTrip(const schema::Column& column) {
    ColumnBuilder back(column.field_id, column.type);
    for (size_t row = 0; row < column.rows; ++row) {
        const std::string key = KeyAt(column, row) + "rest";
        std::string_view rest = key;
        ASSERT_TRUE(TakeSortKey(&rest, column.type, &back));
        EXPECT_EQ(rest, "rest");
        for (size_t cut = 0; cut + 5 < key.size(); ++cut) {
            std::string_view part(key.data(), cut);
            ColumnBuilder ignored(0, column.type);
            EXPECT_FALSE(TakeSortKey(&part, column.type, &ignored));
        }
    }
    const schema::Column read = back.Finish();
    EXPECT_EQ(base::Encode(read), base::Encode(column));
}

TEST(SortKeyTest, NumbersInOrderAndBack) {
    ColumnBuilder ints(1, DataType::kInt64);
    for (const int64_t value : {INT64_MIN, int64_t{-300}, int64_t{-1}, int64_t{0}, int64_t{1},
                                int64_t{255}, int64_t{256}, INT64_MAX}) {
        ints.AppendInt(value);
    }
    ints.AppendNull();
    const schema::Column int_column = ints.Finish();
    ExpectAscending(int_column);
    ExpectRoundTrip(int_column);
    ColumnBuilder doubles(1, DataType::kDouble);
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double value : {-infinity, -1e300, -1.5, -1e-300, 0.0, 1e-300, 2.0, infinity}) {
        doubles.AppendFloating(value);
    }
    const schema::Column double_column = doubles.Finish();
    ExpectAscending(double_column);
    ExpectRoundTrip(double_column);
    ColumnBuilder zeros(1, DataType::kFloat);
    zeros.AppendFloating(-0.0);
    zeros.AppendFloating(0.0);
    const schema::Column zero_column = zeros.Finish();
    EXPECT_EQ(KeyAt(zero_column, 0), KeyAt(zero_column, 1));
}

TEST(SortKeyTest, StringsWithZerosAndPrefixesInOrderAndBack) {
    using namespace std::string_literals;
    ColumnBuilder strings(1, DataType::kVarChar);
    for (const std::string& value : {""s, "\0"s, "\0\0"s, "\0\1"s, "\0a"s, "\1"s, "a"s, "a\0"s,
                                     "a\0b"s, "aa"s, "b"s, "\xff"s, "\xff\xff"s}) {
        strings.AppendBytes(value);
    }
    const schema::Column column = strings.Finish();
    ExpectAscending(column);
    ExpectRoundTrip(column);
}

// Rows sorted by (text descending, number ascending), nulls where they were asked for.
TEST(SortKeyTest, SeveralFieldsWithDirectionsAndNulls) {
    schema::ColumnBatch batch;
    ColumnBuilder texts(1, DataType::kVarChar);
    ColumnBuilder numbers(2, DataType::kInt32);
    const auto add = [&](const char* text, int number) {
        text == nullptr ? texts.AppendNull() : texts.AppendBytes(text);
        number < 0 ? numbers.AppendNull() : numbers.AppendInt(number);
    };
    add(nullptr, 1);  // nulls first
    add("b", 1);
    add("b", 2);
    add("b", -1);  // nulls last
    add("ab", 0);
    add("a", 7);
    batch.rows = texts.rows();
    batch.columns = {texts.Finish(), numbers.Finish()};
    roles::SortField text;
    text.field.id = 1;
    text.field.type = DataType::kVarChar;
    text.descending = true;
    text.nulls_first = true;
    roles::SortField number;
    number.field.id = 2;
    number.field.type = DataType::kInt32;
    RowOrder order({text, number});
    ASSERT_TRUE(order.Use(batch).ok());
    std::vector<std::string> keys(batch.rows);
    for (size_t row = 0; row < batch.rows; ++row) {
        order.AppendKey(row, &keys[row]);
    }
    EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST(SortKeyTest, JsonValuesByKindMissingOnesAsNull) {
    ColumnBuilder documents(3, DataType::kJson);
    for (const char* text :
         {R"({"a":false})", R"({"a":true})", R"({"a":-5})", R"({"a":1.5})",
          R"({"a":9007199254740992})", R"({"a":9007199254740993})", R"({"a":18446744073709551615})",
          R"({"a":"x"})", R"({"a":"y"})", R"({"a":[1]})"}) {
        documents.AppendBytes(text);
    }
    schema::ColumnBatch batch;
    batch.rows = documents.rows();
    batch.columns = {documents.Finish()};
    roles::SortField field;
    field.field.id = 3;
    field.field.type = DataType::kJson;
    field.json_path = {"a"};
    RowOrder order({field});
    ASSERT_TRUE(order.Use(batch).ok());
    std::string before;
    for (size_t row = 0; row < batch.rows; ++row) {
        std::string key;
        order.AppendKey(row, &key);
        EXPECT_LT(before, key) << "row " << row;
        before = key;
    }
    EXPECT_EQ(before, "\xff");
}

}  // namespace
}  // namespace elanus::reduce
