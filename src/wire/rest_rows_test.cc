// JSON rows to columns and back, without a server.

#include "wire/rest_body.h"
#include "wire/rest_row_reader.h"
#include "wire/rest_row_writer.h"
#include "wire/rest_schema.h"

#include <cmath>

#include <gtest/gtest.h>

namespace elanus::wire {
namespace {

using schema::DataType;
using schema::FieldSchema;

FieldSchema Field(std::string name, DataType type, schema::KeyValues type_params = {}) {
    FieldSchema field;
    field.name = std::move(name);
    field.type = type;
    field.type_params = std::move(type_params);
    return field;
}

FieldSchema ArrayOf(std::string name, DataType element) {
    FieldSchema field = Field(std::move(name), DataType::kArray, {{"max_capacity", "8"}});
    field.element_type = element;
    return field;
}

FieldSchema Nullable(FieldSchema field) {
    field.nullable = true;
    return field;
}

roles::CollectionInfo Collection(std::vector<FieldSchema> fields, bool dynamic) {
    roles::CollectionInfo info;
    info.schema.fields = std::move(fields);
    info.schema.fields[0].is_primary_key = true;
    if (dynamic) {
        info.schema.enable_dynamic_field = true;
        info.schema.fields.push_back(Field("$meta", DataType::kJson));
        info.schema.fields.back().is_dynamic = true;
    }
    return info;
}

roles::CollectionInfo Wide() {
    return Collection(
        {Field("id", DataType::kInt64), Field("b", DataType::kBool), Field("i8", DataType::kInt8),
         Field("i16", DataType::kInt16), Field("i32", DataType::kInt32),
         Field("f", DataType::kFloat), Field("d", DataType::kDouble),
         Field("s", DataType::kVarChar), Field("j", DataType::kJson),
         ArrayOf("ai", DataType::kInt64), ArrayOf("as", DataType::kVarChar),
         Field("v", DataType::kFloatVector, {{"dim", "2"}}),
         Nullable(Field("n", DataType::kInt32))},
        true);
}

// What a query would give back for the rows that were read.
std::string RoundTrip(const roles::CollectionInfo& info, std::string_view data,
                      Int64Form form = Int64Form::kNumber) {
    auto rows = ReadRestRows(info, data, {true, false});
    if (!rows.ok()) {
        return rows.status().reason();
    }
    proxy::QueryResults results;
    for (proxy::InputColumn& column : rows->columns) {
        proxy::OutputColumn out;
        out.name = column.name;
        out.is_dynamic = column.is_dynamic;
        if (!column.valid.empty()) {  // the proxy expands what is compact
            schema::ColumnBuilder full(0, column.values.type);
            size_t taken = 0;
            for (size_t row = 0; row < rows->count; ++row) {
                column.valid.Test(row) ? full.AppendFrom(column.values.View(), taken++)
                                       : full.AppendNull();
            }
            column.values = full.Finish();
        }
        EXPECT_TRUE(column.values.Verify().ok()) << column.name;
        EXPECT_EQ(column.values.rows, rows->count) << column.name;
        out.values = std::move(column.values);
        results.columns.push_back(std::move(out));
    }
    return WriteQueryRows(results, form);
}

TEST(RestRows, EveryTypeComesBackAsItWasSent) {
    const std::string row =
        R"({"id":9007199254740993,"b":true,"i8":-128,"i16":32767,"i32":-5,"f":0.1,"d":1e+300,)"
        R"("s":"a\"\\é","j":"{\"x\": [1, 2.50]}","ai":[1,-2],"as":["p",""],"v":[0.5,-1.25],)"
        R"("n":null,"extra":{"k":1.0},"q\"k":[]})";
    EXPECT_EQ(RoundTrip(Wide(), "[" + row + "]"), "[" + row + "]");
    EXPECT_EQ(RoundTrip(Wide(), row), "[" + row + "]") << "one object instead of a list";
}

TEST(RestRows, KeysAndNumbersMayBeStrings) {
    const auto info = Collection({Field("id", DataType::kInt64), Field("d", DataType::kDouble),
                                  Field("s", DataType::kVarChar), Field("b", DataType::kBool)},
                                 false);
    EXPECT_EQ(RoundTrip(info, R"({"id":"12","d":"1.5","s":7,"b":"true"})"),
              R"([{"id":12,"d":1.5,"s":"7","b":true}])");
    EXPECT_EQ(RoundTrip(info, R"({"id":"12","d":2,"s":"x","b":false})", Int64Form::kText),
              R"([{"id":"12","d":2,"s":"x","b":false}])");
}

