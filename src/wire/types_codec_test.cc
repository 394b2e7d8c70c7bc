// Every data type between the bytes of gRPC, JSON and the proxy's structs.

#include "proxy/default_values.h"
#include "wire/message_codec.h"
#include "wire/rest_row_reader.h"
#include "wire/rest_row_writer.h"
#include "wire/rest_schema.h"
#include "wire/result_encoder.h"
#include "wire/row_decoder.h"

#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace elanus::wire {
namespace {

using schema::Column;
using schema::DataType;
using schema::FieldSchema;

grpc::ByteBuffer Bytes(const std::string& text) {
    const grpc::Slice slice(text);
    return grpc::ByteBuffer(&slice, 1);
}

base::Result<proxy::InsertRequest> Decode(const pb::milvus::InsertRequest& request) {
    return DecodeInsert(Bytes(request.SerializeAsString()));
}

// What arrives of a request with this one column.
proxy::InputColumn Decoded(const pb::schema::FieldData& field) {
    pb::milvus::InsertRequest request;
    *request.add_fields_data() = field;
    auto decoded = Decode(request);
    EXPECT_TRUE(decoded.ok()) << decoded.status().reason();
    return decoded.ok() && decoded->columns.size() == 1 ? std::move(decoded->columns[0])
                                                        : proxy::InputColumn();
}

pb::schema::FieldData Named(const char* name, pb::schema::DataType type) {
    pb::schema::FieldData field;
    field.set_field_name(name);
    field.set_type(type);
    return field;
}

std::string SparseRow(uint32_t index, float value) {
    std::string row(8, '\0');
    std::memcpy(row.data(), &index, 4);
    std::memcpy(row.data() + 4, &value, 4);
    return row;
}

TEST(RowDecoder, VectorsOfEveryKind) {
    pb::schema::FieldData field = Named("f", pb::schema::SparseFloatVector);
    field.mutable_vectors()->mutable_sparse_float_vector()->add_contents(SparseRow(7, 0.5F));
    field.mutable_vectors()->mutable_sparse_float_vector()->add_contents("");
    proxy::InputColumn column = Decoded(field);
    EXPECT_EQ(column.values.type, DataType::kSparseFloatVector);
    EXPECT_EQ(column.values.rows, 2u);
    EXPECT_EQ(column.values.View().StringAt(0), SparseRow(7, 0.5F));

    const std::string four("\1\2\3\4", 4);
    field = Named("f", pb::schema::Int8Vector);
    field.mutable_vectors()->set_dim(2);
    field.mutable_vectors()->set_int8_vector(four);
    column = Decoded(field);
    EXPECT_EQ(column.values.type, DataType::kInt8Vector);
    EXPECT_EQ(column.values.rows, 2u);
    field.mutable_vectors()->set_float16_vector(four);
    EXPECT_EQ(Decoded(field).values.type, DataType::kFloat16Vector);
    field.mutable_vectors()->set_bfloat16_vector(four);
    EXPECT_EQ(Decoded(field).values.type, DataType::kBFloat16Vector);
    field.mutable_vectors()->set_dim(16);
    field.mutable_vectors()->set_binary_vector(four);
    EXPECT_EQ(Decoded(field).values.rows, 2u);
}

TEST(RowDecoder, ValidityInEitherPlace) {
    pb::schema::FieldData field = Named("f", pb::schema::Int64);
    field.mutable_scalars()->mutable_long_data()->add_data(5);
    // ScalarField.valid_data = 17, VectorField.valid_data = 9, which our copy of the proto lacks.
    ASSERT_TRUE(field.mutable_scalars()->MergeFromString("\x88\1\1\x88\1" + std::string(1, '\0')));
    EXPECT_EQ(Decoded(field).valid.size(), 2u);
    field.add_valid_data(true);
    field.add_valid_data(false);
    const proxy::InputColumn both = Decoded(field);
    EXPECT_EQ(both.valid.size(), 2u) << "written twice, counted once";
    EXPECT_TRUE(both.valid.Test(0));
    EXPECT_FALSE(both.valid.Test(1));
    field = Named("f", pb::schema::FloatVector);
    field.mutable_vectors()->set_dim(2);
    ASSERT_TRUE(field.mutable_vectors()->MergeFromString("\x48" + std::string(1, '\0')));
    EXPECT_EQ(Decoded(field).valid.size(), 1u);
}

pb::schema::FieldData Structs() {
    pb::schema::FieldData field = Named("clips", pb::schema::ArrayOfStruct);
    pb::schema::FieldData& label = *field.mutable_struct_arrays()->add_fields();
    label = Named("label", pb::schema::Array);
    auto& arrays = *label.mutable_scalars()->mutable_array_data();
    arrays.set_element_type(pb::schema::VarChar);
    auto& first = *arrays.add_data()->mutable_string_data();
    first.add_data("a");
    first.add_data("b");
    arrays.add_data()->mutable_string_data();
    pb::schema::FieldData& vec = *field.mutable_struct_arrays()->add_fields();
    vec = Named("vec", pb::schema::ArrayOfVector);
    auto& vectors = *vec.mutable_vectors()->mutable_vector_array();
    vectors.set_dim(2);
    vectors.set_element_type(pb::schema::FloatVector);
    for (const int count : {4, 0}) {
        pb::schema::VectorField& row = *vectors.add_data();
        row.set_dim(2);
        for (int i = 0; i < count; ++i) {
            row.mutable_float_vector()->add_data(static_cast<float>(i));
        }
    }
    return field;
}

TEST(RowDecoder, StructArrays) {
    const proxy::InputColumn column = Decoded(Structs());
    ASSERT_EQ(column.sub_columns.size(), 2u);
    EXPECT_EQ(column.sub_columns[0].values.type, DataType::kArray);
    const Column& vec = column.sub_columns[1].values;
    EXPECT_EQ(column.sub_columns[1].name, "vec");
    EXPECT_EQ(vec.type, DataType::kArrayOfVector);
    EXPECT_EQ(vec.dim, 2u);
    EXPECT_EQ(vec.rows, 2u);
    EXPECT_EQ(vec.offsets.As<uint32_t>()[1], 2u);
    EXPECT_EQ(vec.offsets.As<uint32_t>()[2], 2u);
    EXPECT_EQ(vec.children[0].values.As<float>()[3], 3.0F);
    // Rows of different dimensions have none.
    pb::schema::FieldData mixed = Structs();
    auto& rows = *mixed.mutable_struct_arrays()->mutable_fields(1)->mutable_vectors();
    pb::schema::VectorField& odd = *rows.mutable_vector_array()->add_data();
    odd.set_dim(1);
    odd.mutable_float_vector()->add_data(1);
    EXPECT_EQ(Decoded(mixed).sub_columns[1].values.dim, 0u);
    // A row and a half is not two rows.
    mixed = Structs();
    auto& halves = *mixed.mutable_struct_arrays()->mutable_fields(1)->mutable_vectors();
    for (int row = 0; row < 2; ++row) {
        pb::schema::VectorField& half = *halves.mutable_vector_array()->add_data();
        half.set_dim(2);
        half.mutable_float_vector()->add_data(1);
    }
    EXPECT_EQ(Decoded(mixed).sub_columns[1].values.dim, 0u);
    // Structs inside structs are no message of ours.
    pb::schema::FieldData deep = Named("x", pb::schema::ArrayOfStruct);
    *deep.mutable_struct_arrays()->add_fields() = Structs();
    pb::milvus::InsertRequest request;
    *request.add_fields_data() = deep;
    EXPECT_FALSE(Decode(request).ok());
}

TEST(RowDecoder, DamagedBytesAreRefusedOrRead) {
    pb::milvus::InsertRequest request;
    *request.add_fields_data() = Structs();
    const std::string good = request.SerializeAsString();
    for (size_t i = 0; i < good.size(); ++i) {
        EXPECT_FALSE(DecodeInsert(Bytes(good.substr(0, i + 1))).ok() && i + 1 < good.size() &&
                     i > 2)
            << i;
        for (const int flip : {1, 0x80, 0xff}) {
            std::string bad = good;
            bad[i] = static_cast<char>(bad[i] ^ flip);
            (void)DecodeInsert(Bytes(bad));
        }
    }
}

// ---- out

pb::schema::FieldData Encoded(const proxy::OutputColumn& column) {
    pb::schema::FieldData field;
    EXPECT_TRUE(field.ParseFromString(EncodeField(column)));
    return field;
}

TEST(RowDecoder, ArraysWhoseFirstRowsShowNoKind) {
    pb::schema::FieldData field = Named("a", pb::schema::Array);
    auto* rows = field.mutable_scalars()->mutable_array_data();
    rows->add_data();
    rows->add_data()->mutable_long_data()->add_data(7);
    rows->add_data()->mutable_long_data();
    rows->mutable_data(1)->mutable_long_data()->add_data(8);
    const proxy::InputColumn column = Decoded(field);
    EXPECT_EQ(column.values.rows, 3u);
    ASSERT_EQ(column.values.children.size(), 1u);
    const Column& elements = column.values.children[0];
    EXPECT_EQ(elements.type, DataType::kInt64);
    ASSERT_EQ(elements.rows, 2u);
    EXPECT_EQ(elements.values.As<int64_t>()[1], 8);
    const auto offsets = column.values.offsets.As<uint32_t>();
    EXPECT_EQ(std::vector<uint32_t>(offsets.begin(), offsets.end()),
              (std::vector<uint32_t>{0, 0, 2, 2}));

    rows->mutable_data(2)->mutable_string_data()->add_data("x");
    const proxy::InputColumn mixed = Decoded(field);
    ASSERT_EQ(mixed.values.children.size(), 1u);
    EXPECT_EQ(mixed.values.children[0].type, DataType::kJson);  // no array has it: refused by name
}

// A sub-message of a request.
std::string Part(int number, const std::string& bytes) {
    std::string part(1, static_cast<char>(number << 3 | 2));
    uint64_t length = bytes.size();
    for (; length >= 0x80; length >>= 7) {
        part.push_back(static_cast<char>(length | 0x80));
    }
    part.push_back(static_cast<char>(length));
    return part + bytes;
}

std::string Repeated(const std::string& part, size_t times) {
    std::string all;
    for (size_t i = 0; i < times; ++i) {
        all += part;
    }
    return all;
}

int64_t PeakMemoryKb() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

// Two bytes of a message must not take hundreds of memory: a request of the largest size took eight
// gigabytes.
TEST(RowDecoder, EmptyPartsTakeLittleMemory) {
    constexpr size_t kRows = 1000000;
    const std::string rows = Repeated(Part(1, ""), kRows);
    const int64_t before = PeakMemoryKb();
    const auto decoded = DecodeInsert(Bytes(Part(5, Part(3, Part(8, rows)))));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->columns[0].values.rows, kRows);
    EXPECT_LT(PeakMemoryKb() - before, 100 * 1024);
    // A member of a oneof that is sent again and again.
    for (const std::string& again : {Part(5, Part(3, Repeated(Part(8, ""), kRows))),
                                     Part(5, Repeated(Part(4, Part(8, "")), kRows))}) {
        const auto last = DecodeInsert(Bytes(again));
        ASSERT_TRUE(last.ok());
        EXPECT_EQ(last->columns[0].values.children.size(), 1u);
    }

