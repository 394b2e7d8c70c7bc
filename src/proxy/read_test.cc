#include "proxy/fake_roles_test.h"
#include "proxy/json_members.h"

#include <limits>

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

// A collection of one or two shards that is indexed and loaded. Row r of shard s has the key
// 10 * r + s in segment s, and the columns say the same.
class ReadTest : public testing::Test {
  protected:
    void SetUpCollection(int32_t shards, int vectors = 1) {
        CreateCollectionRequest create = ProxyFixture::SimpleCollection();
        create.shards_num = shards;
        create.schema.enable_dynamic_field = true;
        create.schema.fields.push_back(ProxyFixture::Field("n", DataType::kInt64));
        if (vectors > 1) {
            create.schema.fields.push_back(
                ProxyFixture::Field("w", DataType::kFloatVector, {{"dim", "2"}}));
        }
        ASSERT_TRUE(f.Create(create).ok());
        ASSERT_TRUE(f.Index("v", {{"index_type", "HNSW"}, {"metric_type", "COSINE"}}).ok());
        f.query_coord.status.state = roles::LoadState::kLoaded;
        f.streaming_node.on_fetch =
            [](const roles::FetchRequest& request) -> base::Result<roles::FetchResponse> {
            roles::FetchResponse response;
            response.rows = Rows(request.fields, request.addresses);
            return response;
        };
    }

    static schema::ColumnBatch Rows(const std::vector<schema::FieldSchema>& fields,
                                    const std::vector<roles::RowAddress>& addresses) {
        schema::ColumnBatch batch;
        batch.rows = addresses.size();
        for (const schema::FieldSchema& field : fields) {
            schema::ColumnBuilder builder(field.id, field.type, DataType::kNone,
                                          static_cast<uint32_t>(field.dim()));
            for (const roles::RowAddress& address : addresses) {
                const int64_t key = 10 * static_cast<int64_t>(address.row) + address.segment_id;
                if (field.type == DataType::kJson) {
                    builder.AppendBytes(R"({"color": "c)" + std::to_string(key) +
                                        R"(", "deep": {"a": [1, "}"]}, "size":3})");
                } else if (field.type == DataType::kFloatVector) {
                    const float vector[] = {static_cast<float>(key), 1};
                    builder.AppendBytes({reinterpret_cast<const char*>(vector), sizeof vector});
                } else {
                    builder.AppendInt(key);
                }
            }
            batch.columns.push_back(builder.Finish());
        }
        return batch;
    }

    // Answers searches with the given (row, score) pairs of each shard.
    void AnswerHits(std::vector<std::vector<std::pair<uint32_t, float>>> shards) {
        f.streaming_node.on_search =
            [shards](const roles::SearchRequest& request) -> base::Result<roles::SearchResponse> {
            const int shard = request.vchannel.back() - '0';
            roles::SearchResponse response;
            for (uint32_t q = 0; q < request.nq(); ++q) {
                const auto& hits = shards[static_cast<size_t>(shard)];
                response.counts.push_back(static_cast<uint32_t>(hits.size()));
                for (const auto& [row, score] : hits) {
                    response.keys.ints.push_back(10 * static_cast<int64_t>(row) + shard);
                    response.scores.push_back(score);
                    response.addresses.push_back({shard, row});
                }
            }
            return response;
        };
    }

    static SearchRequest OneVector(KeyValues params = {}, std::vector<float> vector = {1, 2}) {
        SearchRequest request;
        request.collection = "c";
        request.vectors.type = 101;
        request.vectors.values = {base::Buffer::FromVector(std::move(vector))};
        request.search_params = {{"topk", "3"}, {"anns_field", "v"}};
        for (auto& [key, value] : params) {
            request.search_params[key] = value;
        }
        return request;
    }

    base::Status SearchStatus(const SearchRequest& request) {
        const auto result = f.proxy.Search(f.context, request);
        return result.ok() ? base::Status() : result.status();
    }

    // Answers a query with `rows` rows a shard.
    void AnswerRows(uint32_t rows) {
        f.streaming_node.on_retrieve =
            [rows](const roles::RetrieveRequest& request) -> base::Result<roles::RetrieveResponse> {
            const int shard = request.vchannel.back() - '0';
            roles::RetrieveResponse response;
            if (request.count_only) {
                response.count = rows;
                return response;
            }
            std::vector<roles::RowAddress> addresses;
            for (uint32_t row = 0; row < rows; ++row) {
                if (request.limit == 0 || row < request.limit) {
                    addresses.push_back({shard, row});
                    response.keys.ints.push_back(10 * static_cast<int64_t>(row) + shard);
                }
            }
            response.rows = Rows(request.fields, addresses);
            return response;
        };
    }

    static QueryRequest Filter(std::string filter, std::vector<std::string> output,
                               KeyValues params = {}) {
        QueryRequest request;
        request.collection = "c";
        request.filter = std::move(filter);
        request.output_fields = std::move(output);
        request.query_params = std::move(params);
        return request;
    }

    base::Status QueryStatus(const QueryRequest& request) {
        const auto result = f.proxy.Query(f.context, request);
        return result.ok() ? base::Status() : result.status();
    }

    ProxyFixture f;
};