TEST(RestRows, AJsonFieldTakesValuesAndTexts) {
    const auto info =
        Collection({Field("id", DataType::kInt64), Field("j", DataType::kJson)}, false);
    EXPECT_EQ(RoundTrip(info, R"([{"id":1,"j":{"a":[1,"x"]}},{"id":2,"j":"plain"},)"
                              R"({"id":3,"j":5},{"id":4,"j":"[1]"}])"),
              R"([{"id":1,"j":"{\"a\":[1,\"x\"]}"},{"id":2,"j":"\"plain\""},)"
              R"({"id":3,"j":"5"},{"id":4,"j":"[1]"}])");
}

TEST(RestRows, NullableAndDefaultFieldsMayBeLeftOut) {
    FieldSchema with_default = Field("x", DataType::kInt64);
    with_default.default_value = int64_t{7};
    const auto info = Collection(
        {Field("id", DataType::kInt64), Nullable(Field("n", DataType::kVarChar)), with_default},
        false);
    auto rows =
        ReadRestRows(info, R"([{"id":1,"n":"a"},{"id":2,"n":null,"x":5},{"id":3}])", {true, false});
    ASSERT_TRUE(rows.ok()) << rows.status().reason();
    ASSERT_EQ(rows->columns.size(), 3u);
    EXPECT_EQ(rows->columns[1].values.rows, 1u);
    EXPECT_TRUE(rows->columns[1].valid.Test(0));
    EXPECT_EQ(rows->columns[1].valid.Count(), 1u);
    EXPECT_EQ(rows->columns[2].valid.Count(), 1u);
    EXPECT_TRUE(rows->columns[2].valid.Test(1));
    rows = ReadRestRows(info, R"([{"id":1}])", {true, false});
    ASSERT_TRUE(rows.ok());
    EXPECT_EQ(rows->columns.size(), 1u) << "the proxy fills what nobody sent";
}

TEST(RestRows, AutoIdKeysAreAbsentFromInserts) {
    roles::CollectionInfo info =
        Collection({Field("id", DataType::kInt64), Field("x", DataType::kInt64)}, false);
    info.schema.fields[0].auto_id = true;
    EXPECT_EQ(RoundTrip(info, R"({"x":1})"), R"([{"x":1}])");
    EXPECT_NE(RoundTrip(info, R"({"id":3,"x":1})").find("no need to pass pk field(id)"),
              std::string::npos);
    const auto upsert = ReadRestRows(info, R"({"x":1})", {false, false});
    EXPECT_EQ(static_cast<int>(upsert.status().code()), 1804);
    info.properties["allow_insert_auto_id"] = "true";
    EXPECT_EQ(RoundTrip(info, R"({"id":3,"x":1})"), R"([{"id":3,"x":1}])");
    EXPECT_NE(RoundTrip(info, R"([{"id":3,"x":1},{"x":1}])").find("absent in others"),
              std::string::npos);
}

