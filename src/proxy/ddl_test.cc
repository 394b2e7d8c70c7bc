#include "proxy/fake_roles_test.h"

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

void CreateWide(ProxyFixture* f) {
    CreateCollectionRequest create = ProxyFixture::SimpleCollection();
    auto& fields = create.schema.fields;
    fields.push_back(ProxyFixture::Field("n", DataType::kInt64));
    fields.push_back(ProxyFixture::Field("x", DataType::kDouble));
    fields.push_back(ProxyFixture::Field("s", DataType::kVarChar, {{"max_length", "9"}}));
    fields.push_back(ProxyFixture::Field("j", DataType::kJson));
    fields.push_back(ProxyFixture::Field("a", DataType::kArray, {{"max_capacity", "9"}}));
    fields.back().element_type = DataType::kInt64;
    create.schema.enable_dynamic_field = true;
    ASSERT_TRUE(f->Create(create).ok());
}

TEST(Index, MergesParametersAndDefaultsToAutoIndex) {
    ProxyFixture f;
    CreateWide(&f);
    ASSERT_TRUE(f.Index("v", {{"index_type", "HNSW"},
                              {"metric_type", "l2"},
                              {"params", R"({"M": 16, "efConstruction": "100"})"},
                              {"mmap.enabled", "true"}})
                    .ok());
    const roles::IndexInfo& index = f.data_coord.indexes[0].index;
    EXPECT_EQ(index.metric_type, "L2");
    EXPECT_EQ(index.params,
              (KeyValues{{"M", "16"}, {"efConstruction", "100"}, {"mmap.enabled", "true"}}));
    EXPECT_EQ(index.user_params.size(), 4u);
    EXPECT_EQ(index.field_id, 101);
    for (const char* field : {"v", "n", "x", "s", "a", "id"}) {
        ASSERT_TRUE(f.Index(field, {}).ok()) << field;
        EXPECT_EQ(f.data_coord.indexes.back().index.index_type, "AUTOINDEX");
    }
    EXPECT_EQ(f.data_coord.indexes[1].index.metric_type, "COSINE");
}

TEST(Index, OverJsonKeepsPathAndCastInOneSpelling) {
    ProxyFixture f;
    CreateWide(&f);
    struct Case {
        const char* field;
        const char* path;  // null = not given
        const char* pointer;
        const char* name;
        const char* field_name;
    };
    for (const Case& each :
         {Case{"j", nullptr, "", "j", "j"}, Case{"j", "j[\"a\"]['b'][0]", "/a/b/0", "j/a/b/0", "j"},
          Case{"j", "/a~1b", "/a~1b", "j/a~1b", "j"}, Case{"$meta", nullptr, "", "$meta", "$meta"},
          Case{"some_key", nullptr, "/some_key", "$meta/some_key", "$meta"},
          Case{"$meta", "some_key", "/some_key", "$meta/some_key", "$meta"}}) {
        KeyValues params{{"json_cast_type", "varchar"}};
        if (each.path != nullptr) {
            params["json_path"] = each.path;
        }
        ASSERT_TRUE(f.Index(each.field, params).ok()) << each.name;
        const roles::IndexInfo& index = f.data_coord.indexes.back().index;
        EXPECT_EQ(index.params.at("json_path"), each.pointer);
        EXPECT_EQ(index.params.at("json_cast_type"), "VARCHAR");
        EXPECT_EQ(index.user_params, params);
        EXPECT_EQ(index.name, each.name);
        EXPECT_EQ(index.field_name, each.field_name);
    }
    EXPECT_TRUE(Fails(
        f.Index("j", {}), 1101,
        "json index must specify cast type: missing parameter[missing_param=json_cast_type]"));
    for (const char* path : {"n[\"a\"]", "j[\"a", "j[a]", "/~7"}) {
        EXPECT_TRUE(Fails(f.Index("j", {{"json_path", path}, {"json_cast_type", "BOOL"}}), 1100,
                          "invalid json_path of an index"))
            << path;
    }
}