TEST_F(ReadTest, SearchMergesShardsByScoreThenKey) {
    SetUpCollection(2);
    AnswerHits({{{3, 0.9f}, {1, 0.5f}, {9, 0.1f}}, {{2, 0.9f}, {0, 0.5f}, {7, 0.4f}}});
    SearchRequest request = OneVector({{"offset", "1"}, {"round_decimal", "1"}});
    request.output_fields = {"n", "color"};
    const auto result = f.proxy.Search(f.context, request);
    ASSERT_TRUE(result.ok()) << result.status().reason();
    // 21 (0.9), 30 (0.9), 1 (0.5), 10 (0.5), ...; the first is skipped.
    EXPECT_EQ(result->ids.ints, (std::vector<int64_t>{30, 1, 10}));
    EXPECT_EQ(result->counts, (std::vector<int64_t>{3}));
    EXPECT_FLOAT_EQ(result->scores[1], 0.5f);
    EXPECT_EQ(result->top_k, 3);
    EXPECT_EQ(f.streaming_node.searches[0].k, 4u);
    // Columns of the three final rows only, in their order, without the key.
    ASSERT_EQ(result->columns.size(), 2u);
    EXPECT_EQ(result->columns[0].name, "n");
    const auto n = result->columns[0].values.values.As<int64_t>();
    EXPECT_EQ(std::vector<int64_t>(n.begin(), n.end()), (std::vector<int64_t>{30, 1, 10}));
    EXPECT_TRUE(result->columns[1].is_dynamic);
    EXPECT_EQ(result->columns[1].values.View().StringAt(1), R"({"color":"c1"})");
    EXPECT_EQ(result->output_fields, (std::vector<std::string>{"n", "color"}));
    EXPECT_EQ(result->primary_field_name, "id");
    size_t fetched = 0;
    for (const roles::FetchRequest& fetch : f.streaming_node.fetches) {
        fetched += fetch.addresses.size();
    }
    EXPECT_EQ(fetched, 3u);
}

TEST_F(ReadTest, SearchReturnsNothingForNoHits) {
    SetUpCollection(1);
    AnswerHits({{{3, 0.9f}, {1, 0.5f}}});
    auto result = f.proxy.Search(f.context, OneVector());
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->ids.ints, (std::vector<int64_t>{30, 10}));
    EXPECT_TRUE(result->columns.empty());
    EXPECT_TRUE(f.streaming_node.fetches.empty());
    AnswerHits({{}});
    SearchRequest request = OneVector();
    request.output_fields = {"*"};
    result = f.proxy.Search(f.context, request);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->counts, (std::vector<int64_t>{0}));
    EXPECT_EQ(result->output_fields, (std::vector<std::string>{"id", "v", "n", "$meta"}));
}