    constexpr size_t kColumnsMax = 4096;
    EXPECT_TRUE(DecodeInsert(Bytes(Repeated(Part(5, ""), kColumnsMax))).ok());
    for (const std::string& request : {Repeated(Part(5, ""), kColumnsMax + 1),
                                       Part(5, Part(8, Repeated(Part(1, ""), kColumnsMax))),
                                       Repeated(Part(5, Part(8, Part(1, ""))), kColumnsMax)}) {
        EXPECT_EQ(DecodeInsert(Bytes(request)).status().code(), base::Code::kSerializationFailed);
    }
    EXPECT_EQ(DecodeUpsert(Bytes(Repeated(Part(11, ""), kColumnsMax + 1))).status().code(),
              base::Code::kSerializationFailed);
}

TEST(ResultEncoder, SparseVectorsLeaveNullsOut) {
    proxy::OutputColumn column;
    column.name = "f";
    column.nullable = true;
    schema::ColumnBuilder builder(100, DataType::kSparseFloatVector);
    builder.AppendBytes(SparseRow(41, 1));
    builder.AppendNull();
    builder.AppendBytes("");
    column.values = builder.Finish();
    const pb::schema::FieldData field = Encoded(column);
    EXPECT_EQ(field.type(), pb::schema::SparseFloatVector);
    ASSERT_EQ(field.vectors().sparse_float_vector().contents_size(), 2);
    EXPECT_EQ(field.vectors().sparse_float_vector().dim(), 42);
    EXPECT_EQ(field.vectors().dim(), 42);
    ASSERT_EQ(field.valid_data_size(), 3);
    EXPECT_FALSE(field.valid_data(1));
}

