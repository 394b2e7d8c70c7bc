#include "proxy/fake_roles_test.h"

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

namespace elanus::proxy {

namespace {

using schema::DataType;

testing::AssertionResult Fails(const base::Status& status, int code, std::string_view phrase) {
    if (static_cast<int>(status.code()) == code &&
        status.reason().find(phrase) != std::string::npos) {
        return testing::AssertionSuccess();
    }
    return testing::AssertionFailure()
           << static_cast<int>(status.code()) << " \"" << status.reason() << "\"";
}

// Every kind of column.
CreateCollectionRequest WideCollection() {
    CreateCollectionRequest request = ProxyFixture::SimpleCollection();
    auto& fields = request.schema.fields;
    fields.push_back(ProxyFixture::Field("small", DataType::kInt8));
    fields.push_back(ProxyFixture::Field("name", DataType::kVarChar, {{"max_length", "4"}}));
    fields.push_back(ProxyFixture::Field("maybe", DataType::kInt64));
    fields.back().nullable = true;
    fields.push_back(ProxyFixture::Field("price", DataType::kDouble));
    fields.back().default_value = 1.5;
    fields.push_back(ProxyFixture::Field("doc", DataType::kJson));
    fields.back().nullable = true;
    fields.push_back(ProxyFixture::Field("tags", DataType::kArray, {{"max_capacity", "2"}}));
    fields.back().element_type = DataType::kInt16;
    fields.back().nullable = true;
    request.schema.enable_dynamic_field = true;
    return request;
}

std::vector<InputColumn> WideColumns() {
    return {ProxyFixture::Ints("id", {1, 2}), ProxyFixture::Vectors("v", {1, 2, 3, 4}),
            ProxyFixture::Ints32("small", {-128, 127}),
            ProxyFixture::Texts("name", DataType::kVarChar, {"ab", "cdef"})};
}

InputColumn Tags(std::vector<std::vector<int64_t>> rows) {
    schema::ColumnBuilder builder(0, DataType::kArray, DataType::kInt32);
    for (const auto& row : rows) {
        for (const int64_t value : row) {
            builder.child().AppendInt(value);
        }
        builder.CloseArrayRow();
    }
    InputColumn column;
    column.name = "tags";
    column.type = DataType::kArray;
    column.values = builder.Finish();
    column.values.element_type = DataType::kInt16;  // as the wire names it
    return column;
}

InputColumn& Get(std::vector<InputColumn>* columns, std::string_view name) {
    return *std::find_if(columns->begin(), columns->end(),
                         [name](const InputColumn& column) { return column.name == name; });
}

TEST(Insert, FillsChecksAndKeepsVectorBytesInPlace) {
    ProxyFixture f;
    ASSERT_TRUE(f.Create(WideCollection()).ok());
    std::vector<InputColumn> columns = WideColumns();
    const uint8_t* vector_bytes = Get(&columns, "v").values.values.data();
    columns.push_back(ProxyFixture::Ints("maybe", {5}));
    columns.back().valid = base::Bitmap(2, true);
    columns.back().valid.Reset(0);
    columns.push_back(Tags({{1, 2}, {}}));
    columns.push_back(ProxyFixture::Texts("$meta", DataType::kJson, {R"({"x":1})", "{}"}));
    const auto result = f.Write(false, std::move(columns), 2);
    ASSERT_TRUE(result.ok()) << result.status().reason();
    EXPECT_EQ(result->insert_count, 2);
    EXPECT_EQ(result->ids.ints, (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(result->timestamp, 5001u);
    ASSERT_EQ(f.streaming_node.appends.size(), 1u);
    const roles::AppendRequest& append = f.streaming_node.appends[0];
    EXPECT_EQ(append.pchannel, "p0");
    EXPECT_FALSE(append.request_id.empty());
    ASSERT_EQ(append.parts.size(), 1u);
    const schema::ColumnBatch& rows = append.parts[0].rows;
    ASSERT_TRUE(rows.Verify().ok()) << rows.Verify().reason();
    ASSERT_EQ(rows.columns.size(), 9u);
    EXPECT_EQ(rows.Find(101)->values.data(), vector_bytes);
    EXPECT_EQ(rows.Find(102)->type, DataType::kInt8);
    EXPECT_EQ(rows.Find(102)->values.As<int8_t>()[0], -128);
    EXPECT_FALSE(rows.Find(104)->IsValid(0));
    EXPECT_EQ(rows.Find(104)->values.As<int64_t>()[1], 5);
    EXPECT_EQ(rows.Find(105)->values.As<double>()[0], 1.5);
    EXPECT_FALSE(rows.Find(106)->IsValid(0));
    EXPECT_EQ(rows.Find(107)->element_type, DataType::kInt16);
    EXPECT_EQ(rows.Find(108)->View().StringAt(0), R"({"x":1})");
}

TEST(Insert, RefusesBadColumns) {
    struct Refusal {
        const char* what;
        std::function<void(std::vector<InputColumn>*)> change;
        const char* phrase;
    };
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float inf = std::numeric_limits<float>::infinity();
    const auto texts = [](const char* name, DataType type, const char* text) {
        return ProxyFixture::Texts(name, type, {text, text});
    };
    const Refusal cases[] = {
        {"missing", [](auto* c) { c->erase(c->begin() + 2); },
         "len(columns) mismatch the expectColumnNum"},
        {"unknown", [](auto* c) { c->push_back(ProxyFixture::Ints("who", {1, 2})); },
         "fieldName who not exist in collection schema"},
        {"twice", [](auto* c) { c->push_back(ProxyFixture::Ints("id", {1, 2})); },
         "duplicated column: id"},
        {"rows", [](auto* c) { Get(c, "id") = ProxyFixture::Ints("id", {1}); },
         "the num_rows (1) of field (id) is not equal to passed num_rows (2)"},
        {"dim", [](auto* c) { Get(c, "v") = ProxyFixture::Vectors("v", {1, 2, 3, 4, 5, 6}, 3); },
         "the dim (3) of field data(v) is not equal to schema dim (2)"},
        {"half a vector", [](auto* c) { Get(c, "v") = ProxyFixture::Vectors("v", {1, 2, 3}); },
         "the length(3) of float data should divide the dim(2)"},
        {"nan", [=](auto* c) { Get(c, "v") = ProxyFixture::Vectors("v", {1, nan, 3, 4}); },
         "value 'NaN' is not a number or infinity"},
        {"inf", [=](auto* c) { Get(c, "v") = ProxyFixture::Vectors("v", {1, 2, -inf, 4}); },
         "value '-Inf' is not a number or infinity"},
        {"int8", [](auto* c) { Get(c, "small") = ProxyFixture::Ints32("small", {1, 128}); },
         "the 1th element (128) out of range: [-128, 127]"},
        {"type", [](auto* c) { Get(c, "small") = ProxyFixture::Ints("small", {1, 2}); },
         "need Int8 array"},
        {"long text",
         [](auto* c) {
             Get(c, "name") = ProxyFixture::Texts("name", DataType::kVarChar, {"ok", "fives"});
         },
         "length of varchar field name exceeds max length, row number: 1, length: 5, max length: "
         "4"},
        {"null in plain",
         [](auto* c) {
             Get(c, "id") = ProxyFixture::Ints("id", {1});
             Get(c, "id").valid = base::Bitmap(2, true);
             Get(c, "id").valid.Reset(1);
         },
         "valid_data is given for field id"},
        {"not compact",
         [](auto* c) {
             c->push_back(ProxyFixture::Ints("maybe", {1, 2}));
             c->back().valid = base::Bitmap(2);
             c->back().valid.Set(0);
         },
         "the length of field is wrong"},
        {"valid_data length",
         [](auto* c) {
             c->push_back(ProxyFixture::Ints("maybe", {1, 2, 3}));
             c->back().valid = base::Bitmap(3, true);
         },
         "the length of valid_data of field(maybe) is wrong"},
        {"json", [=](auto* c) { c->push_back(texts("doc", DataType::kJson, "{oops")); },
         "invalid JSON in field doc"},
        {"big json",
         [=](auto* c) {
             const std::string big = "\"" + std::string(65536, 'x') + "\"";
             c->push_back(texts("doc", DataType::kJson, big.c_str()));
         },
         "exceeds max length (65536)"},
        {"dynamic list", [=](auto* c) { c->push_back(texts("$meta", DataType::kJson, "[1]")); },
         "invalid JSON in field $meta"},
        {"dynamic shadow",
         [=](auto* c) {
             c->push_back(texts("$meta", DataType::kJson, R"({"a":"id","na\u006de":1})"));
         },
         "dynamic field name cannot include the static field name: name"},
        {"capacity", [](auto* c) { c->push_back(Tags({{1, 2, 3}, {}})); },
         "the length (3) of 0th array exceeds max capacity (2)"},
        {"int16 element", [](auto* c) { c->push_back(Tags({{1}, {40000}})); },
         "the 1th element (40000) out of range: [-32768, 32767]"},
    };
    ProxyFixture f;
    ASSERT_TRUE(f.Create(WideCollection()).ok());
    for (const Refusal& c : cases) {
        std::vector<InputColumn> columns = WideColumns();
        c.change(&columns);
        const auto result = f.Write(false, std::move(columns), 2);
        ASSERT_FALSE(result.ok()) << c.what;
        EXPECT_TRUE(Fails(result.status(), 1100, c.phrase)) << c.what;
    }
    EXPECT_TRUE(f.streaming_node.appends.empty());
    EXPECT_TRUE(Fails(f.Write(false, {}, 0).status(), 1100, "num_rows should be greater than 0"));
}

TEST(Insert, ReportsAnOutdatedSchemaAndAMissingCollection) {
    ProxyFixture f;
    ASSERT_TRUE(f.Create(ProxyFixture::SimpleCollection()).ok());
    InsertRequest request;
    request.collection = "c";
    request.num_rows = 1;
    request.columns = {ProxyFixture::Ints("id", {1}), ProxyFixture::Vectors("v", {1, 2})};
    request.schema_timestamp = 778;
    const base::Status stale = f.Send(false, request).status();
    EXPECT_TRUE(Fails(stale, 109, "collection schema mismatch[collection=c]"));
    EXPECT_EQ(base::LegacyErrorCode(stale.code()), 62);
    // Another proxy changes the schema: what this one cached is refreshed.
    f.root_coord.collections[0].updated_ts = 778;
    EXPECT_TRUE(f.Send(false, request).ok());
    request.collection = "gone";
    EXPECT_TRUE(Fails(f.Send(false, request).status(), 100,
                      "collection not found[database=default][collection=gone]"));
    request.collection = "c";
    request.partition = "nope";
    EXPECT_TRUE(Fails(f.Send(false, request).status(), 200, "partition not found[partition=nope]"));
}

TEST(Insert, GivesAutoIdsInInputOrder) {
    ProxyFixture f;
    CreateCollectionRequest create = ProxyFixture::SimpleCollection();
    create.schema.fields[0].type = DataType::kVarChar;
    create.schema.fields[0].type_params = {{"max_length", "32"}};
    create.schema.fields[0].auto_id = true;
    ASSERT_TRUE(f.Create(create).ok());
    const auto result = f.Write(false, {ProxyFixture::Vectors("v", {1, 2, 3, 4})}, 2);
    ASSERT_TRUE(result.ok()) << result.status().reason();
    EXPECT_EQ(result->ids.strings, (std::vector<std::string>{"1000", "1001"}));
    const auto sent = f.Write(
        false,
        {ProxyFixture::Texts("id", DataType::kVarChar, {"x"}), ProxyFixture::Vectors("v", {1, 2})},
        1);
    EXPECT_TRUE(
        Fails(sent.status(), 1100, "can not assign primary field data when auto id enabled"));
    // An upsert names the row to replace and gets a new key.
    const auto upsert = f.Write(true,
                                {ProxyFixture::Texts("id", DataType::kVarChar, {"1000"}),
                                 ProxyFixture::Vectors("v", {1, 2})},
                                1);
    ASSERT_TRUE(upsert.ok()) << upsert.status().reason();
    EXPECT_EQ(upsert->ids.strings, (std::vector<std::string>{"1002"}));
    EXPECT_EQ(f.streaming_node.appends.back().parts[0].deletes.strings,
              (std::vector<std::string>{"1000"}));
    const auto keyless = f.Write(true, {ProxyFixture::Vectors("v", {1, 2})}, 1);
    EXPECT_TRUE(Fails(keyless.status(), 1100, "must assign pk when upsert"));
}

TEST(Insert, RoutesByKeyAndPartitionKey) {
    ProxyFixture f;
    CreateCollectionRequest create = ProxyFixture::SimpleCollection();
    create.schema.fields.push_back(ProxyFixture::Field("p", DataType::kInt64));
    create.schema.fields.back().is_partition_key = true;
    create.shards_num = 2;
    create.num_partitions = 3;
    ASSERT_TRUE(f.Create(create).ok());
    std::vector<int64_t> ids(100);
    std::iota(ids.begin(), ids.end(), 0);
    const auto columns = [&ids] {
        return std::vector<InputColumn>{ProxyFixture::Ints("id", ids),
                                        ProxyFixture::Vectors("v", std::vector<float>(200, 1.0f)),
                                        ProxyFixture::Ints("p", ids)};
    };
    ASSERT_TRUE(f.Write(false, columns(), 100).ok());
    const roles::AppendRequest append = f.streaming_node.appends[0];
    EXPECT_EQ(append.parts.size(), 6u);
    size_t rows = 0;
    std::map<int64_t, std::string> channels;
    for (const roles::WritePart& part : append.parts) {
        EXPECT_TRUE(part.rows.Verify().ok());
        rows += part.rows.rows;
        for (const int64_t id : part.rows.Find(100)->values.As<int64_t>()) {
            channels[id] = part.vchannel;
            EXPECT_EQ(part.vchannel, "p0_1v" + std::to_string(schema::HashPrimaryKey(id) % 2));
        }
    }
    EXPECT_EQ(rows, 100u);
    // The halves of an upsert go to the shard that has the key.
    ASSERT_TRUE(f.Write(true, columns(), 100).ok());
    for (const roles::WritePart& part : f.streaming_node.appends[1].parts) {
        if (!part.deletes.empty()) {
            EXPECT_EQ(part.partition_id, roles::kAllPartitions);
        }
        for (const int64_t id : part.deletes.ints) {
            EXPECT_EQ(channels[id], part.vchannel);
        }
    }
    EXPECT_TRUE(f.streaming_node.appends[1].parts[0].deletes.size() > 0);
    EXPECT_TRUE(Fails(f.Write(false, columns(), 100, "_default_0").status(), 1100,
                      "not support manually specifying the partition names if partition key mode "
                      "is used"));
}

TEST(Upsert, RefusesRepeatedKeys) {
    ProxyFixture f;
    ASSERT_TRUE(f.Create(ProxyFixture::SimpleCollection()).ok());
    const auto twice = f.Write(
        true, {ProxyFixture::Ints("id", {7, 7}), ProxyFixture::Vectors("v", {1, 2, 3, 4})}, 2);
    EXPECT_TRUE(
        Fails(twice.status(), 1100, "duplicate primary keys are not allowed in the same batch"));
    const auto good =
        f.Write(true, {ProxyFixture::Ints("id", {7}), ProxyFixture::Vectors("v", {1, 2})}, 1);
    ASSERT_TRUE(good.ok());
    EXPECT_EQ(good->upsert_count, 1);
    EXPECT_EQ(f.streaming_node.appends[0].parts.size(), 2u);
}

TEST(Delete, SendsKeysStraightAndRefusesEmptyFilters) {
    ProxyFixture f;
    ASSERT_TRUE(f.Create(ProxyFixture::SimpleCollection()).ok());
    const auto result = f.Delete("id in [3, 1, 2]");
    ASSERT_TRUE(result.ok()) << result.status().reason();
    EXPECT_EQ(result->delete_count, 3);
    EXPECT_TRUE(f.streaming_node.retrieves.empty());
    EXPECT_EQ(f.streaming_node.appends[0].parts[0].deletes.ints, (std::vector<int64_t>{1, 2, 3}));
    EXPECT_EQ(f.streaming_node.appends[0].parts[0].partition_id, roles::kAllPartitions);
    for (const char* filter : {"", "  ", "true"}) {
        EXPECT_TRUE(
            Fails(f.Delete(filter).status(), 1100, "delete plan can't be empty or always true"))
            << filter;
    }
    EXPECT_TRUE(Fails(f.Delete("id >").status(), 1100,
                      "failed to create delete plan: cannot parse expression"));
    const auto nothing = f.Delete("id in []");
    ASSERT_TRUE(nothing.ok()) << nothing.status().reason();
    EXPECT_EQ(nothing->delete_count, 0);
    EXPECT_EQ(f.streaming_node.appends.size(), 1u);
    EXPECT_TRUE(Fails(f.Delete("id == 1", "nope").status(), 200, "partition not found"));
    ASSERT_TRUE(f.Delete("id == 1", "_default").ok());
    EXPECT_EQ(f.streaming_node.appends[1].parts[0].partition_id, 100);
}

TEST(Delete, ByFilterGoesStepByStepAtOneMoment) {
    ProxyFixture f;
    CreateCollectionRequest create = ProxyFixture::SimpleCollection();
    create.shards_num = 2;
    ASSERT_TRUE(f.Create(create).ok());
    // Shard 0 has 70,000 matching rows, more than one step; shard 1 has 10.
    constexpr int64_t kRows = 70000;
    f.streaming_node.on_retrieve =
        [](const roles::RetrieveRequest& request) -> base::Result<roles::RetrieveResponse> {
        int64_t above = -1;
        if (const auto* both = std::get_if<expr::And>(&request.filter->node)) {
            above = *std::get<expr::Compare>(both->terms[0].node).value.int_if();
        }
        roles::RetrieveResponse response;
        const bool first = request.vchannel == "p0_1v0";
        for (int64_t id = above + 1; id < kRows && response.keys.size() < request.limit; ++id) {
            if (first ? id % 7000 != 0 : id % 7000 == 0) {
                response.keys.ints.push_back(id);
            }
        }
        return response;
    };
    const auto result = f.Delete("id >= 0");
    ASSERT_TRUE(result.ok()) << result.status().reason();
    EXPECT_EQ(result->delete_count, kRows);
    ASSERT_EQ(f.streaming_node.appends.size(), 2u);
    size_t deleted = 0;
    for (const roles::AppendRequest& append : f.streaming_node.appends) {
        for (const roles::WritePart& part : append.parts) {
            deleted += part.deletes.size();
        }
    }
    EXPECT_EQ(deleted, static_cast<size_t>(kRows));
    for (const roles::RetrieveRequest& retrieve : f.streaming_node.retrieves) {
        EXPECT_EQ(retrieve.snapshot_ts, f.streaming_node.retrieves[0].snapshot_ts);
        EXPECT_NE(retrieve.snapshot_ts, 0u);
    }
    f.streaming_node.on_retrieve =
        [](const roles::RetrieveRequest&) -> base::Result<roles::RetrieveResponse> {
        return base::Status::WithFields(base::Code::kCollectionNotLoaded, {{"collection", "1"}});
    };
    EXPECT_TRUE(Fails(f.Delete("id > 5").status(), 101, "collection not loaded[collection=c]"));
}

TEST(Write, PassesOnTheFailureOfTheLog) {
    ProxyFixture f;
    ASSERT_TRUE(f.Create(ProxyFixture::SimpleCollection()).ok());
    f.streaming_node.append_failure = base::Status::Error(base::Code::kChannelFenced);
    const auto result =
        f.Write(false, {ProxyFixture::Ints("id", {1}), ProxyFixture::Vectors("v", {1, 2})}, 1);
    EXPECT_TRUE(Fails(result.status(), 507, "channel misrouted"));
    EXPECT_TRUE(result.status().retriable());
}

}  // namespace

}  // namespace elanus::proxy