TEST(RestRows, WhatDoesNotFitIsRefusedWithRowAndField) {
    const roles::CollectionInfo info = Collection(
        {Field("id", DataType::kInt64), Field("i8", DataType::kInt8), Field("f", DataType::kFloat),
         Field("b", DataType::kBool), Field("v", DataType::kFloatVector, {{"dim", "2"}}),
         ArrayOf("a", DataType::kInt8)},
        false);
    const std::string good = R"("id":1,"i8":1,"f":1,"b":true,"v":[1,2],"a":[1])";
    ASSERT_TRUE(ReadRestRows(info, "{" + good + "}", {true, false}).ok());
    const std::pair<const char*, const char*> cases[] = {
        {R"({"i8":300,)", "out of range [-128, 127]: 300"},
        {R"({"i8":1.5,)", "should be an integer"},
        {R"({"i8":"x",)", "should be an integer"},
        {R"({"i8":[],)", "cannot be made of a list"},
        {R"({"id":18446744073709551615,)", "out of range: 18446744073709551615"},
        {R"({"id":1e30,)", "should be an integer"},
        {R"({"f":1e300,)", "out of range"},
        {R"({"f":"nan",)", "cannot be made of a string"},
        {R"({"f":null,)", "not nullable"},
        {R"({"b":1,)", "cannot be made of a number"},
        {R"({"v":[1],)", "size 1 doesn't equal to vector dimension 2"},
        {R"({"v":[1,"2"],)", "holds a string"},
        {R"({"v":[1,1e300],)", "out of range"},
        {R"({"v":{},)", "cannot be made of an object"},
        {R"({"a":[200],)", "out of range"},
        {R"({"a":[null],)", "cannot be made of null"},
        {R"({"a":5,)", "cannot be made of a number"},
        {R"({"zzz":5,)", "has pass more field without dynamic schema"},
    };
    for (const auto& [bad, phrase] : cases) {
        // The first of two equal keys counts.
        const std::string data = "[{" + good + "}," + bad + good + "}]";
        const auto rows = ReadRestRows(info, data, {true, false});
        ASSERT_FALSE(rows.ok()) << bad;
        EXPECT_EQ(static_cast<int>(rows.status().code()), 1804);
        EXPECT_TRUE(rows.status().is_input_error());
        EXPECT_NE(rows.status().reason().find(phrase), std::string::npos) << rows.status().reason();
        EXPECT_NE(rows.status().reason().find("row 1"), std::string::npos)
            << rows.status().reason();
    }
    for (const char* data : {"[]", "[1]", "5", "\"x\"", "{}", "[[]]", R"([{"id":1}])"}) {
        const auto rows = ReadRestRows(info, data, {true, false});
        EXPECT_EQ(static_cast<int>(rows.status().code()), 1804) << data;
    }
    const auto dynamic = ReadRestRows(Wide(), R"({"$meta":{}})", {true, false});
    EXPECT_NE(dynamic.status().reason().find("use the invalid field name($meta)"),
              std::string::npos);
}

TEST(RestRows, KeysOfGet) {
    const FieldSchema ints = Field("id", DataType::kInt64);
    const FieldSchema texts = Field("id", DataType::kVarChar);
    EXPECT_EQ(ReadRestKeys(ints, "5")->ints, (std::vector<int64_t>{5}));
    EXPECT_EQ(ReadRestKeys(ints, R"([5,"6"])")->ints, (std::vector<int64_t>{5, 6}));
    EXPECT_EQ(ReadRestKeys(texts, R"(["a",7])")->strings, (std::vector<std::string>{"a", "7"}));
    for (const char* bad : {"[]", "1.5", R"("x")", "{}", "[null]", "true", "[[1]]"}) {
        EXPECT_EQ(static_cast<int>(ReadRestKeys(ints, bad).status().code()), 1806) << bad;
    }
    EXPECT_EQ(static_cast<int>(ReadRestKeys(texts, "[1.5]").status().code()), 1806);
}

TEST(RestRows, QueryVectors) {
    const auto vectors = ReadRestVectors("[[1,2.5],[ ] ]");
    ASSERT_TRUE(vectors.ok());
    EXPECT_EQ(vectors->type, 101);
    ASSERT_EQ(vectors->values.size(), 2u);
    EXPECT_EQ(vectors->values[0].As<float>()[1], 2.5f);
    EXPECT_EQ(vectors->values[1].size(), 0u);
    EXPECT_EQ(ReadRestVectors(R"(["text"])")->type, 21);
    for (const char* bad : {"[1,2]", "[{}]", "5", R"([[1],"x"])", R"([["1"]])", "[[null]]"}) {
        EXPECT_EQ(ReadRestVectors(bad).status().code(), base::Code::kInvalidParameter) << bad;
    }
}

TEST(RestRows, ScoresHaveEightDigits) {
    const auto text = [](float value) {
        std::string out;
        AppendScore(value, &out);
        return out;
    };
    EXPECT_EQ(text(0.3f), "0.3");
    EXPECT_EQ(text(1.0f), "1");
    EXPECT_EQ(text(0.99999994f), "0.99999994");
    EXPECT_EQ(text(-2.5f), "-2.5");
    EXPECT_EQ(text(0.0f), "0");
    EXPECT_EQ(text(NAN), "null");
    EXPECT_EQ(text(0.000123456789f), "0.00012345679");
    EXPECT_EQ(text(16777.217f), "16777.217");
}