TEST(ResultEncoder, TextForms) {
    proxy::OutputColumn column;
    schema::ColumnBuilder builder(100, DataType::kVarChar);
    builder.AppendBytes("POINT (1 2)");
    column.values = builder.Finish();
    column.type = DataType::kGeometry;
    pb::schema::FieldData field = Encoded(column);
    EXPECT_EQ(field.type(), pb::schema::Geometry);
    EXPECT_EQ(field.scalars().geometry_wkt_data().data(0), "POINT (1 2)");
    column.type = DataType::kTimestamptz;
    field = Encoded(column);
    EXPECT_EQ(field.type(), pb::schema::Timestamptz);
    EXPECT_EQ(field.scalars().string_data().data(0), "POINT (1 2)");
}

proxy::OutputColumn ShownStructs() {
    proxy::OutputColumn column;
    column.name = "clips";
    column.field_id = 102;
    column.type = DataType::kArrayOfStruct;
    column.nullable = true;
    schema::ColumnBuilder score(103, DataType::kArray, DataType::kInt8);
    schema::ColumnBuilder vec(104, DataType::kArrayOfVector, DataType::kInt8Vector, 2);
    for (const int value : {1, 2}) {
        score.child().AppendInt(value);
        vec.child().AppendBytes(std::string(2, static_cast<char>(value)));
    }
    for (schema::ColumnBuilder* builder : {&score, &vec}) {
        builder->CloseArrayRow();
        builder->AppendNull();
    }
    column.sub_columns.resize(2);
    column.sub_columns[0].name = "score";
    column.sub_columns[0].values = score.Finish();
    column.sub_columns[1].name = "vec";
    column.sub_columns[1].values = vec.Finish();
    column.sub_columns[0].nullable = column.sub_columns[1].nullable = true;
    return column;
}