TEST_F(ReadTest, SearchRefusesBadParameters) {
    SetUpCollection(1, 2);
    AnswerHits({{}});
    const std::pair<KeyValues, std::string_view> cases[] = {
        {{{"topk", "16385"}},
         "topk [16385] is invalid, it should be in range [1, 16384], but got 16385"},
        {{{"topk", "0"}}, "topk [0] is invalid"},
        {{{"topk", "x"}}, "topk [x] is invalid"},
        {{{"offset", "16382"}}, "offset+topk [16385] is invalid"},
        {{{"offset", "-1"}}, "offset [-1] is invalid"},
        {{{"metric_type", "L2"}},
         "metric type not match: invalid parameter[expected=COSINE][actual=L2]"},
        {{{"params", R"({"metric_type":"IP"})"}}, "metric type not match"},
        {{{"round_decimal", "7"}}, "round_decimal [7] is invalid, should be -1 or an integer"},
        {{{"anns_field", ""}}, "multiple anns_fields exist, please specify a anns_field"},
        {{{"anns_field", "zz"}}, "fieldName(zz) not found"},
        {{{"anns_field", "n"}}, "to search is not of vector data type"},
        {{{"params", "[1]"}}, "should be a JSON object"},
        {{{"params", "{"}}, "failed to parse params"},
        {{{"params", R"({"ef":1})"}}, "ef"},
        {{{"params", R"({"range_filter":0.5})"}}, "radius"},
        {{{"params", R"({"radius":0.9,"range_filter":0.5})"}}, "range_filter"},
        {{{"group_by_field", "n"}, {"group_size", "11"}},
         "input group size:11 exceeds configured max group size:10"},
        {{{"order_by_fields", "n:up"}}, "invalid order direction 'up'"},
        {{{"search_iter_v2", "true"}}, "both iterator and search_iter_v2 must be set in the SDK"},
        {{{"hints", "guess"}}, "hints [guess] is not supported"},
    };
    for (const auto& [params, phrase] : cases) {
        EXPECT_TRUE(Fails(SearchStatus(OneVector(params)), 1100, phrase)) << phrase;
    }
    SearchRequest no_top_k = OneVector();
    no_top_k.search_params.erase("topk");
    EXPECT_TRUE(Fails(SearchStatus(no_top_k), 1101, "topk is required"));
}

TEST_F(ReadTest, SearchRefusesBadVectorsFiltersAndNames) {
    SetUpCollection(1);
    AnswerHits({{}});
    EXPECT_TRUE(Fails(SearchStatus(OneVector({}, {1, 2, 3})), 1100,
                      "vector dimension mismatch, expected vector size(byte) 8, actual 12"));
    EXPECT_TRUE(Fails(SearchStatus(OneVector({}, {1, std::numeric_limits<float>::infinity()})),
                      1100, "is not a number or infinity"));
    SearchRequest request = OneVector();
    request.vectors.type = 100;
    EXPECT_TRUE(Fails(SearchStatus(request), 1100, "vector type must be the same"));
    request = OneVector();
    request.vectors.values.clear();
    EXPECT_TRUE(Fails(SearchStatus(request), 1100,
                      "nq [0] is invalid, nq (number of search vector per search request) should "
                      "be in range [1, 16384], but got 0"));
    request = OneVector();
    request.filter = "n >";
    EXPECT_TRUE(Fails(SearchStatus(request), 1100,
                      "failed to create query plan: cannot parse expression: n >"));
    request = OneVector();
    request.partitions = {"nope"};
    EXPECT_TRUE(Fails(SearchStatus(request), 200, "partition not found[partition=nope]"));
    request = OneVector();
    request.output_fields = {"sum(n)"};
    EXPECT_TRUE(Fails(SearchStatus(request), 1100, "sum(n) is not supported in a search"));
    request = OneVector();
    request.collection = "gone";
    EXPECT_TRUE(Fails(SearchStatus(request), 100, "collection not found"));
    EXPECT_TRUE(f.streaming_node.searches.empty());
}