TEST(Index, RefusesWhatDoesNotFitTheField) {
    ProxyFixture f;
    CreateWide(&f);
    const std::tuple<const char*, KeyValues, std::string_view> cases[] = {
        {"v", {{"index_type", "HNSW"}}, "metric type not set for vector index"},
        {"v",
         {{"index_type", "HNSW"}, {"metric_type", "HAMMING"}},
         "float vector index does not support metric type: HAMMING"},
        {"v", {{"index_type", "FOO"}, {"metric_type", "L2"}}, "invalid index type: FOO"},
        {"v", {{"index_type", "GPU_CAGRA"}, {"metric_type", "L2"}}, "not supported"},
        {"v",
         {{"index_type", "INVERTED"}},
         "data type FloatVector can't build with this index INVERTED"},
        {"v",
         {{"index_type", "AUTOINDEX"}, {"metric_type", "L2"}, {"M", "8"}},
         "only metric type can be passed when use AutoIndex"},
        {"v", {{"index_type", "HNSW"}, {"metric_type", "L2"}, {"M", "1"}}, "M"},
        {"v",
         {{"index_type", "HNSW"}, {"metric_type", "L2"}, {"params", "nope"}},
         "failed to parse params"},
        {"v",
         {{"index_type", "HNSW"}, {"metric_type", "L2"}, {"mmap.enabled", "7"}},
         "invalid mmap.enabled value"},
        {"n", {{"index_type", "HNSW"}}, "invalid index type: HNSW"},
        {"n", {{"index_type", "HYBRID"}}, "invalid index type: HYBRID"},
        {"n", {{"index_type", "TRIE"}}, "TRIE are only supported on varchar field"},
        {"x", {{"index_type", "BITMAP"}}, "bitmap index are only supported on"},
        {"id", {{"index_type", "BITMAP"}}, "create bitmap index on primary key not supported"},
        {"a", {{"index_type", "STL_SORT"}}, "STL_SORT are only supported on"},
        {"n", {{"index_type", "NGRAM"}}, "Ngram index can only be created on VARCHAR"},
        {"s", {{"index_type", "NGRAM"}}, "must specify both min_gram and max_gram"},
        {"s",
         {{"index_type", "NGRAM"}, {"min_gram", "3"}, {"max_gram", "2"}},
         "invalid min_gram or max_gram value"},
        {"n", {{"index_type", "RTREE"}}, "RTREE index can only be built on geometry field"},
        {"j", {{"index_type", "INVERTED"}, {"json_cast_type", "BLOB"}}, "json_cast_type BLOB"},
        {"j",
         {{"index_type", "BITMAP"}, {"json_cast_type", "DOUBLE"}},
         "bitmap index over a JSON path does not take json_cast_type DOUBLE"},
        {"j",
         {{"json_cast_type", "BOOL"}, {"json_cast_function", "STRING_TO_DOUBLE"}},
         "json_cast_function STRING_TO_DOUBLE is not supported for BOOL"},
        {"vv", {{"metric_type", "L2"}}, "cannot create index on non-exist field: vv"},
        {"vv", {{"index_type", "HNSW"}}, "cannot create index on non-exist field: vv"},
    };
    for (const auto& [field, params, phrase] : cases) {
        EXPECT_TRUE(Fails(f.Index(field, params), 1100, phrase)) << field << " " << phrase;
    }
    EXPECT_TRUE(f.data_coord.indexes.empty());
    ASSERT_TRUE(f.Create(ProxyFixture::SimpleCollection("plain")).ok());
    EXPECT_TRUE(
        Fails(f.Index("who", {}, "plain"), 1100, "cannot create index on non-exist field: who"));
}

TEST(Index, DescribeAlterAndDropFollowTheRules) {
    ProxyFixture f;
    ASSERT_TRUE(f.Create(ProxyFixture::SimpleCollection()).ok());
    IndexName name{"", "c", "", "v"};
    EXPECT_TRUE(Fails(f.proxy.DescribeIndex(f.context, name).status(), 700,
                      "index not found[indexName=v]"));
    EXPECT_TRUE(Fails(f.proxy.Load(f.context, "", "c", {}, {}, 1, false), 700,
                      "there is no vector index on field: [v], please create index firstly: index "
                      "not found"));
    ASSERT_TRUE(f.Index("v", {}).ok());
    ASSERT_TRUE(f.proxy.DescribeIndex(f.context, name).ok());
    EXPECT_TRUE(Fails(f.proxy.AlterIndex(f.context, name, {{"M", "8"}}, {}), 1100,
                      "M is not a configable index property"));
    ASSERT_TRUE(f.proxy.AlterIndex(f.context, name, {{"mmap.enabled", "true"}}, {}).ok());
    ASSERT_TRUE(f.proxy.Load(f.context, "", "c", {}, {}, 0, false).ok());
    EXPECT_EQ(f.query_coord.loads[0].replica_number, 1);
    EXPECT_TRUE(Fails(f.proxy.AlterIndex(f.context, name, {{"mmap.enabled", "true"}}, {}), 104,
                      "can't alter index on loaded collection"));
    EXPECT_TRUE(Fails(f.proxy.DropIndex(f.context, name), 1100,
                      "vector index cannot be dropped on loaded collection: 1"));
    EXPECT_TRUE(f.proxy.DropIndex(f.context, {"", "c", "", "unknown"}).ok());
    ASSERT_TRUE(f.proxy.Release(f.context, "", "c", {}).ok());
    ASSERT_TRUE(f.proxy.DropIndex(f.context, name).ok());
    EXPECT_TRUE(f.data_coord.indexes.empty());
}