TEST(ResultEncoder, StructArrays) {
    const pb::schema::FieldData field = Encoded(ShownStructs());
    EXPECT_EQ(field.type(), pb::schema::ArrayOfStruct);
    EXPECT_EQ(field.field_id(), 102);
    ASSERT_EQ(field.struct_arrays().fields_size(), 2);
    const pb::schema::FieldData& score = field.struct_arrays().fields(0);
    EXPECT_EQ(score.field_name(), "score");
    EXPECT_EQ(score.type(), pb::schema::Array);
    EXPECT_EQ(score.scalars().array_data().data(0).int_data().data(1), 2);
    ASSERT_EQ(score.valid_data_size(), 2);
    EXPECT_FALSE(score.valid_data(1));
    const pb::schema::FieldData& vec = field.struct_arrays().fields(1);
    EXPECT_EQ(vec.type(), pb::schema::ArrayOfVector);
    const auto& rows = vec.vectors().vector_array();
    EXPECT_EQ(rows.element_type(), pb::schema::Int8Vector);
    ASSERT_EQ(rows.data_size(), 2) << "a null row is an empty one";
    EXPECT_EQ(rows.data(0).int8_vector(), std::string("\1\1\2\2"));
    EXPECT_EQ(rows.data(1).int8_vector(), "");
}