TEST(RestRows, HitsCarryKeyAndDistanceOnce) {
    proxy::SearchResults results;
    results.ids.ints = {4, 5};
    results.scores = {0.5f, 0.25f};
    results.counts = {2};
    results.primary_field_name = "pk";
    schema::ColumnBuilder keys(100, DataType::kInt64);
    schema::ColumnBuilder meta(101, DataType::kJson);
    for (const int64_t key : {4, 5}) {
        keys.AppendInt(key);
        meta.AppendBytes(R"({"distance":1,"c":[2]})");
    }
    results.columns.resize(2);
    results.columns[0].name = "pk";
    results.columns[0].values = keys.Finish();
    results.columns[1].name = "$meta";
    results.columns[1].is_dynamic = true;
    results.columns[1].values = meta.Finish();
    EXPECT_EQ(WriteSearchRows(results, Int64Form::kNumber),
              R"([{"pk":4,"distance":0.5,"c":[2]},{"pk":5,"distance":0.25,"c":[2]}])");
    EXPECT_EQ(WriteKeys(results.ids, Int64Form::kText), R"(["4","5"])");
}

TEST(RestBody, FindsMembersAndChecksThem) {
    const auto body = RestBody::Parse(
        R"( {"a":"x","N":5,"b":true,"l":["p","q"],"o":{"k":1,"t":"u"},"z":null,"\u0061b":1.5} )");
    ASSERT_TRUE(body.ok());
    EXPECT_EQ(*body->RequiredText("a"), "x");
    EXPECT_EQ(*body->Int("n", 0, 0, 9), 5) << "keys do not mind their case";
    EXPECT_EQ(static_cast<int>(body->Int("n", 0, 0, 4).status().code()), 1801);
    EXPECT_EQ(static_cast<int>(body->Int("ab", 0, 0, 4).status().code()), 1801);
    EXPECT_EQ(*body->Int("none", 3, 0, 4), 3);
    EXPECT_TRUE(*body->Bool("b"));
    EXPECT_EQ(body->Texts("l")->size(), 2u);
    EXPECT_EQ(*body->Pairs("o"), (schema::KeyValues{{"k", "1"}, {"t", "u"}}));
    EXPECT_FALSE(body->Has("z"));
    for (const char* key : {"z", "none"}) {
        EXPECT_EQ(static_cast<int>(body->RequiredText(key).status().code()), 1802);
    }
    EXPECT_EQ(static_cast<int>(body->Text("b").status().code()), 1801);
    EXPECT_EQ(static_cast<int>(body->Texts("o").status().code()), 1801);
    for (const char* bad : {"", "  ", "{", "[]", "5", "{\"a\":}", "{} {}", "\xff"}) {
        EXPECT_EQ(static_cast<int>(RestBody::Parse(bad).status().code()), 1801) << bad;
    }
}

TEST(RestCreate, QuickForm) {
    const auto body = RestBody::Parse(
        R"({"collectionName":"q","dimension":4,"idType":"VarChar","params":{"max_length":32}})");
    const auto create = ReadCreate(*body, "db");
    ASSERT_TRUE(create.ok()) << create.status().reason();
    const schema::CollectionSchema& schema = create->collection.schema;
    EXPECT_TRUE(schema.enable_dynamic_field);
    ASSERT_EQ(schema.fields.size(), 2u);
    EXPECT_EQ(schema.fields[0].name, "id");
    EXPECT_EQ(schema.fields[0].type, DataType::kVarChar);
    EXPECT_EQ(schema.fields[0].max_length(), 32);
    EXPECT_EQ(schema.fields[1].name, "vector");
    EXPECT_EQ(schema.fields[1].dim(), 4);
    ASSERT_EQ(create->indexes.size(), 1u);
    EXPECT_EQ(create->indexes[0].params.at("metric_type"), "COSINE");
    EXPECT_EQ(create->collection.consistency_level, roles::ConsistencyLevel::kBounded);
    EXPECT_TRUE(create->load);
}