TEST_F(ReadTest, SearchSaysWhatIsNotLoadedOrIndexed) {
    SetUpCollection(1, 2);
    f.streaming_node.on_search =
        [](const roles::SearchRequest&) -> base::Result<roles::SearchResponse> {
        return base::Status::WithFields(base::Code::kCollectionNotLoaded, {{"collection", "1"}});
    };
    f.query_coord.status.state = roles::LoadState::kNotLoad;
    EXPECT_TRUE(Fails(SearchStatus(OneVector()), 101, "collection not loaded[collection=c]"));
    EXPECT_TRUE(Fails(SearchStatus(OneVector({{"anns_field", "w"}})), 101,
                      "collection not loaded[collection=c]"));
    f.query_coord.status.state = roles::LoadState::kLoading;
    EXPECT_TRUE(Fails(SearchStatus(OneVector()), 103, "collection not fully loaded[collection=c]"));
    f.query_coord.status.state = roles::LoadState::kLoaded;
    EXPECT_TRUE(Fails(SearchStatus(OneVector({{"anns_field", "w"}})), 700,
                      "there is no vector index on field: [w]"));
}

TEST_F(ReadTest, SearchPassesRangeAndIndexParameters) {
    SetUpCollection(1);
    AnswerHits({{}});
    ASSERT_TRUE(SearchStatus(OneVector({{"params", R"({"ef": 64, "radius": "0.2", "offset": 0,
                                         "metric_type": "cosine"})"},
                                        {"range_filter", "0.8"},
                                        {"ignore_growing", "True"}}))
                    .ok());
    const roles::SearchRequest& sent = f.streaming_node.searches[0];
    EXPECT_EQ(sent.params.at("ef"), "64");
    EXPECT_FLOAT_EQ(*sent.radius, 0.2f);
    EXPECT_FLOAT_EQ(*sent.range_filter, 0.8f);
    EXPECT_TRUE(sent.ignore_growing);
    EXPECT_EQ(sent.vector_field, 101);
    EXPECT_EQ(sent.queries.dim, 2u);
    EXPECT_EQ(sent.metric, vindex::Metric::kCosine);
}

TEST_F(ReadTest, ConsistencyLevelsBecomeTimestamps) {
    SetUpCollection(1);
    AnswerHits({{}});
    const auto guarantee = [this](Consistency consistency, KeyValues params = {}) {
        SearchRequest request = OneVector(params);
        request.consistency = consistency;
        EXPECT_TRUE(SearchStatus(request).ok());
        return f.streaming_node.searches.back();
    };
    using roles::ConsistencyLevel;
    const base::Timestamp bounded = base::ComposeTimestamp(f.clock.WallMs() - 5000);
    const base::Timestamp strong = f.root_coord.next_timestamp;
    EXPECT_EQ(guarantee({false, ConsistencyLevel::kStrong, 0}).guarantee_ts, strong);
    EXPECT_EQ(guarantee({false, ConsistencyLevel::kBounded, 0}).guarantee_ts, bounded);
    EXPECT_EQ(guarantee({false, ConsistencyLevel::kStrong, 2}).guarantee_ts, bounded);
    // Never older than the last schema change (777).
    EXPECT_EQ(guarantee({false, ConsistencyLevel::kEventually, 0}).guarantee_ts, 777u);
    EXPECT_EQ(guarantee({false, ConsistencyLevel::kSession, strong}).guarantee_ts, strong);
    EXPECT_EQ(guarantee({true, ConsistencyLevel::kBounded, 0}).guarantee_ts, strong + 1);
    // Iterators name their moment and keep it.
    const auto pinned =
        guarantee({true, ConsistencyLevel::kBounded, strong}, {{"iterator", "True"}});
    EXPECT_EQ(pinned.snapshot_ts, strong);
    SearchRequest first = OneVector(
        {{"iterator", "True"}, {"search_iter_v2", "True"}, {"search_iter_batch_size", "5"}});
    const auto result = f.proxy.Search(f.context, first);
    ASSERT_TRUE(result.ok()) << result.status().reason();
    EXPECT_EQ(result->iterator_token.size(), 36u);
    EXPECT_EQ(result->session_ts, f.streaming_node.searches.back().snapshot_ts);
    EXPECT_NE(result->session_ts, 0u);
    SearchRequest future = OneVector();
    future.consistency = {false, ConsistencyLevel::kCustomized, ~uint64_t{0}};
    EXPECT_TRUE(Fails(SearchStatus(future), 1100, "ahead of the server's clock"));
}