// ---- schemas

pb::schema::CollectionSchema WideSchema() {
    pb::schema::CollectionSchema schema;
    schema.set_name("c");
    pb::schema::FieldSchema& at = *schema.add_fields();
    at.set_name("at");
    at.set_data_type(pb::schema::Timestamptz);
    at.set_nullable(true);
    at.mutable_default_value()->set_string_data("2025-01-02T03:04:05+08:00");
    pb::schema::FieldSchema& place = *schema.add_fields();
    place.set_name("place");
    place.set_data_type(pb::schema::Geometry);
    place.mutable_default_value()->set_string_data("POINT (1 2)");
    pb::schema::StructArrayFieldSchema& clips = *schema.add_struct_array_fields();
    clips.set_name("clips");
    clips.set_description("parts");
    clips.set_nullable(true);
    clips.add_type_params()->set_key("mmap.enabled");
    clips.mutable_type_params(0)->set_value("true");
    pb::schema::FieldSchema& vec = *clips.add_fields();
    vec.set_name("vec");
    vec.set_data_type(pb::schema::ArrayOfVector);
    vec.set_element_type(pb::schema::Float16Vector);
    vec.set_nullable(true);
    vec.add_type_params()->set_key("dim");
    vec.mutable_type_params(0)->set_value("4");
    return schema;
}

TEST(Schemas, ComeBackAsTheyWereSent) {
    const pb::schema::CollectionSchema sent = WideSchema();
    schema::CollectionSchema own = FromSchema(sent);
    const auto zone = calendar::TimeZone::Load("Asia/Shanghai");
    ASSERT_TRUE(zone.ok());
    for (FieldSchema& field : own.fields) {
        ASSERT_TRUE(proxy::StoreDefault(*zone, &field).ok());
    }
    pb::schema::CollectionSchema back;
    ToSchema(own, *zone, &back);
    EXPECT_EQ(back.SerializeAsString(), sent.SerializeAsString());
}

// ---- REST

RestBody Body(std::string_view text) {
    auto body = RestBody::Parse(text);
    EXPECT_TRUE(body.ok()) << body.status().reason();
    return body.ok() ? *body : RestBody();
}

constexpr std::string_view kCreate = R"({"collectionName":"c","schema":{"fields":[
    {"fieldName":"id","dataType":"Int64","isPrimary":true},
    {"fieldName":"at","dataType":"Timestamptz","nullable":true,
     "defaultValue":"2025-01-02T03:04:05Z"},
    {"fieldName":"place","dataType":"Geometry"},
    {"fieldName":"text","dataType":"Text"},
    {"fieldName":"sparse","dataType":"SparseFloatVector"},
    {"fieldName":"half","dataType":"Float16Vector","elementTypeParams":{"dim":2}},
    {"fieldName":"brain","dataType":"BFloat16Vector","elementTypeParams":{"dim":2}},
    {"fieldName":"byte","dataType":"Int8Vector","elementTypeParams":{"dim":2}},
    {"fieldName":"bit","dataType":"BinaryVector","elementTypeParams":{"dim":16}}],
  "structFields":[{"fieldName":"clips","typeParams":{"max_capacity":4},"nullable":true,"fields":[
    {"fieldName":"n","dataType":"Array","elementDataType":"Int32"},
    {"fieldName":"vec","dataType":"ArrayOfVector","elementDataType":"FloatVector",
     "elementTypeParams":{"dim":2}}]}]}})";

