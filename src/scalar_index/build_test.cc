// What is built and what is refused, paths as users write them, interrupts, and sizes of files.
#include "scalar_index/fixture_test.h"
#include "scalar_index/json_path.h"

#include <gtest/gtest.h>

namespace elanus::scalar_index {
namespace {

using schema::DataType;
using Params = std::map<std::string, std::string>;

schema::FieldSchema FieldOf(DataType type, DataType element = DataType::kNone) {
    schema::FieldSchema field;
    field.id = test::kField;
    field.name = "meta";
    field.type = type;
    field.element_type = element;
    return field;
}

base::Code CodeOf(const std::string& index_type, const schema::FieldSchema& field,
                  const Params& params) {
    schema::ColumnBuilder builder(field.id, field.type, field.element_type);
    return test::Build(index_type, field, params, builder.Finish()).status().code();
}

TEST(BuildTest, TypesAndParameters) {
    constexpr base::Code kBad = base::Code::kIndexNotSupported;
    constexpr base::Code kOk = base::Code::kOk;
    const Params grams{{"min_gram", "2"}, {"max_gram", "3"}};
    const Params text{{"json_cast_type", "VARCHAR"}, {"json_path", "meta['a']"}};
    const Params number{{"json_cast_type", "DOUBLE"}, {"json_path", "meta['a']"}};
    struct Case {
        const char* type;
        schema::FieldSchema field;
        Params params;
        base::Code code;
    };
    schema::FieldSchema key = FieldOf(DataType::kInt64);
    key.is_primary_key = true;
    Params cast = number;
    cast["json_cast_function"] = "STRING_TO_DOUBLE";
    Params bad_cast = text;
    bad_cast["json_cast_function"] = "STRING_TO_DOUBLE";
    const Case cases[] = {
        {"INVERTED", FieldOf(DataType::kInt64), {}, kOk},
        {"HNSW", FieldOf(DataType::kInt64), {}, kBad},
        {"inverted", FieldOf(DataType::kInt64), {}, kBad},
        {"INVERTED", FieldOf(DataType::kText), {}, kBad},
        {"INVERTED", FieldOf(DataType::kGeometry), {}, kBad},
        {"INVERTED", FieldOf(DataType::kArray, DataType::kVarChar), {}, kOk},
        {"AUTOINDEX", FieldOf(DataType::kFloatVector), {}, kBad},
        {"BITMAP", key, {}, kBad},
        {"BITMAP", FieldOf(DataType::kDouble), {}, kBad},
        {"BITMAP", FieldOf(DataType::kArray, DataType::kFloat), {}, kBad},
        {"Asceneding", FieldOf(DataType::kInt8), {}, kOk},
        {"STL_SORT", FieldOf(DataType::kBool), {}, kBad},
        {"STL_SORT", FieldOf(DataType::kArray, DataType::kInt8), {}, kBad},
        {"STL_SORT", FieldOf(DataType::kTimestamptz), {}, kOk},
        {"Trie", FieldOf(DataType::kVarChar), {}, kOk},
        {"marisa-trie", FieldOf(DataType::kVarChar), {}, kOk},
        {"TRIE", FieldOf(DataType::kInt64), {}, kBad},
        {"RTREE", FieldOf(DataType::kVarChar), {}, kBad},
        {"RTREE", FieldOf(DataType::kGeometry), {}, kOk},
        {"NGRAM", FieldOf(DataType::kVarChar), {}, kBad},
        {"NGRAM", FieldOf(DataType::kVarChar), grams, kOk},
        {"NGRAM", FieldOf(DataType::kVarChar), {{"min_gram", "0"}, {"max_gram", "3"}}, kBad},
        {"NGRAM", FieldOf(DataType::kVarChar), {{"min_gram", "4"}, {"max_gram", "3"}}, kBad},
        {"NGRAM", FieldOf(DataType::kVarChar), {{"min_gram", "2x"}, {"max_gram", "3"}}, kBad},
        {"NGRAM", FieldOf(DataType::kInt64), grams, kBad},
        {"INVERTED", FieldOf(DataType::kJson), {}, kBad},
        {"INVERTED", FieldOf(DataType::kJson), {{"json_cast_type", "INT"}}, kBad},
        {"INVERTED", FieldOf(DataType::kJson), {{"json_cast_type", "JSON"}}, kOk},
        {"INVERTED", FieldOf(DataType::kJson), cast, kOk},
        {"INVERTED", FieldOf(DataType::kJson), bad_cast, kBad},
        {"INVERTED",
         FieldOf(DataType::kJson),
         {{"json_cast_type", "BOOL"}, {"json_path", "x"}},
         kBad},
        {"BITMAP", FieldOf(DataType::kJson), number, kBad},
        {"BITMAP", FieldOf(DataType::kJson), text, kOk},
        {"STL_SORT", FieldOf(DataType::kJson), number, kOk},
        {"TRIE", FieldOf(DataType::kJson), text, kBad},
        {"HYBRID", FieldOf(DataType::kInt64), {{"bitmap_cardinality_limit", "1001"}}, kBad},
        {"HYBRID", FieldOf(DataType::kInt64), {{"bitmap_cardinality_limit", "0"}}, kBad},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(CodeOf(c.type, c.field, c.params), c.code)
            << c.type << " on " << schema::DataTypeName(c.field.type);
    }
}

TEST(BuildTest, AutomaticKindFollowsTheData) {
    const auto kind_of = [](DataType type, int64_t distinct, const Params& params) {
        schema::ColumnBuilder builder(test::kField, type);
        for (int64_t i = 0; i < 1000; ++i) {
            builder.AppendInt(i % distinct);
        }
        return test::MustBuild("AUTOINDEX", FieldOf(type), params, builder.Finish()).report.kind;
    };
    EXPECT_EQ(kind_of(DataType::kInt64, 100, {}), Kind::kBitmap);
    EXPECT_EQ(kind_of(DataType::kInt64, 101, {}), Kind::kSorted);
    EXPECT_EQ(kind_of(DataType::kInt64, 101, {{"bitmap_cardinality_limit", "200"}}), Kind::kBitmap);
    EXPECT_EQ(kind_of(DataType::kTimestamptz, 2, {}), Kind::kSorted);
}

TEST(BuildTest, PathsAsUsersWriteThem) {
    const schema::FieldSchema json = FieldOf(DataType::kJson);
    schema::FieldSchema dynamic = json;
    dynamic.name = "$meta";
    dynamic.is_dynamic = true;
    using Keys = std::vector<std::string>;
    const auto parsed = [](const char* text, const schema::FieldSchema& field) {
        const auto keys = ParseJsonPath(text, field);
        return keys.ok() ? *keys : Keys{"refused"};
    };
    EXPECT_EQ(parsed("meta[\"a\"][\"b\"]", json), (Keys{"a", "b"}));
    EXPECT_EQ(parsed("meta['a'][0]", json), (Keys{"a", "0"}));
    EXPECT_EQ(parsed("/a/b~1c/0", json), (Keys{"a", "b/c", "0"}));
    EXPECT_EQ(parsed("meta", json), Keys{});
    EXPECT_EQ(parsed("", json), Keys{});
    EXPECT_EQ(parsed("a", json), Keys{"refused"});
    EXPECT_EQ(parsed("meta['a'] or true", json), Keys{"refused"});
    EXPECT_EQ(parsed("meta[a]", json), Keys{"refused"});
    EXPECT_EQ(parsed("/a~", json), Keys{"refused"});
    EXPECT_EQ(parsed("a", dynamic), Keys{"a"});
    EXPECT_EQ(parsed("a['b']", dynamic), (Keys{"a", "b"}));
    EXPECT_EQ(parsed("$meta['a']['b']", dynamic), (Keys{"a", "b"}));
    EXPECT_EQ(parsed("my-key", dynamic), Keys{"my-key"});
    EXPECT_EQ(parsed("$meta", dynamic), Keys{});
}

TEST(BuildTest, EndsWhenInterrupted) {
    schema::ColumnBuilder numbers(test::kField, DataType::kInt64);
    schema::ColumnBuilder texts(test::kField, DataType::kVarChar);
    for (int64_t i = 0; i < 300000; ++i) {
        numbers.AppendInt(i * 7919 % 300007);
        texts.AppendBytes(std::to_string(i * 7919 % 300007));
    }
    const schema::Column columns[] = {numbers.Finish(), texts.Finish()};
    for (const schema::Column& column : columns) {
        for (int calls_left : {0, 3, 6}) {
            BuildInput input;
            input.column = column.View();
            input.rows = column.rows;
            input.interrupt = [&] {
                return calls_left-- > 0 ? base::Status() : base::Internal("stop");
            };
            codec::StringSink sink;
            const auto built = BuildIndex({"INVERTED", FieldOf(column.type), {}}, input, sink);
            EXPECT_EQ(built.status().code(), base::Code::kServiceInternal);
        }
    }
}

TEST(BuildTest, RefusesColumnsOfAnotherType) {
    schema::ColumnBuilder builder(test::kField, DataType::kInt32);
    builder.AppendInt(1);
    EXPECT_EQ(
        test::Build("INVERTED", FieldOf(DataType::kInt64), {}, builder.Finish()).status().code(),
        base::Code::kServiceInternal);
}

// Bytes a row of lists: bitmaps of few keys, one byte a gap of many.
TEST(BuildTest, FilesAreSmall) {
    constexpr int64_t kRows = 100000;
    const auto bytes_per_row = [&](int64_t distinct, const char* name) {
        schema::ColumnBuilder builder(test::kField, DataType::kInt64);
        for (int64_t i = 0; i < kRows; ++i) {
            builder.AppendInt((i * 2654435761) % distinct);
        }
        const auto built = test::MustBuild(name, FieldOf(DataType::kInt64), {}, builder.Finish());
        return static_cast<double>(built.bytes.size()) / kRows;
    };
    EXPECT_LT(bytes_per_row(2, "BITMAP"), 0.3);
    EXPECT_LT(bytes_per_row(100, "BITMAP"), 1.2);
    EXPECT_LT(bytes_per_row(1000, "INVERTED"), 2.3);
    EXPECT_LT(bytes_per_row(kRows, "INVERTED"), 16.2);
    EXPECT_LT(bytes_per_row(kRows, "STL_SORT"), 16.2);
}

}  // namespace
}  // namespace elanus::scalar_index