TEST_F(ReadTest, SearchByIdsTakesTheVectorsOfTheRows) {
    SetUpCollection(2);
    AnswerHits({{}, {}});
    AnswerRows(2);  // keys 0, 10 and 1, 11
    SearchRequest request = OneVector();
    request.vectors = {};
    request.ids = schema::PrimaryKeys{false, {11, 0}, {}};
    ASSERT_TRUE(SearchStatus(request).ok());
    const auto vectors = f.streaming_node.searches[0].queries.values.As<float>();
    EXPECT_EQ(std::vector<float>(vectors.begin(), vectors.end()),
              (std::vector<float>{11, 1, 0, 1}));
    request.ids->ints = {99};
    EXPECT_TRUE(Fails(SearchStatus(request), 1100, "ids of the search were not found"));
}

TEST_F(ReadTest, QueryMergesByKeyWithWindow) {
    SetUpCollection(2);
    AnswerRows(3);  // 0 10 20 and 1 11 21
    const auto result = f.proxy.Query(
        f.context, Filter("n >= 0", {"n", "size"}, {{"limit", "3"}, {"offset", "2"}}));
    ASSERT_TRUE(result.ok()) << result.status().reason();
    ASSERT_EQ(result->columns.size(), 3u);
    const auto n = result->columns[0].values.values.As<int64_t>();
    EXPECT_EQ(std::vector<int64_t>(n.begin(), n.end()), (std::vector<int64_t>{10, 11, 20}));
    EXPECT_EQ(result->columns[1].values.View().StringAt(0), R"({"size":3})");
    EXPECT_EQ(result->columns[2].name, "id");
    EXPECT_EQ(result->output_fields, (std::vector<std::string>{"n", "size", "id"}));
    EXPECT_EQ(f.streaming_node.retrieves[0].limit, 5u);
    const auto all = f.proxy.Query(f.context, Filter("n >= 0", {"$meta", "color"}));
    ASSERT_TRUE(all.ok());
    EXPECT_EQ(all->columns[0].values.rows, 6u);
    EXPECT_NE(all->columns[0].values.View().StringAt(0).find("deep"), std::string_view::npos);
    EXPECT_EQ(f.streaming_node.retrieves.back().limit, 0u);
}

TEST_F(ReadTest, QueryCountsAndRefuses) {
    SetUpCollection(2);
    AnswerRows(5);
    const auto count = f.proxy.Query(f.context, Filter("", {"count(*)"}));
    ASSERT_TRUE(count.ok()) << count.status().reason();
    EXPECT_EQ(count->columns[0].name, "count(*)");
    EXPECT_EQ(count->columns[0].values.values.As<int64_t>()[0], 10);
    EXPECT_TRUE(Fails(QueryStatus(Filter("n > 1", {"count(*)"}, {{"limit", "1"}})), 1100,
                      "count entities with pagination is not allowed"));
    EXPECT_TRUE(
        Fails(QueryStatus(Filter("", {"n"})), 1100, "empty expression should be used with limit"));
    EXPECT_TRUE(Fails(QueryStatus(Filter("", {"n"}, {{"limit", "16384"}, {"offset", "1"}})), 1100,
                      "invalid max query result window, (offset+limit) should be in range [1, "
                      "16384], but got 16385"));
    EXPECT_TRUE(Fails(QueryStatus(Filter("", {"n"}, {{"limit", "0"}})), 1100,
                      "limit [0] is invalid, should be greater than 0"));
    EXPECT_TRUE(Fails(QueryStatus(Filter("", {"n"}, {{"limit", "1"}, {"offset", "-1"}})), 1100,
                      "offset [-1] is invalid"));
    EXPECT_TRUE(Fails(QueryStatus(Filter("n ==", {"n"})), 1100,
                      "failed to create query plan: cannot parse expression"));
    EXPECT_TRUE(Fails(QueryStatus(Filter("n > 1", {"n", "count(*)"})), 1100,
                      "field 'n' is not in group_by_fields"));
    AnswerRows(0);
    const auto none = f.proxy.Query(f.context, Filter("n > 1", {"n"}, {{"iterator", "True"}}));
    ASSERT_TRUE(none.ok());
    EXPECT_EQ(none->columns.size(), 2u);
    EXPECT_EQ(none->columns[0].values.rows, 0u);
    EXPECT_NE(none->session_ts, 0u);
}