roles::CollectionInfo Created() {
    const RestBody body = Body(kCreate);
    auto create = ReadCreate(body, "");
    EXPECT_TRUE(create.ok()) << create.status().reason();
    roles::CollectionInfo info;
    info.schema = create->collection.schema;
    for (FieldSchema& field : info.schema.fields) {
        EXPECT_TRUE(proxy::StoreDefault(calendar::TimeZone(), &field).ok());
    }
    return info;
}

TEST(RestTypes, CreateAndDescribe) {
    const roles::CollectionInfo info = Created();
    ASSERT_EQ(info.schema.fields.size(), 10u);
    const FieldSchema& clips = info.schema.fields[9];
    EXPECT_EQ(clips.type, DataType::kArrayOfStruct);
    EXPECT_EQ(clips.sub_fields[0].max_capacity(), 4);
    EXPECT_EQ(clips.sub_fields[1].element_type, DataType::kFloatVector);
    const std::string text = json::Write(DescribeObject(info));
    for (const char* part :
         {R"("defaultValue":"2025-01-02T03:04:05Z")", R"("structFields":[{"name":"clips")",
          R"("type":"ArrayOfVector")", R"("elementType":"FloatVector")"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    }
}

// What a query would give back for rows without nulls.
std::string RoundTrip(std::string_view data) {
    const roles::CollectionInfo info = Created();
    auto rows = ReadRestRows(info, data, {true, false});
    if (!rows.ok()) {
        return rows.status().reason();
    }
    proxy::QueryResults results;
    for (proxy::InputColumn& column : rows->columns) {
        proxy::OutputColumn out;
        out.name = column.name;
        out.values = std::move(column.values);
        for (proxy::InputColumn& sub_column : column.sub_columns) {
            out.type = DataType::kArrayOfStruct;
            EXPECT_TRUE(sub_column.values.Verify().ok()) << sub_column.name;
            out.sub_columns.emplace_back();
            out.sub_columns.back().name = sub_column.name;
            out.sub_columns.back().values = std::move(sub_column.values);
        }
        results.columns.push_back(std::move(out));
    }
    return WriteQueryRows(results, Int64Form::kNumber);
}

TEST(RestTypes, RowsInAndOut) {
    const std::string row =
        R"j({"id":1,"at":"2025-01-01T00:00:00Z","place":"POINT (1 2)","text":"long",)j"
        R"("sparse":{"3":0.5,"12":2},"half":"ADwAwA==","brain":"gD8AwA==","byte":[-128,7],)"
        R"("bit":"AQI=","clips":[{"n":1,"vec":[0.5,1]},{"n":2,"vec":[2,3]}]})";
    EXPECT_EQ(RoundTrip(row), "[" + row + "]");
    const std::string other =
        R"j({"id":1,"at":"2025-01-01T00:00:00Z","place":"POINT (1 2)","text":"long",)j"
        R"("sparse":{"indices":[12,3],"values":[2,0.5]},"half":[1,-2],"brain":[1,-2],)"
        R"("byte":"gAc=","bit":[1,2],"clips":[{"vec":[0.5,1],"n":1},{"n":2,"vec":[2,3]}]})";
    EXPECT_EQ(RoundTrip(other), "[" + row + "]");
}

TEST(RestTypes, NullStructsAndEmptyOnes) {
    const auto rows = ReadRestRows(
        Created(),
        R"([{"id":1,"place":"","text":"","sparse":{},"half":[1,2],"brain":[1,2],"byte":[1,2],)"
        R"("bit":[1,2],"clips":null},{"id":1,"place":"","text":"","sparse":{},"half":[1,2],)"
        R"("brain":[1,2],"byte":[1,2],"bit":[1,2],"clips":[]}])",
        {true, false});
    ASSERT_TRUE(rows.ok()) << rows.status().reason();
    const proxy::InputColumn& clips = rows->columns.back();
    ASSERT_EQ(clips.sub_columns.size(), 2u);
    EXPECT_EQ(clips.sub_columns[0].values.rows, 1u);
    ASSERT_EQ(clips.sub_columns[0].valid.size(), 2u);
    EXPECT_FALSE(clips.sub_columns[0].valid.Test(0));
    proxy::QueryResults results;
    results.columns.push_back(ShownStructs());
    EXPECT_EQ(WriteQueryRows(results, Int64Form::kNumber),
              R"([{"clips":[{"score":1,"vec":[1,1]},{"score":2,"vec":[2,2]}]},{"clips":null}])");
}

TEST(RestTypes, BadVectorsAreRefusedByName) {
    const std::pair<const char*, const char*> cases[] = {
        {R"("sparse":{"x":1})", "has a key that is no index: x"},
        {R"("sparse":{"4294967295":1})", "has an index outside"},
        {R"("sparse":{"indices":[1],"values":[]})", "as many indices as values"},
        {R"("sparse":[1,2])", "cannot be made of"},
        {R"("half":"%%%=")", "base64"},
        {R"("half":[1])", "[]byte size 2 doesn't equal to vector dimension 2 of Float16Vector"},
        {R"("byte":[1,128])", "should be a list of integers in [-128, 127]"},
        {R"("bit":[1,-1])", "should be a list of integers in [0, 255]"},
        {R"("bit":[1])", "[]byte size 1 doesn't equal to vector dimension 16 of BinaryVector"},
        {R"("at":5)", "cannot be made of"},
        {R"("place":{})", "cannot be made of"},
        {R"("clips":[{"n":1}])", "an element lacks the field vec"},
        {R"("clips":[{"n":1,"vec":[1,2],"m":0}])", "an element has the unknown field m"},
        {R"("clips":[{"n":1,"vec":[1]}])", "[]float32 size 1 doesn't equal to vector dimension 2"},
        {R"("clips":{"n":1})", "cannot be made of"},
        {R"("clips":[7])", "an element of a struct array should be an object"},
    };
    for (const auto& [member, phrase] : cases) {
        const std::string row =
            std::string("{") + member +
            R"(,"id":1,"at":null,"place":"","text":"","sparse":{},)"
            R"("half":[1,2],"brain":[1,2],"byte":[1,2],"bit":[1,2],"clips":[]})";
        const std::string text = RoundTrip(row);
        EXPECT_NE(text.find(phrase), std::string::npos) << member << ": " << text;
    }
}

TEST(RestTypes, QueryVectorsOfEveryType) {
    const roles::CollectionInfo info = Created();
    const auto read = [&info](const char* field, const char* data) {
        const auto placeholders = ReadRestVectors(data, info.schema.FindField(field));
        EXPECT_TRUE(placeholders.ok()) << placeholders.status().reason();
        return placeholders.ok() ? *placeholders : proxy::Placeholders();
    };
    EXPECT_EQ(read("sparse", R"([{"7":0.5}])").values[0].view(), SparseRow(7, 0.5F));
    EXPECT_EQ(read("sparse", R"([{"7":0.5}])").type, 104);
    EXPECT_EQ(read("sparse", R"(["text"])").type, 21);
    EXPECT_EQ(read("half", "[[1,2]]").type, 102);
    EXPECT_EQ(read("half", R"(["ADwAwA=="])").values[0].size(), 4u);
    EXPECT_EQ(read("brain", "[[1,2]]").type, 103);
    EXPECT_EQ(read("byte", "[[1,2],[3,4]]").values.size(), 2u);
    EXPECT_EQ(read("bit", R"(["AQI="])").type, 100);
    const FieldSchema& vec = info.schema.fields[9].sub_fields[1];
    const auto list = ReadRestVectors("[[[1,2],[3,4]]]", &vec);
    ASSERT_TRUE(list.ok());
    EXPECT_EQ(list->type, 301);
    EXPECT_EQ(list->values[0].size(), 16u);
    const auto element = ReadRestVectors("[[1,2]]", &vec);
    ASSERT_TRUE(element.ok());
    EXPECT_EQ(element->type, 101);
    EXPECT_TRUE(element->element_level);
}

}  // namespace
}  // namespace elanus::wire
