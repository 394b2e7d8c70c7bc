#include "base/archive.h"
#include "schema/collection_schema.h"
#include "schema/column.h"
#include "schema/primary_key.h"

#include <gtest/gtest.h>

namespace elanus::schema {
namespace {

TEST(DataType, NamesGoBothWays) {
    for (const DataType type :
         {DataType::kBool, DataType::kInt8, DataType::kVarChar, DataType::kJson,
          DataType::kFloatVector, DataType::kArrayOfStruct}) {
        EXPECT_EQ(DataTypeFromName(DataTypeName(type)), type);
    }
    EXPECT_EQ(DataTypeFromName("int64"), DataType::kNone);
    EXPECT_EQ(FixedWidth(DataType::kFloatVector, 768), 3072u);
    EXPECT_EQ(FixedWidth(DataType::kBinaryVector, 16), 2u);
    EXPECT_EQ(FixedWidth(DataType::kVarChar, 0), 0u);
}

FieldSchema Field(base::FieldId id, std::string name, DataType type) {
    FieldSchema field;
    field.id = id;
    field.name = std::move(name);
    field.type = type;
    return field;
}

TEST(CollectionSchema, FindsFieldsAndTravels) {
    CollectionSchema schema;
    schema.enable_dynamic_field = true;
    schema.fields = {Field(100, "id", DataType::kInt64), Field(101, "v", DataType::kFloatVector),
                     Field(102, "$meta", DataType::kJson)};
    schema.fields[0].is_primary_key = true;
    schema.fields[1].type_params["dim"] = "8";
    schema.fields[2].is_dynamic = true;
    auto back = base::Decode<CollectionSchema>(base::Encode(schema));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->primary_key()->id, 100);
    EXPECT_EQ(back->dynamic_field()->id, 102);
    EXPECT_EQ(back->partition_key(), nullptr);
    EXPECT_EQ(back->FindField("v")->dim(), 8);
    EXPECT_EQ(back->FindField(base::FieldId{101})->name, "v");
    EXPECT_EQ(back->FindField("x"), nullptr);
    EXPECT_EQ(back->FindField("v")->IntParam("max_length"), 0);
    schema.fields[1].type_params["dim"] = "8x";
    EXPECT_EQ(schema.fields[1].dim(), 0);
}

Column Strings(std::vector<const char*> values) {
    ColumnBuilder builder(7, DataType::kVarChar);
    for (const char* value : values) {
        value == nullptr ? builder.AppendNull() : builder.AppendBytes(value);
    }
    return builder.Finish();
}

Column Arrays() {  // [1, 2], null, [], [3]
    ColumnBuilder builder(8, DataType::kArray, DataType::kInt32);
    builder.child().AppendInt(1);
    builder.child().AppendInt(2);
    builder.CloseArrayRow();
    builder.AppendNull();
    builder.CloseArrayRow();
    builder.child().AppendInt(3);
    builder.CloseArrayRow();
    return builder.Finish();
}

TEST(Column, BuildsEveryLayout) {
    const Column strings = Strings({"a", nullptr, "", "bcd"});
    EXPECT_TRUE(strings.Verify().ok());
    EXPECT_FALSE(strings.IsValid(1));
    EXPECT_EQ(strings.View().StringAt(3), "bcd");
    const Column arrays = Arrays();
    EXPECT_TRUE(arrays.Verify().ok());
    EXPECT_EQ(arrays.View().children[0].As<int32_t>()[2], 3);
    EXPECT_EQ(arrays.View().offsets[4], 3u);
    ColumnBuilder first_null(9, DataType::kInt64);
    first_null.AppendNull();
    first_null.AppendInt(-5);
    const Column ints = first_null.Finish();
    EXPECT_TRUE(ints.Verify().ok());
    EXPECT_FALSE(ints.IsValid(0));
    EXPECT_TRUE(ints.IsValid(1));
    EXPECT_EQ(ints.View().As<int64_t>()[1], -5);
    ColumnBuilder narrow(10, DataType::kInt8);
    narrow.AppendInt(-128);
    EXPECT_EQ(narrow.Finish().View().As<int8_t>()[0], -128);
}

TEST(Column, VerifyFindsDamage) {
    Column column = Strings({"a", "b"});
    column.rows = 3;
    EXPECT_FALSE(column.Verify().ok());
    column = Strings({"a", "b"});
    column.offsets = base::Buffer::FromVector(std::vector<uint32_t>{0, 2, 1});
    EXPECT_FALSE(column.Verify().ok());
    column.offsets = base::Buffer::FromVector(std::vector<uint32_t>{0, 3, 2});
    EXPECT_FALSE(column.Verify().ok());
    column = Strings({"a", "b"});
    column.validity = base::Bitmap(1);
    EXPECT_FALSE(column.Verify().ok());
    column = Arrays();
    column.element_type = DataType::kInt64;
    EXPECT_FALSE(column.Verify().ok());
    column = Arrays();
    column.children.clear();
    EXPECT_FALSE(column.Verify().ok());
    Column flags;
    flags.type = DataType::kBool;
    flags.rows = 1;
    flags.values = base::Buffer::FromString("\x02");
    EXPECT_FALSE(flags.Verify().ok());
    Column empty;
    EXPECT_FALSE(empty.Verify().ok());
    flags.rows = UINT64_MAX;
    EXPECT_FALSE(flags.Verify().ok());
    flags.type = DataType::kVarChar;
    flags.values = {};
    EXPECT_FALSE(flags.Verify().ok());  // rows + 1 wraps to the zero offsets it has
}

TEST(ColumnBatch, GathersAndConcatenates) {
    ColumnBatch batch;
    batch.rows = 4;
    batch.columns.push_back(Strings({"a", nullptr, "", "bcd"}));
    batch.columns.push_back(Arrays());
    ASSERT_TRUE(batch.Verify().ok());
    auto travelled = base::Decode<ColumnBatch>(base::Encode(batch));
    ASSERT_TRUE(travelled.ok());
    EXPECT_TRUE(travelled->Verify().ok());

    const ColumnBatch picked = Gather(*travelled, {3, 0, 1, 1});
    ASSERT_TRUE(picked.Verify().ok());
    EXPECT_EQ(picked.Find(7)->View().StringAt(0), "bcd");
    EXPECT_FALSE(picked.Find(7)->IsValid(3));
    EXPECT_EQ(picked.Find(8)->View().children[0].As<int32_t>()[0], 3);
    EXPECT_EQ(picked.Find(9), nullptr);

    auto joined = Concatenate({batch, picked});
    ASSERT_TRUE(joined.ok());
    ASSERT_TRUE(joined->Verify().ok());
    EXPECT_EQ(joined->rows, 8u);
    EXPECT_EQ(joined->Find(7)->View().StringAt(4), "bcd");
    EXPECT_FALSE(joined->Find(8)->IsValid(6));
    ColumnBatch other;
    EXPECT_FALSE(Concatenate({batch, other}).ok());
    EXPECT_EQ(Concatenate({})->rows, 0u);
}

TEST(Column, DefaultsFillAbsentFields) {
    FieldSchema field = Field(5, "f", DataType::kDouble);
    EXPECT_FALSE(MakeDefaultColumn(field, 3).IsValid(2));
    field.default_value = 2.5;
    const Column column = MakeDefaultColumn(field, 3);
    EXPECT_TRUE(column.Verify().ok());
    EXPECT_EQ(column.View().As<double>()[2], 2.5);
    field.type = DataType::kVarChar;
    field.default_value = std::string("dd");
    EXPECT_EQ(MakeDefaultColumn(field, 2).View().StringAt(1), "dd");
    field.type = DataType::kArray;
    field.element_type = DataType::kVarChar;
    field.default_value = {};
    EXPECT_TRUE(MakeDefaultColumn(field, 2).Verify().ok());
}

TEST(PrimaryKeys, HoldOneKind) {
    PrimaryKeys keys;
    keys.Append(PrimaryKey(int64_t{4}));
    EXPECT_EQ(keys.At(0), PrimaryKey(int64_t{4}));
    PrimaryKeys names;
    names.AppendFrom(Strings({"x", "y"}).View(), 1);
    EXPECT_EQ(names.At(0), PrimaryKey(std::string("y")));
    EXPECT_EQ(HashPrimaryKey(names.At(0)), HashPrimaryKey(std::string_view("y")));
}

}  // namespace
}  // namespace elanus::schema
