// Every data type of Milvus through the proxy: schemas, rows in, rows out.

#include "geometry/geometry.h"
#include "proxy/fake_roles_test.h"
#include "proxy/output_fields.h"
#include "proxy/schema_validation.h"
#include "simd/half.h"

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace elanus::proxy {

namespace {

using schema::Column;
using schema::DataType;
using schema::FieldSchema;

testing::AssertionResult Fails(const base::Status& status, int code, std::string_view phrase) {
    if (static_cast<int>(status.code()) == code &&
        status.reason().find(phrase) != std::string::npos) {
        return testing::AssertionSuccess();
    }
    return testing::AssertionFailure()
           << static_cast<int>(status.code()) << " \"" << status.reason() << "\"";
}

FieldSchema SubField(const char* name, DataType type, DataType element, KeyValues params) {
    FieldSchema field = ProxyFixture::Field(name, type, std::move(params));
    field.element_type = element;
    return field;
}

// clips: [{label VarChar(8), score Float, vec FloatVector(2)}], up to three.
FieldSchema Clips() {
    FieldSchema field = ProxyFixture::Field("clips", DataType::kArrayOfStruct);
    field.sub_fields = {
        SubField("label", DataType::kArray, DataType::kVarChar,
                 {{"max_capacity", "3"}, {"max_length", "8"}}),
        SubField("score", DataType::kArray, DataType::kFloat, {{"max_capacity", "3"}}),
        SubField("vec", DataType::kArrayOfVector, DataType::kFloatVector,
                 {{"max_capacity", "3"}, {"dim", "2"}})};
    return field;
}

CreateCollectionRequest With(FieldSchema field) {
    CreateCollectionRequest request = ProxyFixture::SimpleCollection();
    request.schema.fields.push_back(std::move(field));
    return request;
}

base::Status Prepared(FieldSchema field) {
    CreateCollectionRequest request = With(std::move(field));
    return PrepareCollection(Limits(), &request);
}

FieldSchema Typed(DataType type, KeyValues params = {}) {
    return ProxyFixture::Field("f", type, std::move(params));
}

TEST(TypeSchemas, EveryTypeWithinItsLimitsIsTaken) {
    std::vector<FieldSchema> fields = {
        Typed(DataType::kBinaryVector, {{"dim", "8"}}),
        Typed(DataType::kBinaryVector, {{"dim", "262144"}}),
        Typed(DataType::kFloat16Vector, {{"dim", "2"}}),
        Typed(DataType::kBFloat16Vector, {{"dim", "32768"}}),
        Typed(DataType::kInt8Vector, {{"dim", "3"}}),
        Typed(DataType::kSparseFloatVector),
        Typed(DataType::kTimestamptz),
        Typed(DataType::kGeometry),
        Typed(DataType::kText),
        Typed(DataType::kText, {{"max_length", "2097152"}}),
        Typed(DataType::kVarChar,
              {{"max_length", "9"}, {"enable_analyzer", "true"}, {"enable_match", "true"}}),
        Typed(DataType::kText,
              {{"enable_analyzer", "true"}, {"analyzer_params", R"({"tokenizer":"standard"})"}}),
        Clips()};
    for (const DataType element :
         {DataType::kBool, DataType::kInt8, DataType::kInt16, DataType::kInt32, DataType::kInt64,
          DataType::kFloat, DataType::kDouble}) {
        fields.push_back(SubField("f", DataType::kArray, element, {{"max_capacity", "4096"}}));
    }
    for (const FieldSchema& field : fields) {
        for (const bool nullable : {false, true}) {
            FieldSchema one = field;
            one.nullable = nullable;
            const base::Status status = Prepared(one);
            EXPECT_TRUE(status.ok()) << schema::DataTypeName(field.type) << status.reason();
        }
    }
}

TEST(TypeSchemas, RefusesWithMilvusPhrases) {
    const auto clips = [](const std::function<void(FieldSchema*)>& change) {
        FieldSchema field = Clips();
        change(&field);
        return field;
    };
    const auto with_default = [](DataType type, schema::DefaultValue value, KeyValues params = {}) {
        FieldSchema field = Typed(type, std::move(params));
        field.default_value = std::move(value);
        return field;
    };
    const struct {
        FieldSchema field;
        int code;
        const char* phrase;
    } cases[] = {
        {Typed(DataType::kBinaryVector, {{"dim", "12"}}), 1100,
         "binary vector dimension should be multiple of 8."},
        {Typed(DataType::kBinaryVector, {{"dim", "262152"}}), 1100,
         "binary vector dimension should be in range 2 ~ 262144"},
        {Typed(DataType::kFloat16Vector), 1100, "dimension is not defined in field type params"},
        {Typed(DataType::kInt8Vector, {{"dim", "32769"}}), 1100, "should be in range 2 ~ 32768"},
        {Typed(DataType::kSparseFloatVector, {{"dim", "8"}}), 1100,
         "dim should not be specified for sparse vector field f"},
        {Typed(DataType::kText, {{"max_length", "2097153"}}), 1100, "should be in (0, 2097152]"},
        {Typed(DataType::kArrayOfVector), 1100, "ArrayOfVector is only allowed inside a struct"},
        {SubField("f", DataType::kArray, DataType::kTimestamptz, {{"max_capacity", "4"}}), 1100,
         "element type Timestamptz is not supported"},
        {Typed(DataType::kInt64, {{"enable_match", "true"}}), 1100, "only VarChar and Text"},
        {Typed(DataType::kVarChar, {{"max_length", "9"}, {"enable_match", "true"}}), 1100,
         "must also enable_analyzer"},
        {Typed(DataType::kVarChar,
               {{"max_length", "9"}, {"enable_analyzer", "true"}, {"analyzer_params", "[1"}}),
         1100, "analyzer_params of field f should be a JSON object"},
        {with_default(DataType::kTimestamptz, std::string("yesterday")), 1100,
         "got invalid timestamptz string 'yesterday'"},
        {with_default(DataType::kGeometry, std::string("POINT(1")), 1100, "invalid WKT 'POINT(1'"},
        {with_default(DataType::kSparseFloatVector, std::string("")), 1100,
         "type not support default_value, type:SparseFloatVector"},
        {clips([](auto* f) { f->sub_fields.clear(); }), 1100,
         "struct array field clips has no sub-fields"},
        {clips([](auto* f) { f->sub_fields[1].type_params["max_capacity"] = "4"; }), 1100,
         "must have the same max_capacity"},
        {clips([](auto* f) { f->sub_fields[1].type_params.clear(); }), 1101,
         "type param(max_capacity) should be specified for array field score"},
        {clips([](auto* f) { f->sub_fields[0].type_params.erase("max_length"); }), 1101,
         "type param(max_length) should be specified"},
        {clips([](auto* f) { f->sub_fields[2].type_params.erase("dim"); }), 1100,
         "dimension is not defined"},
        {clips([](auto* f) { f->sub_fields[1].type = DataType::kFloat; }), 1100,
         "can only be array or array of vector, but field score is Float"},
        {clips([](auto* f) { f->sub_fields[1].element_type = DataType::kArrayOfStruct; }), 1100,
         "Nested array is not supported score"},
        {clips([](auto* f) { f->sub_fields[1].element_type = DataType::kJson; }), 1100,
         "element type JSON is not supported for fields in struct"},
        {clips([](auto* f) { f->sub_fields[2].element_type = DataType::kSparseFloatVector; }), 1100,
         "Unsupported element type SparseFloatVector of ArrayOfVector"},
        {clips([](auto* f) { f->sub_fields[2].type = DataType::kArray; }), 1100,
         "use ArrayOfVector when element type is a vector"},
        {clips([](auto* f) { f->sub_fields[1].is_partition_key = true; }), 1100,
         "cannot be a key, autoID"},
        {clips([](auto* f) { f->sub_fields[1].default_value = 1.0F; }), 1100,
         "default_value is not supported for fields in struct array"},
        {clips([](auto* f) { f->sub_fields[1].nullable = true; }), 1100,
         "nullable is not supported for fields in struct array now, fieldName = score"},
        {clips([](auto* f) { f->sub_fields[1].name = "label"; }), 1100, "duplicated field name"},
        {clips([](auto* f) { f->sub_fields[1].name = "1x"; }), 1701, "Invalid field name: 1x."},
    };
    for (const auto& c : cases) {
        EXPECT_TRUE(Fails(Prepared(c.field), c.code, c.phrase));
    }
}

TEST(TypeSchemas, SubFieldsCountAsFieldsAndVectors) {
    CreateCollectionRequest request = ProxyFixture::SimpleCollection();
    for (int i = 0; i < 10; ++i) {
        request.schema.fields.push_back(Clips());
        request.schema.fields.back().name += std::to_string(i);
    }
    EXPECT_TRUE(Fails(PrepareCollection(Limits(), &request), 1100,
                      "maximum vector field's number should be limited to 10"));
    for (int i = 10; i < 16; ++i) {
        request.schema.fields.push_back(Clips());
        request.schema.fields.back().name += std::to_string(i);
    }
    EXPECT_TRUE(Fails(PrepareCollection(Limits(), &request), 1100,
                      "maximum field's number should be limited to 64"));
    // A vector inside a struct array is vector enough.
    request = ProxyFixture::SimpleCollection();
    request.schema.fields[1] = Clips();
    EXPECT_TRUE(PrepareCollection(Limits(), &request).ok());
}

TEST(TypeSchemas, DefaultsOfTextFormAreStoredAsColumnsStoreThem) {
    FieldSchema field = Typed(DataType::kTimestamptz);
    field.default_value = std::string("1970-01-01T08:00:01");
    CreateCollectionRequest request = With(field);
    request.properties["timezone"] = "Asia/Shanghai";
    ASSERT_TRUE(PrepareCollection(Limits(), &request).ok());
    EXPECT_EQ(std::get<int64_t>(request.schema.fields[2].default_value), 1'000'000);
    request.properties["timezone"] = "Mars/Olympus";
    EXPECT_TRUE(Fails(PrepareCollection(Limits(), &request), 1100,
                      "unknown or invalid IANA Time Zone ID: Mars/Olympus"));
}

TEST(TypeSchemas, ACollectionKeepsTheZoneOfItsDatabase) {
    ProxyFixture f;
    ASSERT_TRUE(Fails(f.proxy.CreateDatabase(f.context, "d", {{"timezone", "x/y"}}), 1100,
                      "unknown or invalid IANA Time Zone ID: x/y"));
}

// ---- rows in

struct Typewriter {
    ProxyFixture f;
    FieldSchema field;

    explicit Typewriter(FieldSchema of, KeyValues properties = {}) : field(std::move(of)) {
        CreateCollectionRequest request = With(field);
        request.properties = std::move(properties);
        const base::Status status = f.Create(std::move(request));
        EXPECT_TRUE(status.ok()) << status.reason();
    }
    base::Status Insert(InputColumn column, uint64_t rows) {
        column.name = field.name;
        std::vector<int64_t> ids(rows);
        std::vector<InputColumn> columns = {
            ProxyFixture::Ints("id", ids),
            ProxyFixture::Vectors("v", std::vector<float>(rows * 2, 1.0F)), std::move(column)};
        return f.Write(false, std::move(columns), rows).status();
    }
    Column Inserted() {
        const schema::ColumnBatch& rows = f.streaming_node.appends.back().parts[0].rows;
        EXPECT_TRUE(rows.Verify().ok()) << rows.Verify().reason();
        return *rows.Find(102);
    }
};

template <typename T>
InputColumn Dense(DataType type, uint32_t dim, std::vector<T> values) {
    InputColumn column;
    column.type = column.values.type = type;
    column.values.dim = dim;
    column.values.values = base::Buffer::FromVector(std::move(values));
    column.values.rows = 1;  // the proxy counts for itself
    return column;
}

InputColumn Valid(InputColumn column, const std::vector<bool>& valid) {
    column.valid = base::Bitmap(valid.size());
    for (size_t i = 0; i < valid.size(); ++i) {
        column.valid.Assign(i, valid[i]);
    }
    return column;
}

std::string Pairs(const std::vector<std::pair<uint32_t, float>>& pairs) {
    std::string bytes;
    for (const auto& [index, value] : pairs) {
        bytes.append(reinterpret_cast<const char*>(&index), sizeof index);
        bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    return bytes;
}

InputColumn Sparse(const std::vector<std::string>& rows) {
    return ProxyFixture::Texts("f", DataType::kSparseFloatVector, rows);
}

TEST(TypeRows, DenseVectorsOfEveryElementKind) {
    const auto half = [](float value) { return simd::HalfFromFloat(value); };
    Typewriter fp16(Typed(DataType::kFloat16Vector, {{"dim", "2"}}));
    ASSERT_TRUE(fp16.Insert(Dense<uint16_t>(DataType::kFloat16Vector, 2,
                                            {half(1), half(2), half(3), half(-4)}),
                            2)
                    .ok());
    EXPECT_EQ(fp16.Inserted().values.As<uint16_t>()[3], half(-4));
    // Floats are rounded by the server.
    ASSERT_TRUE(fp16.Insert(Dense<float>(DataType::kFloatVector, 2, {1, 0.1F}), 1).ok());
    EXPECT_EQ(fp16.Inserted().type, DataType::kFloat16Vector);
    EXPECT_EQ(fp16.Inserted().values.As<uint16_t>()[1], half(0.1F));
    EXPECT_TRUE(Fails(fp16.Insert(Dense<float>(DataType::kFloatVector, 2, {1, 1e9F}), 1), 1100,
                      "value '+Inf' is not a number or infinity"));
    EXPECT_TRUE(Fails(fp16.Insert(Dense<uint16_t>(DataType::kFloat16Vector, 2, {0x7e00, 0}), 1),
                      1100, "value 'NaN' is not a number or infinity"));
    EXPECT_TRUE(Fails(fp16.Insert(Dense<uint16_t>(DataType::kFloat16Vector, 2, {1, 2, 3}), 1), 1100,
                      "the length(3) of float16 data should divide the dim(2)"));
    EXPECT_TRUE(Fails(fp16.Insert(Dense<uint16_t>(DataType::kBFloat16Vector, 2, {1, 2}), 1), 1100,
                      "need Float16Vector array"));
    EXPECT_TRUE(Fails(fp16.Insert(Dense<uint16_t>(DataType::kFloat16Vector, 4, {1, 2, 3, 4}), 1),
                      1100, "the dim (4) of field data(f) is not equal to schema dim (2)"));

    Typewriter bf16(Typed(DataType::kBFloat16Vector, {{"dim", "2"}}));
    ASSERT_TRUE(bf16.Insert(Dense<uint16_t>(DataType::kBFloat16Vector, 2, {0x3f80, 0}), 1).ok());
    EXPECT_TRUE(Fails(bf16.Insert(Dense<uint16_t>(DataType::kBFloat16Vector, 2, {0xff80, 0}), 1),
                      1100, "value '-Inf' is not a number or infinity"));

    Typewriter binary(Typed(DataType::kBinaryVector, {{"dim", "16"}}));
    ASSERT_TRUE(binary.Insert(Dense<uint8_t>(DataType::kBinaryVector, 16, {1, 2, 3, 4}), 2).ok());
    EXPECT_EQ(binary.Inserted().rows, 2u);
    EXPECT_TRUE(Fails(binary.Insert(Dense<uint8_t>(DataType::kBinaryVector, 16, {1, 2, 3}), 1),
                      1100, "the num(24) of all bits should divide the dim(16)"));
    EXPECT_TRUE(Fails(binary.Insert(Dense<uint8_t>(DataType::kBinaryVector, 8, {1, 2}), 1), 1100,
                      "the dim (8) of field data(f) is not equal to schema dim (16)"));

    Typewriter int8(Typed(DataType::kInt8Vector, {{"dim", "3"}}));
    ASSERT_TRUE(int8.Insert(Dense<int8_t>(DataType::kInt8Vector, 3, {-128, 0, 127}), 1).ok());
    EXPECT_TRUE(Fails(int8.Insert(Dense<int8_t>(DataType::kInt8Vector, 3, {1}), 1), 1100,
                      "the length(1) of int8 data should divide the dim(3)"));
}

TEST(TypeRows, SparseVectors) {
    Typewriter t(Typed(DataType::kSparseFloatVector));
    ASSERT_TRUE(t.Insert(Sparse({Pairs({{1, 0.5F}, {4294967294, 2}}), ""}), 2).ok());
    EXPECT_EQ(t.Inserted().View().StringAt(0).size(), 16u);
    const float inf = std::numeric_limits<float>::infinity();
    const std::pair<std::string, const char*> bad[] = {
        {"1234567", "invalid data length in sparse float vector: 7"},
        {Pairs({{2, 1}, {1, 1}}), "unsorted or same indices in sparse float vector"},
        {Pairs({{2, 1}, {2, 1}}), "unsorted or same indices in sparse float vector"},
        {Pairs({{UINT32_MAX, 1}}), "must be less than 2^32-1"},
        {Pairs({{1, -1}}), "negative value in sparse float vector"},
        {Pairs({{1, inf}}), "value '+Inf' is not a number or infinity"},
    };
    for (const auto& [row, phrase] : bad) {
        EXPECT_TRUE(Fails(t.Insert(Sparse({row}), 1), 1100, phrase));
    }
}

TEST(TypeRows, NullVectorsKeepAZeroSlot) {
    for (const DataType type : {DataType::kFloatVector, DataType::kInt8Vector}) {
        FieldSchema field = Typed(type, {{"dim", "2"}});
        field.nullable = true;
        Typewriter t(field);
        InputColumn column = type == DataType::kFloatVector ? Dense<float>(type, 2, {5, 6})
                                                            : Dense<int8_t>(type, 2, {5, 6});
        ASSERT_TRUE(t.Insert(Valid(column, {false, true, false}), 3).ok());
        EXPECT_EQ(t.Inserted().rows, 3u);
        EXPECT_FALSE(t.Inserted().IsValid(0));
        EXPECT_TRUE(t.Inserted().IsValid(1));
        ASSERT_TRUE(t.Insert(Valid(InputColumn(), {false, false}), 2).ok()) << "no value at all";
        EXPECT_EQ(t.Inserted().values.size(), 2 * schema::FixedWidth(type, 2));
        EXPECT_TRUE(
            Fails(t.Insert(Valid(column, {true, true}), 2), 1100, "the length of field is wrong"));
    }
    FieldSchema sparse = Typed(DataType::kSparseFloatVector);
    sparse.nullable = true;
    Typewriter t(sparse);
    ASSERT_TRUE(t.Insert(Valid(Sparse({Pairs({{1, 1}})}), {false, true}), 2).ok());
    EXPECT_EQ(t.Inserted().View().StringAt(0), "");
    EXPECT_EQ(t.Inserted().View().StringAt(1).size(), 8u);
}

TEST(TypeRows, AFewBytesOfNullsCannotTakeAllMemory) {
    FieldSchema field = Typed(DataType::kFloatVector, {{"dim", "32768"}});
    field.nullable = true;
    Typewriter t(field);
    const size_t rows = 20000;
    EXPECT_TRUE(Fails(t.Insert(Valid(InputColumn(), std::vector<bool>(rows, false)), rows), 1100,
                      "the nulls and defaults of the request take more than"));
    EXPECT_TRUE(
        Fails(t.f.Write(false, {}, 4'000'000'000).status(), 1100, "no column is passed in"));
}

TEST(TypeRows, TimestampsInZones) {
    Typewriter t(Typed(DataType::kTimestamptz), {{"timezone", "Asia/Shanghai"}});
    ASSERT_TRUE(t.Insert(ProxyFixture::Texts("f", DataType::kVarChar,
                                             {"1970-01-01T00:00:01Z", "1970-01-01T08:00:02",
                                              "1970-01-01 00:00:03.5-01:00"}),
                         3)
                    .ok());
    const Column column = t.Inserted();
    EXPECT_EQ(column.type, DataType::kTimestamptz);
    EXPECT_EQ(column.values.As<int64_t>()[0], 1'000'000);
    EXPECT_EQ(column.values.As<int64_t>()[1], 2'000'000);
    EXPECT_EQ(column.values.As<int64_t>()[2], 3'603'500'000);
    EXPECT_TRUE(Fails(t.Insert(ProxyFixture::Texts("f", DataType::kVarChar, {"noon"}), 1), 1100,
                      "got invalid timestamptz string 'noon'"));
    InputColumn raw = ProxyFixture::Ints("f", {INT64_MAX});
    raw.values.type = DataType::kTimestamptz;
    EXPECT_TRUE(Fails(t.Insert(raw, 1), 1100, "is out of range"));
    EXPECT_TRUE(Fails(t.Insert(ProxyFixture::Ints("f", {1}), 1), 1100, "need Timestamptz array"));
}

TEST(TypeRows, GeometriesTextsAndLengths) {
    Typewriter geometry(Typed(DataType::kGeometry));
    ASSERT_TRUE(
        geometry.Insert(ProxyFixture::Texts("f", DataType::kVarChar, {"POINT (1 2)"}), 1).ok());
    EXPECT_EQ(geometry.Inserted().type, DataType::kGeometry);
    EXPECT_EQ(geometry.Inserted().View().StringAt(0), *geometry::WkbFromWkt("POINT (1 2)"));
    EXPECT_TRUE(
        Fails(geometry.Insert(ProxyFixture::Texts("f", DataType::kVarChar, {"POINT (1"}), 1), 1100,
              "the value is no well-known text, row number: 0"));
    EXPECT_TRUE(Fails(geometry.Insert(ProxyFixture::Texts("f", DataType::kGeometry, {"\1\2"}), 1),
                      1100, "the value is no well-known binary"));

    Typewriter text(Typed(DataType::kText));
    ASSERT_TRUE(
        text.Insert(ProxyFixture::Texts("f", DataType::kVarChar, {std::string(2097153, 'x'), ""}),
                    2)
            .ok());
    EXPECT_EQ(text.Inserted().type, DataType::kText);
}

InputColumn StructColumn(const std::vector<std::vector<std::string>>& labels,
                         const std::vector<std::vector<float>>& scores, uint32_t dim = 2) {
    schema::ColumnBuilder label(0, DataType::kArray, DataType::kVarChar);
    schema::ColumnBuilder score(0, DataType::kArray, DataType::kFloat);
    schema::ColumnBuilder vec(0, DataType::kArrayOfVector, DataType::kFloatVector, dim);
    for (const auto& row : labels) {
        for (const std::string& value : row) {
            label.child().AppendBytes(value);
        }
        label.CloseArrayRow();
    }
    for (const auto& row : scores) {
        for (const float value : row) {
            score.child().AppendFloating(value);
            const std::vector<float> vector(dim, value);
            vec.child().AppendBytes(
                {reinterpret_cast<const char*>(vector.data()), dim * sizeof(float)});
        }
        score.CloseArrayRow();
        vec.CloseArrayRow();
    }
    InputColumn column;
    column.type = DataType::kArrayOfStruct;
    column.sub_columns.resize(3);
    column.sub_columns[0].name = "vec";
    column.sub_columns[0].values = vec.Finish();
    column.sub_columns[1].name = "label";
    column.sub_columns[1].values = label.Finish();
    column.sub_columns[2].name = "clips[score]";
    column.sub_columns[2].values = score.Finish();
    return column;
}

TEST(TypeRows, StructArraysBecomeOneColumn) {
    FieldSchema field = Clips();
    field.nullable = true;
    Typewriter t(field);
    InputColumn column = StructColumn({{"a", "b"}, {}}, {{1, 2}, {}});
    ASSERT_TRUE(t.Insert(column, 2).ok());
    Column stored = t.Inserted();
    EXPECT_EQ(stored.type, DataType::kArrayOfStruct);
    ASSERT_EQ(stored.children.size(), 3u);
    EXPECT_EQ(stored.children[0].field_id, 103);
    EXPECT_EQ(stored.children[0].View().StringAt(1), "b");
    EXPECT_EQ(stored.children[1].values.As<float>()[1], 2.0F);
    EXPECT_EQ(stored.children[2].type, DataType::kFloatVector);
    EXPECT_EQ(stored.offsets.As<uint32_t>()[1], 2u);
    // Nulls: compact arrays, and who is null in each of them.
    for (InputColumn& sub_column : column.sub_columns) {
        sub_column = Valid(sub_column, {true, false, true});
    }
    ASSERT_TRUE(t.Insert(column, 3).ok());
    stored = t.Inserted();
    EXPECT_FALSE(stored.IsValid(1));
    EXPECT_EQ(stored.offsets.As<uint32_t>()[3], 2u);
    column.sub_columns[1] = Valid(column.sub_columns[1], {false, true, true});
    EXPECT_TRUE(Fails(t.Insert(column, 3), 1100, "disagree about which rows are null"));
}

TEST(TypeRows, StructArraysThatDoNotFit) {
    Typewriter t(Clips());
    const InputColumn good = StructColumn({{"a", "b"}}, {{1, 2}});
    EXPECT_TRUE(Fails(t.Insert(StructColumn({{"a"}}, {{1, 2}}), 1), 1100,
                      "inconsistent array length in struct field clips"));
    EXPECT_TRUE(Fails(t.Insert(StructColumn({{"a", "b", "c", "d"}}, {{1, 2, 3, 4}}), 1), 1100,
                      "the length (4) of 0th array exceeds max capacity (3)"));
    EXPECT_TRUE(Fails(t.Insert(StructColumn({{"too long a label"}}, {{1}}), 1), 1100,
                      "length of varchar field label exceeds max length"));
    EXPECT_TRUE(Fails(t.Insert(StructColumn({{"a"}}, {{1}}, 3), 1), 1100,
                      "the dim (3) of field data(vec) is not equal to schema dim (2)"));
    EXPECT_TRUE(Fails(t.Insert(good, 2), 1100, "the num_rows (1) of field"));
    InputColumn column = good;
    column.sub_columns.pop_back();
    EXPECT_TRUE(Fails(t.Insert(column, 1), 1100,
                      "length of fields of struct field mismatch length of fields in schema"));
    column = good;
    column.sub_columns[2].name = "who";
    EXPECT_TRUE(Fails(t.Insert(column, 1), 1100, "field score of struct field clips has no data"));
    EXPECT_TRUE(Fails(t.Insert(ProxyFixture::Ints("f", {1}), 1), 1100, "need ArrayOfStruct array"));
    column = Valid(good, {true});
    EXPECT_TRUE(Fails(t.Insert(column, 1), 1100, "valid_data is given for field clips"));
}

// ---- rows out

roles::CollectionInfo Shown() {
    roles::CollectionInfo info;
    info.schema.fields = {ProxyFixture::Field("id", DataType::kInt64),
                          ProxyFixture::Field("at", DataType::kTimestamptz),
                          ProxyFixture::Field("place", DataType::kGeometry),
                          ProxyFixture::Field("doc", DataType::kJson),
                          Clips(),
                          ProxyFixture::Field("$meta", DataType::kJson)};
    info.schema.fields[0].is_primary_key = true;
    info.schema.fields[1].nullable = true;
    info.schema.fields[5].is_dynamic = true;
    base::FieldId id = 100;
    for (FieldSchema& field : info.schema.fields) {
        field.id = id++;
        for (FieldSchema& sub_field : field.sub_fields) {
            sub_field.id = id++;
        }
    }
    info.properties["timezone"] = "Asia/Shanghai";
    return info;
}

schema::ColumnBatch ShownRows(const roles::CollectionInfo& info) {
    schema::ColumnBatch batch;
    batch.rows = 2;
    const auto& fields = info.schema.fields;
    schema::ColumnBuilder at(fields[1].id, DataType::kTimestamptz);
    at.AppendInt(1'500'000);
    at.AppendNull();
    schema::ColumnBuilder place(fields[2].id, DataType::kGeometry);
    place.AppendBytes(*geometry::WkbFromWkt("POINT (1 2)"));
    place.AppendBytes(*geometry::WkbFromWkt("POINT (3 4)"));
    schema::ColumnBuilder doc(fields[3].id, DataType::kJson);
    doc.AppendBytes(R"({"a":{"b":[1,"x"]}})");
    doc.AppendBytes("7");
    schema::ColumnBuilder id(fields[0].id, DataType::kInt64);
    id.AppendInt(1);
    id.AppendInt(2);
    schema::ColumnBuilder meta(fields[5].id, DataType::kJson);
    meta.AppendBytes(R"({"k":1,"l":2})");
    meta.AppendBytes("{}");
    batch.columns = {id.Finish(),
                     at.Finish(),
                     place.Finish(),
                     doc.Finish(),
                     schema::MakeDefaultColumn(fields[4], 2),
                     meta.Finish()};
    return batch;
}

std::vector<OutputColumn> Show(const KeyValues& params, const std::vector<std::string>& names) {
    const roles::CollectionInfo info = Shown();
    const auto selection = SelectOutput(info, params, names, PrimaryKeyOutput::kWhenAsked);
    EXPECT_TRUE(selection.ok()) << selection.status().reason();
    auto columns = MakeOutputColumns(*selection, ShownRows(info));
    EXPECT_TRUE(columns.ok()) << columns.status().reason();
    return std::move(columns).value();
}

TEST(TypeOutput, TimestampsInTheZoneAskedForOrAsParts) {
    EXPECT_EQ(Show({}, {"at"})[0].values.View().StringAt(0), "1970-01-01T08:00:01.5+08:00");
    EXPECT_EQ(Show({{"timezone", "UTC"}}, {"at"})[0].values.View().StringAt(0),
              "1970-01-01T00:00:01.5Z");
    const auto columns = Show({{"time_fields", "year, hour microsecond"}}, {"at"});
    EXPECT_EQ(columns[0].shown_type(), DataType::kArray);
    const auto parts = columns[0].values.children[0].values.As<int64_t>();
    EXPECT_EQ(std::vector<int64_t>(parts.begin(), parts.end()),
              (std::vector<int64_t>{1970, 8, 500000}));
    EXPECT_FALSE(columns[0].values.IsValid(1));
    const auto refused = [](KeyValues params) {
        return SelectOutput(Shown(), params, {"at"}, PrimaryKeyOutput::kWhenAsked).status();
    };
    EXPECT_TRUE(Fails(refused({{"timezone", "x"}}), 1100, "unknown or invalid IANA Time Zone ID"));
    EXPECT_TRUE(Fails(refused({{"time_fields", "year,eon"}}), 1100,
                      "unsupported field for extraction: eon"));
}

TEST(TypeOutput, GeometriesPathsAndSubFields) {
    const auto columns = Show({}, {"place", R"(doc["a"]['b'][1])", "clips[vec]", R"($meta["k"])"});
    ASSERT_EQ(columns.size(), 4u);
    EXPECT_EQ(columns[0].shown_type(), DataType::kGeometry);
    EXPECT_EQ(columns[0].values.View().StringAt(0), "POINT (1 2)");
    EXPECT_EQ(columns[1].name, R"(doc["a"]['b'][1])");
    EXPECT_EQ(columns[1].values.View().StringAt(0), "\"x\"");
    EXPECT_FALSE(columns[1].values.IsValid(1));
    EXPECT_EQ(columns[2].name, "clips");
    ASSERT_EQ(columns[2].sub_columns.size(), 1u);
    EXPECT_EQ(columns[2].sub_columns[0].name, "vec");
    EXPECT_EQ(columns[2].sub_columns[0].values.type, DataType::kArrayOfVector);
    EXPECT_TRUE(columns[2].sub_columns[0].values.Verify().ok());
    EXPECT_EQ(columns[3].values.View().StringAt(0), R"({"k":1})");
    const auto all = Show({}, {"clips[vec]", "*"});
    ASSERT_EQ(all.size(), 6u);
    EXPECT_EQ(all[0].sub_columns.size(), 3u);
    for (const char* unknown : {"clips[who]", "clips[vec][0]", "id[1]", "who[x]", "doc[",
                                "doc[\"a\"", "$meta[k]", R"($meta["a"]["b"])", "[x]"}) {
        EXPECT_EQ(
            static_cast<int>(
                SelectOutput(Shown(), {}, {unknown}, PrimaryKeyOutput::kWhenAsked).status().code()),
            1100)
            << unknown;
    }
}

}  // namespace

}  // namespace elanus::proxy