TEST(RestCreate, SchemaForm) {
    const auto body = RestBody::Parse(R"({"collectionName":"s","description":"d",
        "params":{"shardsNum":2,"partitionsNum":"8","consistencyLevel":"Strong","ttlSeconds":60},
        "schema":{"autoID":true,"enableDynamicField":true,"fields":[
          {"fieldName":"k","dataType":"Int64","isPrimary":true},
          {"fieldName":"t","dataType":"VarChar","isPartitionKey":true,
           "elementTypeParams":{"max_length":"9"}},
          {"fieldName":"a","dataType":"Array","elementDataType":"Int32",
           "elementTypeParams":{"max_capacity":4},"nullable":true},
          {"fieldName":"f","dataType":"Float","defaultValue":0.1},
          {"fieldName":"v","dataType":"FloatVector","elementTypeParams":{"dim":2}}]},
        "indexParams":[{"fieldName":"v","indexName":"i","metricType":"L2","indexType":"HNSW",
                        "params":{"M":8}}]})");
    ASSERT_TRUE(body.ok()) << body.status().reason();
    const auto create = ReadCreate(*body, "");
    ASSERT_TRUE(create.ok()) << create.status().reason();
    const proxy::CreateCollectionRequest& collection = create->collection;
    EXPECT_TRUE(collection.schema.auto_id);
    EXPECT_EQ(collection.shards_num, 2);
    EXPECT_EQ(collection.num_partitions, 8);
    EXPECT_EQ(collection.consistency_level, roles::ConsistencyLevel::kStrong);
    EXPECT_EQ(collection.properties.at("collection.ttl.seconds"), "60");
    ASSERT_EQ(collection.schema.fields.size(), 5u);
    EXPECT_TRUE(collection.schema.fields[1].is_partition_key);
    EXPECT_EQ(collection.schema.fields[2].element_type, DataType::kInt32);
    EXPECT_EQ(collection.schema.fields[2].max_capacity(), 4);
    EXPECT_EQ(std::get<float>(collection.schema.fields[3].default_value), 0.1f);
    EXPECT_EQ(
        create->indexes[0].params,
        (proxy::KeyValues{{"metric_type", "L2"}, {"index_type", "HNSW"}, {"params", "{\"M\":8}"}}));
}

TEST(RestCreate, RefusesWhatItCannotRead) {
    const std::pair<const char*, int> cases[] = {
        {R"({})", 1802},
        {R"({"collectionName":"c"})", 1802},
        {R"({"collectionName":5})", 1801},
        {R"({"collectionName":"c","dimension":"4"})", 1801},
        {R"({"collectionName":"c","dimension":4,"idType":"Float"})", 1100},
        {R"({"collectionName":"c","dimension":4,"params":{"shardsNum":-1}})", 1100},
        {R"({"collectionName":"c","dimension":4,"params":{"consistencyLevel":"strong"}})", 1100},
        {R"({"collectionName":"c","dimension":4,"params":{"ttlSeconds":5},
            "properties":{"ttl.seconds":6}})",
         1100},
        {R"({"collectionName":"c","schema":{"fields":[]}})", 1802},
        {R"({"collectionName":"c","schema":{"fields":[{"dataType":"Int64"}]}})", 1802},
        {R"({"collectionName":"c","schema":{"fields":[{"fieldName":"a"}]}})", 1802},
        {R"({"collectionName":"c","schema":{"fields":[{"fieldName":"a","dataType":"int64"}]}})",
         1100},
        {R"({"collectionName":"c","schema":{"fields":[
            {"fieldName":"a","dataType":"Int64","defaultValue":"x"}]}})",
         1100},
        {R"({"collectionName":"c","schema":{"functions":[{}],"fields":[
            {"fieldName":"a","dataType":"Int64"}]}})",
         1802},
        {R"({"collectionName":"c","schema":{"functions":[{"name":"f","type":"Bm25"}],"fields":[
            {"fieldName":"a","dataType":"Int64"}]}})",
         1100},
    };
    for (const auto& [text, code] : cases) {
        const auto body = RestBody::Parse(text);
        ASSERT_TRUE(body.ok()) << text;
        EXPECT_EQ(static_cast<int>(ReadCreate(*body, "").status().code()), code) << text;
    }
}

}  // namespace
}  // namespace elanus::wire