TEST(Load, ChecksTheFieldList) {
    ProxyFixture f;
    CreateWide(&f);
    ASSERT_TRUE(f.Index("v", {}).ok());
    const auto load = [&f](std::vector<std::string> fields) {
        return f.proxy.Load(f.context, "", "c", {}, fields, 1, false);
    };
    EXPECT_TRUE(
        Fails(load({"v"}), 1100, "load field list [v] does not contain primary key field id"));
    EXPECT_TRUE(Fails(load({"id", "n"}), 1100, "does not contain vector field"));
    EXPECT_TRUE(Fails(load({"id", "v", "zz"}), 1700, "field not found[field=zz]"));
    EXPECT_TRUE(load({"id", "v"}).ok());
    EXPECT_TRUE(Fails(f.proxy.Load(f.context, "", "c", {"zz"}, {}, 1, false), 200,
                      "partition not found[partition=zz]"));
    const auto missing = f.proxy.GetLoadStatus(f.context, "", "gone", {});
    ASSERT_TRUE(missing.ok());
    EXPECT_EQ(missing->state, roles::LoadState::kNotExist);
}

TEST(Partitions, FollowTheRules) {
    ProxyFixture f;
    ASSERT_TRUE(f.Create(ProxyFixture::SimpleCollection()).ok());
    EXPECT_TRUE(Fails(f.proxy.CreatePartition(f.context, "", "c", "a b"), 1100,
                      "Invalid partition name: a b. Partition name can only contain"));
    EXPECT_TRUE(Fails(f.proxy.CreatePartition(f.context, "", "c", ""), 1100,
                      "Partition name should not be empty"));
    ASSERT_TRUE(f.proxy.CreatePartition(f.context, "", "c", "2024-p").ok());
    // The cache forgot the old list.
    EXPECT_TRUE(*f.proxy.HasPartition(f.context, "", "c", "2024-p"));
    EXPECT_FALSE(*f.proxy.HasPartition(f.context, "", "c", "other"));
    EXPECT_TRUE(Fails(f.proxy.DropPartition(f.context, "", "c", "_default"), 1100,
                      "default partition cannot be deleted"));
    f.query_coord.status.state = roles::LoadState::kLoaded;
    f.query_coord.status.whole_collection = true;
    EXPECT_TRUE(Fails(f.proxy.DropPartition(f.context, "", "c", "2024-p"), 1100,
                      "partition cannot be dropped, partition is loaded, please release it first"));
    EXPECT_TRUE(f.proxy.DropPartition(f.context, "", "c", "missing").ok());
    CreateCollectionRequest keyed = ProxyFixture::SimpleCollection("k");
    keyed.schema.fields.push_back(ProxyFixture::Field("p", DataType::kInt64));
    keyed.schema.fields.back().is_partition_key = true;
    ASSERT_TRUE(f.Create(keyed).ok());
    EXPECT_EQ(f.proxy.ListPartitions(f.context, "", "k")->size(), 16u);
    EXPECT_TRUE(Fails(f.proxy.CreatePartition(f.context, "", "k", "p1"), 1100,
                      "disable create partition if partition key mode is used"));
    EXPECT_TRUE(Fails(f.proxy.Release(f.context, "", "k", {"_default_0"}), 1100,
                      "partition key mode is used"));
}

TEST(Names, OfDatabasesAndAliases) {
    ProxyFixture f;
    EXPECT_TRUE(Fails(f.proxy.CreateDatabase(f.context, "1a", {}), 802,
                      "the first character of a database name must be an underscore or letter: "
                      "invalid database name[database=1a]"));
    EXPECT_TRUE(
        Fails(f.proxy.CreateDatabase(f.context, "", {}), 802, "database name couldn't be empty"));
    EXPECT_TRUE(f.proxy.CreateDatabase(f.context, "db_1", {}).ok());
    EXPECT_TRUE(Fails(f.proxy.AlterDatabase(f.context, "db_1", {{"a", "b"}}, {"c"}), 1100,
                      "cannot provide both"));
    EXPECT_TRUE(
        Fails(f.proxy.CreateAlias(f.context, "", "1a", "c"), 1100,
              "Invalid collection alias: 1a. the first character of a collection alias must "
              "be an underscore or letter"));
    EXPECT_TRUE(Fails(f.proxy.DescribeAlias(f.context, "", "a").status(), 1600, "alias not found"));
}

