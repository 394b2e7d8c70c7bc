#include "proxy/schema_validation.h"

#include "proxy/fake_roles_test.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace elanus::proxy {

namespace {

using schema::DataType;
using Change = std::function<void(CreateCollectionRequest*)>;

struct Refusal {
    const char* what;
    Change change;
    int code;
    const char* phrase;
};

schema::FieldSchema& AddField(CreateCollectionRequest* request, const std::string& name,
                              DataType type, KeyValues params = {}) {
    request->schema.fields.push_back(ProxyFixture::Field(name, type, std::move(params)));
    return request->schema.fields.back();
}

Change Named(const char* name) {
    return [name](CreateCollectionRequest* r) { r->name = name; };
}

Change WithField(const char* name, DataType type, KeyValues params = {}) {
    return [=](CreateCollectionRequest* r) { AddField(r, name, type, params); };
}

TEST(SchemaValidation, RefusesWithMilvusCodesAndPhrases) {
    const std::string long_name(256, 'a');
    const Refusal cases[] = {
        {"digit first", Named("1a"), 1100,
         "Invalid collection name: 1a. the first character of a collection name must be an "
         "underscore or letter: invalid parameter"},
        {"empty name", Named(""), 1100, "collection name should not be empty: invalid parameter"},
        {"bad character", Named("a-b"), 1100,
         "collection name can only contain numbers, letters and underscores"},
        {"long name", Named(long_name.c_str()), 1100,
         "the length of a collection name must be less than 255 characters"},
        {"no key", [](auto* r) { r->schema.fields[0].is_primary_key = false; }, 1100,
         "primary key is not specified"},
        {"float key", [](auto* r) { r->schema.fields[0].type = DataType::kFloat; }, 1100,
         "the data type of primary key should be Int64 or VarChar"},
        {"two keys", [](auto* r) { AddField(r, "x", DataType::kInt64).is_primary_key = true; },
         1100, "there are more than one primary key, field name = id, x"},
        {"null key", [](auto* r) { r->schema.fields[0].nullable = true; }, 1100,
         "primary field not support null"},
        {"default key", [](auto* r) { r->schema.fields[0].default_value = int64_t{1}; }, 1100,
         "primary field not support default_value"},
        {"auto id elsewhere", [](auto* r) { AddField(r, "x", DataType::kInt64).auto_id = true; },
         1100, "only primary field can speficy AutoID with true, field name = x"},
        {"no vector", [](auto* r) { r->schema.fields.pop_back(); }, 1100,
         "schema does not contain vector field"},
        {"dim 1", [](auto* r) { r->schema.fields[1].type_params["dim"] = "1"; }, 1100,
         "invalid dimension: 1. should be in range 2 ~ 32768"},
        {"dim huge", [](auto* r) { r->schema.fields[1].type_params["dim"] = "32769"; }, 1100,
         "float vector dimension should be in range 2 ~ 32768"},
        {"dim text", [](auto* r) { r->schema.fields[1].type_params["dim"] = "x"; }, 1100,
         "invalid dimension: x"},
        {"no dim", [](auto* r) { r->schema.fields[1].type_params.clear(); }, 1100,
         "dimension is not defined in field type params"},
        {"no max_length", WithField("f", DataType::kVarChar), 1101,
         "type param(max_length) should be specified for the field(f) of collection c: missing "
         "parameter"},
        {"max_length 0", WithField("f", DataType::kVarChar, {{"max_length", "0"}}), 1100,
         "the maximum length specified for the field(f) should be in (0, 65535]"},
        {"no capacity",
         [](auto* r) { AddField(r, "f", DataType::kArray).element_type = DataType::kInt8; }, 1101,
         "type param(max_capacity) should be specified for array field f of collection c"},
        {"capacity 4097",
         [](auto* r) {
             AddField(r, "f", DataType::kArray, {{"max_capacity", "4097"}}).element_type =
                 DataType::kInt8;
         },
         1100, "the maximum capacity specified for a Array should be in (0, 4096]"},
        {"array of json",
         [](auto* r) {
             AddField(r, "f", DataType::kArray, {{"max_capacity", "4"}}).element_type =
                 DataType::kJson;
         },
         1100, "element type JSON is not supported"},
        {"duplicate", WithField("v", DataType::kInt64), 1100, "duplicated field name v"},
        {"string", WithField("f", DataType::kString), 1100, "please use VarChar type instead"},
        {"none", WithField("f", DataType::kNone), 1100, "data type 0 of field f is not valid"},
        {"keyword", WithField("like", DataType::kInt64), 1701, "Invalid field name: like."},
        {"reserved", WithField("RowID", DataType::kInt64), 1701, "field name invalid[field=RowID]"},
        {"field digit", WithField("1f", DataType::kInt64), 1701,
         "The first character of a field name must be an underscore or letter."},
        {"meta", WithField("$meta", DataType::kJson), 1100,
         "cannot explicitly set a field as a dynamic field"},
        {"function", [](auto* r) { r->schema.functions.emplace_back().name = "bm25"; }, 1100,
         "function input field names cannot be empty, function: bm25"},
        {"shards", [](auto* r) { r->shards_num = 17; }, 1100,
         "maximum shards's number should be limited to 16"},
        {"partitions without key", [](auto* r) { r->num_partitions = 4; }, 1100,
         "num_partitions should only be specified with partition key field enabled"},
        {"key as partition key", [](auto* r) { r->schema.fields[0].is_partition_key = true; }, 1100,
         "the partition key field must not be primary field"},
        {"bool partition key",
         [](auto* r) { AddField(r, "p", DataType::kBool).is_partition_key = true; }, 1100,
         "the data type of partition key should be Int64 or VarChar"},
        {"nullable partition key",
         [](auto* r) {
             auto& field = AddField(r, "p", DataType::kInt64);
             field.is_partition_key = field.nullable = true;
         },
         1100, "partition key field not support nullable"},
        {"too many partitions",
         [](auto* r) {
             AddField(r, "p", DataType::kInt64).is_partition_key = true;
             r->num_partitions = 1025;
         },
         1100, "partition number (1025) exceeds max configuration (1024)"},
        {"default type",
         [](auto* r) { AddField(r, "f", DataType::kInt64).default_value = std::string("x"); }, 1100,
         "type (Int64) of field (f) is not equal to the type(VarChar) of default_value"},
        {"default range",
         [](auto* r) { AddField(r, "f", DataType::kInt8).default_value = int64_t{300}; }, 1100,
         "default value out of range"},
        {"default long",
         [](auto* r) {
             AddField(r, "f", DataType::kVarChar, {{"max_length", "2"}}).default_value =
                 std::string("abc");
         },
         1100, "the length (3) of string exceeds max length (2)"},
        {"default json",
         [](auto* r) { AddField(r, "f", DataType::kJson).default_value = std::string("{}"); }, 1100,
         "type not support default_value, type:JSON, name:f"},
        {"ttl", [](auto* r) { r->properties["collection.ttl.seconds"] = "x"; }, 1100,
         "collection.ttl.seconds should be an integer"},
        {"vector clustering key", [](auto* r) { r->schema.fields[1].is_clustering_key = true; },
         107, "vector clustering key not allowed"},
    };
    for (const Refusal& c : cases) {
        CreateCollectionRequest request = ProxyFixture::SimpleCollection();
        c.change(&request);
        const base::Status status = PrepareCollection(Limits(), &request);
        EXPECT_EQ(static_cast<int>(status.code()), c.code) << c.what << ": " << status.reason();
        EXPECT_NE(status.reason().find(c.phrase), std::string::npos)
            << c.what << ": " << status.reason();
    }
}

TEST(SchemaValidation, CompletesAGoodSchema) {
    CreateCollectionRequest request = ProxyFixture::SimpleCollection();
    request.schema.enable_dynamic_field = true;
    request.schema.auto_id = true;
    AddField(&request, "lang", DataType::kVarChar, {{"max_length", "8"}}).is_partition_key = true;
    const base::Status status = PrepareCollection(Limits(), &request);
    ASSERT_TRUE(status.ok()) << status.reason();
    EXPECT_EQ(request.shards_num, 1);
    EXPECT_EQ(request.num_partitions, 16);
    EXPECT_TRUE(request.schema.fields[0].auto_id);
    ASSERT_EQ(request.schema.fields.back().name, "$meta");
    EXPECT_TRUE(request.schema.fields.back().is_dynamic);
    EXPECT_EQ(request.schema.name, "c");
}

TEST(SchemaValidation, RefusesTooManyFields) {
    CreateCollectionRequest request = ProxyFixture::SimpleCollection();
    for (int i = 0; i < 63; ++i) {
        AddField(&request, "f" + std::to_string(i), DataType::kInt64);
    }
    EXPECT_NE(PrepareCollection(Limits(), &request)
                  .reason()
                  .find("maximum field's number should be limited to 64"),
              std::string::npos);
    request = ProxyFixture::SimpleCollection();
    for (int i = 0; i < 10; ++i) {
        AddField(&request, "w" + std::to_string(i), DataType::kFloatVector, {{"dim", "4"}});
    }
    EXPECT_NE(PrepareCollection(Limits(), &request)
                  .reason()
                  .find("maximum vector field's number should be limited to 10"),
              std::string::npos);
}

}  // namespace

}  // namespace elanus::proxy
