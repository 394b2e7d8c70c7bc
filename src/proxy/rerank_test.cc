#include "proxy/fake_roles_test.h"
#include "proxy/rerank_decay.h"
#include "proxy/rerank_function.h"
#include "proxy/rerank_provider.h"

#include <gtest/gtest.h>

namespace elanus::proxy {
namespace {

testing::AssertionResult Fails(const base::Status& status, int code, std::string_view phrase) {
    if (static_cast<int>(status.code()) == code &&
        status.reason().find(phrase) != std::string::npos) {
        return testing::AssertionSuccess();
    }
    return testing::AssertionFailure()
           << static_cast<int>(status.code()) << " \"" << status.reason() << "\"";
}

ModelServices Services() {
    ModelServices services;
    services.credentials["mine"].api_key = "key-1";
    services.environment = {{"MILVUS_COHERE_API_KEY", "key-2"},
                            {"MILVUSAI_DASHSCOPE_API_KEY", "key-3"}};
    services.rerankers["voyageai"] = {false, "", "", ""};
    services.rerankers["siliconflow"] = {true, "mine", "http://here/v1/rerank", ""};
    return services;
}

base::Result<RerankProvider> Provider(const KeyValues& params) {
    return RerankProvider::Make(FunctionParams(params), Services());
}

std::string Header(const http::Request& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
        if (key == name) {
            return value;
        }
    }
    return "";
}

TEST(RerankProviderTest, SpeaksTheDialectOfEachProvider) {
    const auto body = [](const KeyValues& params) {
        const auto provider = Provider(params);
        EXPECT_TRUE(provider.ok()) << provider.status().reason();
        return provider->Compose("q", {"a", "b"}).body;
    };
    EXPECT_EQ(body({{"provider", "VLLM"}, {"endpoint", "http://h"}}),
              R"({"query":"q","documents":["a","b"]})");
    EXPECT_EQ(body({{"provider", "tei"}, {"endpoint", "http://h"}, {"truncate", "True"}}),
              R"({"query":"q","texts":["a","b"],"truncate":true})");
    EXPECT_EQ(body({{"provider", "cohere"}, {"model_name", "m"}, {"max_tokens_per_doc", "9"}}),
              R"({"query":"q","documents":["a","b"],"model":"m","max_tokens_per_doc":9})");
    EXPECT_EQ(body({{"provider", "ali"}, {"model_name", "m"}}),
              R"({"input":{"query":"q","documents":["a","b"]},)"
              R"("parameters":{"return_documents":false},"model":"m"})");
}

TEST(RerankProviderTest, FindsAddressAndKey) {
    const auto cohere = Provider({{"provider", "cohere"}, {"model_name", "m"}});
    EXPECT_EQ(cohere->Compose("q", {"a"}).url, "https://api.cohere.com/v2/rerank");
    EXPECT_EQ(Header(cohere->Compose("q", {"a"}), "Authorization"), "Bearer key-2");
    const auto ali = Provider({{"provider", "ali"}, {"model_name", "m"}});
    EXPECT_EQ(Header(ali->Compose("q", {"a"}), "Authorization"), "Bearer key-3");
    const auto flow = Provider({{"provider", "siliconflow"}, {"model_name", "m"}});
    EXPECT_EQ(flow->Compose("q", {"a"}).url, "http://here/v1/rerank");
    EXPECT_EQ(Header(flow->Compose("q", {"a"}), "Authorization"), "Bearer key-1");
    const auto tei = Provider({{"provider", "tei"}, {"endpoint", "http://h:1/x/"}});
    EXPECT_EQ(tei->Compose("q", {"a"}).url, "http://h:1/x/rerank");
    EXPECT_EQ(Header(tei->Compose("q", {"a"}), "Authorization"), "");
    EXPECT_TRUE(Fails(Provider({{"provider", "voyageai"}, {"model_name", "m"}}).status(), 1100,
                      "[voyageai] is disabled"));
    EXPECT_TRUE(Fails(Provider({{"provider", "cohere"}}).status(), 1101, "model name is required"));
}

TEST(RerankProviderTest, ReadsScoresInAnyOrderAndTrustsNoAnswer) {
    const auto provider = Provider({{"provider", "cohere"}, {"model_name", "m"}});
    const auto read = [&](std::string_view body) { return provider->ReadScores(body, 2); };
    const auto scores =
        read(R"({"results":[{"index":1,"relevance_score":0.5},{"index":0,"relevance_score":2}]})");
    ASSERT_TRUE(scores.ok());
    EXPECT_EQ(*scores, (std::vector<float>{2, 0.5F}));
    for (const char* body :
         {"", "[]", R"({"results":3})", R"({"results":[]})",
          R"({"results":[{"index":0,"relevance_score":1}]})",
          R"({"results":[{"index":0,"relevance_score":1},{"index":0,"relevance_score":1}]})",
          R"({"results":[{"index":0,"relevance_score":1},{"index":2,"relevance_score":1}]})",
          R"({"results":[{"index":-1,"relevance_score":1},{"index":0,"relevance_score":1}]})",
          R"({"results":[{"index":0,"relevance_score":"1"},{"index":1,"relevance_score":1}]})"}) {
        EXPECT_TRUE(Fails(read(body).status(), 2400, "Call service failed")) << body;
    }
}

TEST(ModelServicesTest, AnEndpointLiesAtOrBelowOneThatIsAllowed) {
    ModelServices services;
    EXPECT_TRUE(services.CheckEndpoint("http://anything:1/x").ok());
    services.allowed_endpoints = {"http://a:80", "https://b/models/"};
    for (const char* good :
         {"http://a:80", "http://a:80/x", "http://a:80?x", "https://b/models/m"}) {
        EXPECT_TRUE(services.CheckEndpoint(good).ok()) << good;
    }
    for (const char* bad : {"http://a:8080", "http://a", "http://a:80@evil/", "https://b/other",
                            "https://b", "ftp://a:80", "http://a:80 /x"}) {
        EXPECT_TRUE(Fails(services.CheckEndpoint(bad), 1100, "")) << bad;
    }
}

TEST(DecayTest, CurvesMeetTheirPoints) {
    Decay decay;
    decay.origin = 10;
    decay.scale = 4;
    decay.offset = 2;
    decay.decay = 0.25;
    for (const DecayCurve curve : {DecayCurve::kGauss, DecayCurve::kExp, DecayCurve::kLinear}) {
        decay.curve = curve;
        EXPECT_DOUBLE_EQ(decay.Factor(10), 1);
        EXPECT_DOUBLE_EQ(decay.Factor(12), 1);
        EXPECT_NEAR(decay.Factor(16), 0.25, 1e-12);
        EXPECT_NEAR(decay.Factor(4), 0.25, 1e-12);
    }
    EXPECT_DOUBLE_EQ(decay.Factor(14), 0.625);  // linear
    EXPECT_DOUBLE_EQ(decay.Factor(100), 0.25);  // and never less
}

TEST(DecayTest, ANullIsUnscored) {
    schema::FieldSchema field;
    field.id = 100;
    field.type = schema::DataType::kInt16;
    schema::ColumnBuilder values(100, field.type);
    values.AppendInt(0);
    values.AppendNull();
    const schema::Column column = values.Finish();
    std::vector<float> scores = {2, 3};
    ASSERT_TRUE(MakeDecayRescorer(Decay(), field)->Rescore({}, column.View(), {2}, &scores).ok());
    EXPECT_EQ(scores, (std::vector<float>{2, kUnscored}));
}

TEST(RankTest, LegacyParametersAreTyped) {
    EXPECT_EQ(PlanLegacyRank({}, 2)->rule.rrf_k, 60);
    EXPECT_EQ(PlanLegacyRank({{"strategy", "RRF"}, {"params", R"({"k":3.5})"}}, 2)->rule.rrf_k,
              3.5);
    const auto weighted = PlanLegacyRank(
        {{"strategy", "weighted"}, {"params", R"({"weights":[0.5,1],"norm_score":"true"})"}}, 2);
    ASSERT_TRUE(weighted.ok());
    EXPECT_EQ(weighted->rule.weights, (std::vector<float>{0.5F, 1}));
    EXPECT_TRUE(weighted->rule.normalize);
    EXPECT_TRUE(Fails(PlanLegacyRank({{"params", "["}}, 2).status(), 1100, "parse rerank params"));
}

// Two lists: one moment, columns of the page only, asked for once.
TEST(HybridSearchTest, ListsShareOneMomentAndColumnsAreFetchedOnce) {
    ProxyFixture f;
    CreateCollectionRequest create = ProxyFixture::SimpleCollection();
    create.schema.fields.push_back(ProxyFixture::Field("n", schema::DataType::kInt64));
    ASSERT_TRUE(f.Create(create).ok());
    ASSERT_TRUE(f.Index("v", {{"index_type", "FLAT"}, {"metric_type", "L2"}}).ok());
    f.query_coord.status.state = roles::LoadState::kLoaded;
    f.streaming_node.on_search =
        [&](const roles::SearchRequest& request) -> base::Result<roles::SearchResponse> {
        roles::SearchResponse response;
        response.counts = {3};
        for (int64_t key = 1; key <= 3; ++key) {
            // The second list knows the keys 3 to 5.
            const int64_t shift = request.filter == nullptr ? 0 : 2;
            response.keys.ints.push_back(key + shift);
            response.scores.push_back(static_cast<float>(key));
            response.addresses.push_back({7, static_cast<base::RowOffset>(key + shift)});
        }
        return response;
    };
    f.streaming_node.on_fetch =
        [](const roles::FetchRequest& request) -> base::Result<roles::FetchResponse> {
        roles::FetchResponse response;
        schema::ColumnBuilder n(request.fields[0].id, schema::DataType::kInt64);
        for (const roles::RowAddress& address : request.addresses) {
            n.AppendInt(static_cast<int64_t>(address.row) * 100);
        }
        response.rows.rows = request.addresses.size();
        response.rows.columns = {n.Finish()};
        return response;
    };
    HybridSearchRequest request;
    request.collection = create.name;
    SearchRequest list;
    const std::vector<float> vector(2, 0.5F);
    list.vectors.type = 101;
    list.vectors.values = {base::Buffer::FromString(
        std::string(reinterpret_cast<const char*>(vector.data()), 2 * sizeof(float)))};
    list.search_params = {{"topk", "3"}, {"anns_field", "v"}};
    request.lists = {list, list};
    request.lists[1].filter = "n > 0";
    request.rank_params = {{"limit", "2"}, {"offset", "1"}};
    request.output_fields = {"n"};
    const auto found = f.proxy.HybridSearch({}, request);
    ASSERT_TRUE(found.ok()) << found.status().reason();
    EXPECT_EQ(found->ids.ints, (std::vector<int64_t>{1, 2}));  // behind 3, which both lists have
    ASSERT_EQ(f.streaming_node.searches.size(), 2u);
    EXPECT_NE(f.streaming_node.searches[0].snapshot_ts, 0u);
    EXPECT_EQ(f.streaming_node.searches[0].snapshot_ts, f.streaming_node.searches[1].snapshot_ts);
    ASSERT_EQ(f.streaming_node.fetches.size(), 1u);
    EXPECT_EQ(f.streaming_node.fetches[0].addresses.size(), 2u);
    EXPECT_EQ(found->columns[0].values.View().As<int64_t>()[1], 200);
}

}  // namespace
}  // namespace elanus::proxy