TEST(Collections, CacheIsForgottenByDdl) {
    ProxyFixture f;
    ASSERT_TRUE(f.Create(ProxyFixture::SimpleCollection()).ok());
    ASSERT_TRUE(f.proxy.DescribeCollection(f.context, "", "c").ok());
    const int calls = f.root_coord.describe_calls;
    ASSERT_TRUE(f.proxy.DescribeCollection(f.context, "default", "c").ok());
    ASSERT_TRUE(f.proxy.DescribeCollection(f.context, "", "", 1).ok());
    EXPECT_EQ(f.root_coord.describe_calls, calls);
    ASSERT_TRUE(f.proxy.RenameCollection(f.context, "", "c", "d", "").ok());
    EXPECT_FALSE(*f.proxy.HasCollection(f.context, "", "c"));
    EXPECT_TRUE(*f.proxy.HasCollection(f.context, "", "d"));
    ASSERT_TRUE(f.proxy.DropCollection(f.context, "", "d").ok());
    EXPECT_EQ(f.query_coord.releases.size(), 1u);
    EXPECT_FALSE(*f.proxy.HasCollection(f.context, "", "d"));
    EXPECT_TRUE(f.proxy.DropCollection(f.context, "", "d").ok());
    EXPECT_TRUE(Fails(f.proxy.DescribeCollection(f.context, "", "d").status(), 100,
                      "collection not found[database=default][collection=d]"));
    EXPECT_TRUE(Fails(f.proxy.DescribeCollection(f.context, "", "").status(), 1100,
                      "collection name should not be empty"));
    // RootCoord's word to another proxy.
    ASSERT_TRUE(f.Create(ProxyFixture::SimpleCollection("e")).ok());
    ASSERT_TRUE(f.proxy.DescribeCollection(f.context, "", "e").ok());
    f.root_coord.collections.clear();
    ASSERT_TRUE(f.proxy.InvalidateCollection(f.context, {"default", "", 0}).ok());
    EXPECT_FALSE(*f.proxy.HasCollection(f.context, "", "e"));
}

TEST(Segments, FlushCountAndList) {
    ProxyFixture f;
    ASSERT_TRUE(f.Create(ProxyFixture::SimpleCollection()).ok());
    const auto flushed = f.proxy.Flush(f.context, "", {"c"});
    ASSERT_TRUE(flushed.ok());
    EXPECT_EQ(flushed->at(0).collection_name, "c");
    EXPECT_EQ(flushed->at(0).sealed_segments, (std::vector<base::SegmentId>{11}));
    EXPECT_EQ(flushed->at(0).seal_time_s, f.clock.WallMs() / 1000);
    EXPECT_TRUE(*f.proxy.GetFlushState(f.context, "", "c", 99, {11}));
    EXPECT_FALSE(*f.proxy.GetFlushState(f.context, "", "c", 100, {}));
    f.streaming_node.segments.live_rows = {{100, 7}, {101, 5}};
    roles::SegmentInfo segment;
    segment.id = 11;
    f.streaming_node.segments.segments = {segment};
    EXPECT_FALSE(*f.proxy.GetFlushState(f.context, "", "c", 0, {11}));
    EXPECT_FALSE(*f.proxy.GetFlushState(f.context, "", "", 0, {11}));
    f.streaming_node.segments.segments[0].state = roles::SegmentState::kFlushed;
    EXPECT_TRUE(*f.proxy.GetFlushState(f.context, "", "", 0, {11}));
    EXPECT_EQ(*f.proxy.CountRows(f.context, "", "c", ""), 12u);
    EXPECT_EQ(*f.proxy.CountRows(f.context, "", "c", "_default"), 7u);
    EXPECT_TRUE(
        Fails(f.proxy.CountRows(f.context, "", "c", "zz").status(), 200, "partition not found"));
    EXPECT_EQ(f.proxy.ListSegments(f.context, "", "c")->size(), 1u);
}

}  // namespace

}  // namespace elanus::proxy