TEST_F(ReadTest, QueryRefusesUnknownFieldsOfAStaticSchema) {
    ASSERT_TRUE(f.Create(ProxyFixture::SimpleCollection()).ok());
    EXPECT_TRUE(Fails(QueryStatus(Filter("id > 1", {"who"})), 1100, "field who not exist"));
    EXPECT_TRUE(Fails(QueryStatus(Filter("id > 1", {"%"})), 1100, "field % not exist"));
}

TEST_F(ReadTest, QueryTakesManyIds) {
    ASSERT_TRUE(f.Create(ProxyFixture::SimpleCollection()).ok());
    AnswerRows(1);
    std::string filter = "id in [0";
    for (int i = 1; i < 16384; ++i) {
        filter += ", " + std::to_string(i);
    }
    ASSERT_TRUE(QueryStatus(Filter(filter + "]", {"id"})).ok());
    const auto& in = std::get<expr::In>(f.streaming_node.retrieves[0].filter->node);
    EXPECT_EQ(in.values.ints.size(), 16384u);
}

TEST_F(ReadTest, AReadWithAnOutdatedCollectionIsDoneAgain) {
    SetUpCollection(1);
    AnswerHits({{}});
    ASSERT_TRUE(SearchStatus(OneVector()).ok());
    const int describes = f.root_coord.describe_calls;
    // Dropped and created again behind this proxy's back.
    f.root_coord.collections[0] =
        FakeRootCoord::MakeInfo(f.root_coord.collections[0].schema, 1, 0, 2);
    f.data_coord.indexes[0].index.collection_id = 2;
    f.streaming_node.on_search =
        [](const roles::SearchRequest& request) -> base::Result<roles::SearchResponse> {
        if (request.collection_id == 1) {
            return base::Status::Error(base::Code::kChannelNotFound);
        }
        roles::SearchResponse response;
        response.counts = {0};
        return response;
    };
    EXPECT_TRUE(SearchStatus(OneVector()).ok());
    EXPECT_EQ(f.root_coord.describe_calls, describes + 1);
}

TEST(JsonMembers, WalksTheTopLevelOnly) {
    JsonMembers members(R"( { "a" : {"b":[1,"}]"]} , "c\"d":  null,"e":-1.5 } )");
    std::vector<std::pair<std::string, std::string>> seen;
    JsonMembers::Member member;
    while (members.Next(&member)) {
        seen.emplace_back(member.key, member.value);
    }
    EXPECT_EQ(seen, (std::vector<std::pair<std::string, std::string>>{
                        {"a", R"({"b":[1,"}]"]})"}, {R"(c\"d)", "null"}, {"e", "-1.5"}}));
    for (const char* text : {"", "{", "{\"", "{\"a\"", "{\"a\":", "{\"a\":\"", "[1]", "{\"a\\"}) {
        JsonMembers broken(text);
        EXPECT_FALSE(broken.Next(&member)) << text;
    }
    EXPECT_FALSE(JsonMembers("{}").Next(&member));
}

}  // namespace

}  // namespace elanus::proxy
