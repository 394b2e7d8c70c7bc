// The REST service over a proxy with partners in memory: envelopes, every path, and any JSON to
// every path.

#include "wire/rest_service.h"

#include "json/json.h"
#include "proxy/fake_roles_test.h"

#include <random>

#include <gtest/gtest.h>

namespace elanus::wire {
namespace {

// A good request of every path, and the code of its answer by the partners in memory.
struct GoodRequest {
    const char* path;
    const char* body;
    int code = 0;
};
constexpr GoodRequest kRequests[] = {
    {"collections/list", R"({"dbName":"default"})"},
    {"collections/has", R"({"collectionName":"c"})"},
    {"collections/describe", R"({"collectionName":"c"})"},
    {"collections/get_stats", R"({"collectionName":"c"})"},
    {"collections/get_load_state", R"({"collectionName":"c","partitionNames":["_default"]})"},
    {"collections/create",
     R"({"collectionName":"d","schema":{"autoId":false,"enableDynamicField":true,"fields":[
        {"fieldName":"k","dataType":"Int64","isPrimary":true},
        {"fieldName":"s","dataType":"VarChar","elementTypeParams":{"max_length":9},
         "nullable":true,"defaultValue":"x"},
        {"fieldName":"v","dataType":"FloatVector","elementTypeParams":{"dim":"2"}}]},
        "indexParams":[{"fieldName":"v","indexName":"v","metricType":"L2","indexType":"HNSW",
        "params":{"M":8,"efConstruction":16}}],"params":{"shardsNum":1}})"},
    {"collections/load", R"({"collectionName":"c"})"},
    {"collections/refresh_load", R"({"collectionName":"c"})"},
    {"collections/flush", R"({"collectionName":"c"})"},
    {"collections/alter_properties",
     R"({"collectionName":"c","properties":{"collection.ttl.seconds":60}})"},
    {"collections/drop_properties",
     R"({"collectionName":"c","propertyKeys":["collection.ttl.seconds"]})"},
    {"collections/compact", R"({"collectionName":"c"})"},
    {"collections/get_compaction_state", R"({"jobID":5})"},
    {"entities/insert",
     R"({"collectionName":"c","data":[{"id":1,"vector":[1,2],"a":"x"},
        {"id":"2","vector":[3,4]}]})"},
    {"entities/upsert", R"({"collectionName":"c","data":{"id":1,"vector":[1.5,-2e-3],"b":[{}]}})"},
    {"entities/delete",
     R"({"collectionName":"c","filter":"id in {ids}","exprParams":{"ids":[1,2]}})"},
    {"entities/query",
     R"({"collectionName":"c","filter":"id > 0","outputFields":["id","a"],"limit":5,"offset":1})"},
    {"entities/get", R"({"collectionName":"c","id":[1,"2"],"outputFields":["vector"]})"},
    {"entities/search",
     R"({"collectionName":"c","data":[[1,2],[3,4]],"annsField":"vector","limit":3,"offset":1,
        "filter":"a == \"x\"","outputFields":["*"],"searchParams":{"metricType":"COSINE",
        "params":{"radius":0.1,"range_filter":0.9}},"consistencyLevel":"Strong"})"},
    {"entities/hybrid_search",
     R"({"collectionName":"c","search":[{"data":[[1,2]],"annsField":"vector","filter":"id > 0",
        "params":{"radius":0.1},"limit":3},{"data":[[3,4]],"annsField":"vector"}],
        "rerank":{"strategy":"weighted","params":{"weights":[0.5,0.5]}},"limit":2,
        "outputFields":["*"]})"},
    {"entities/advanced_search", R"({"collectionName":"c"})", 1802},
    {"indexes/list", R"({"collectionName":"c"})"},
    {"indexes/describe", R"({"collectionName":"c","indexName":"vector"})"},
    {"indexes/create",
     R"({"collectionName":"c","indexParams":[{"fieldName":"id","indexType":"INVERTED"}]})"},
    {"partitions/list", R"({"collectionName":"c"})"},
    {"partitions/create", R"({"collectionName":"c","partitionName":"p"})"},
    {"partitions/has", R"({"collectionName":"c","partitionName":"p"})"},
    {"partitions/get_stats", R"({"collectionName":"c","partitionName":"_default"})"},
    {"partitions/load", R"({"collectionName":"c","partitionNames":["_default"]})"},
    {"partitions/release", R"({"collectionName":"c","partitionNames":["_default"]})"},
    {"partitions/drop", R"({"collectionName":"c","partitionName":"_default"})", 1100},
    {"aliases/list", R"({"collectionName":"c"})"},
    {"aliases/create", R"({"collectionName":"c","aliasName":"a"})"},
    {"aliases/alter", R"({"collectionName":"c","aliasName":"a"})"},
    {"aliases/describe", R"({"aliasName":"a"})", 1600},
    {"aliases/drop", R"({"aliasName":"a"})"},
    {"databases/list", "{}"},
    {"databases/create", R"({"dbName":"db","properties":{"database.max.collections":5}})"},
    {"databases/describe", R"({"dbName":"db"})"},
    {"databases/alter", R"({"dbName":"db","properties":{"database.max.collections":6}})"},
    {"databases/alter_properties", R"({"dbName":"db","properties":{"timezone":"UTC"}})"},
    {"databases/drop_properties", R"({"dbName":"db","propertyKeys":["timezone"]})"},
    {"databases/drop", R"({"dbName":"db"})"},
    {"collections/release", R"({"collectionName":"c"})"},
    {"indexes/alter_properties",
     R"({"collectionName":"c","indexName":"vector","properties":{"mmap.enabled":true}})"},
    {"indexes/drop_properties",
     R"({"collectionName":"c","indexName":"vector","propertyKeys":["mmap.enabled"]})"},
    {"indexes/drop", R"({"collectionName":"c","indexName":"vector"})"},
    {"collections/rename", R"({"collectionName":"c","newCollectionName":"e"})"},
    {"collections/drop", R"({"collectionName":"e"})"},
};

class RestServiceTest : public testing::Test {
  protected:
    RestServiceTest() : rest_(MakeRestService(fixture_.proxy, fixture_.clock)) {
        fixture_.streaming_node.on_retrieve = [](const roles::RetrieveRequest&) {
            return roles::RetrieveResponse();
        };
        fixture_.streaming_node.on_search = [](const roles::SearchRequest& request) {
            roles::SearchResponse response;
            response.counts.assign(request.nq(), 0);
            return response;
        };
        fixture_.streaming_node.on_fetch = [](const roles::FetchRequest&) {
            return roles::FetchResponse();
        };
    }

    HttpResponse Send(const std::string& path, std::string body, std::string method = "POST") {
        HttpRequest request;
        request.method = std::move(method);
        request.path = path.starts_with("/") ? path : "/v2/vectordb/" + path;
        request.headers = headers_;
        request.body = std::move(body);
        return rest_->Handle(request);
    }
    std::string Post(const std::string& path, std::string body) {
        const HttpResponse response = Send(path, std::move(body));
        EXPECT_EQ(response.status, 200) << response.body;
        EXPECT_TRUE(json::Validate(response.body, true).ok()) << response.body;
        return response.body;
    }
    int CodeOf(const std::string& path, std::string body) {
        const auto parsed = json::Parse(Post(path, std::move(body)));
        return parsed.ok() ? static_cast<int>(*parsed->Find("code")->int64_if()) : -1;
    }
    void StartAfresh() {
        fixture_.root_coord.collections.clear();
        fixture_.data_coord.indexes.clear();
        CreateQuick();
    }
    void CreateQuick() {
        ASSERT_EQ(Post("collections/create", R"({"collectionName":"c","dimension":2})"),
                  R"({"code":0,"data":{}})");
    }

    proxy::ProxyFixture fixture_;
    std::unique_ptr<HttpHandler> rest_;
    std::vector<std::pair<std::string, std::string>> headers_;
};

TEST_F(RestServiceTest, EnvelopesOfSuccessAndFailure) {
    EXPECT_EQ(Post("collections/list", "{}"), R"({"code":0,"data":[]})");
    EXPECT_EQ(Post("collections/has", R"({"collectionName":"x"})"),
              R"({"code":0,"data":{"has":false}})");
    EXPECT_EQ(CodeOf("collections/list", ""), 1801);
    EXPECT_EQ(CodeOf("collections/list", "{nope"), 1801);
    EXPECT_EQ(CodeOf("collections/has", "{}"), 1802);
    EXPECT_NE(Post("collections/has", "{}").find("collectionName"), std::string::npos);
    EXPECT_EQ(CodeOf("collections/describe", R"({"collectionName":"x"})"), 100);
    EXPECT_EQ(CodeOf("collections/get_load_state", R"({"collectionName":"x"})"), 100);
    EXPECT_EQ(CodeOf("entities/hybrid_search", "{}"), 1802);
    EXPECT_EQ(CodeOf("users/list", "{}"), 10);
    EXPECT_EQ(CodeOf("jobs/import/create", "{}"), 10);
}

TEST_F(RestServiceTest, EveryPathAnswers) {
    CreateQuick();
    for (const GoodRequest& request : kRequests) {
        EXPECT_EQ(CodeOf(request.path, request.body), request.code)
            << request.path << " " << Post(request.path, request.body);
    }
}

TEST_F(RestServiceTest, UnknownPathsAndMethods) {
    for (const char* path : {"/", "/v2/vectordb/nothing", "/v2/vectordb/", "/v2", "/index.html"}) {
        const HttpResponse response = Send(path, "{}");
        EXPECT_EQ(response.status, 404) << path;
        EXPECT_TRUE(json::Validate(response.body, true).ok());
    }
    EXPECT_EQ(Send("collections/list", "", "GET").status, 405);
}

TEST_F(RestServiceTest, QuickCreateIndexesAndLoads) {
    CreateQuick();
    ASSERT_EQ(fixture_.data_coord.indexes.size(), 1u);
    EXPECT_EQ(fixture_.data_coord.indexes[0].index.index_type, "AUTOINDEX");
    EXPECT_EQ(fixture_.data_coord.indexes[0].index.metric_type, "COSINE");
    EXPECT_EQ(fixture_.query_coord.loads.size(), 1u);
    const auto described = json::Parse(Post("collections/describe", R"({"collectionName":"c"})"));
    ASSERT_TRUE(described.ok());
    const json::Value& data = *described->Find("data");
    EXPECT_EQ(*data.Find("load")->string_if(), "LoadStateLoaded");
    EXPECT_EQ(*data.Find("consistencyLevel")->string_if(), "Bounded");
    EXPECT_EQ(data.Find("fields")->array_if()->size(), 2u);
    EXPECT_EQ(data.Find("indexes")->array_if()->size(), 1u);
    EXPECT_EQ(Post("indexes/list", R"({"collectionName":"c"})"), R"({"code":0,"data":["vector"]})");
}

TEST_F(RestServiceTest, InsertsRows) {
    CreateQuick();
    const std::string rows = R"({"collectionName":"c","data":[
        {"id":1,"vector":[1,2],"color":"red"},{"id":"2","vector":[3,4]}]})";
    EXPECT_EQ(Post("entities/insert", rows),
              R"({"code":0,"cost":0,"data":{"insertCount":2,"insertIds":[1,2]}})");
    headers_ = {{"accept-type-allow-int64", "false"}};
    EXPECT_EQ(Post("entities/upsert", rows),
              R"({"code":0,"cost":0,"data":{"upsertCount":2,"upsertIds":["1","2"]}})");
    EXPECT_EQ(fixture_.streaming_node.appends.size(), 2u);
    EXPECT_EQ(CodeOf("entities/insert", R"({"collectionName":"c","data":[{"id":1}]})"), 1804);
    EXPECT_EQ(CodeOf("entities/insert", R"({"collectionName":"c"})"), 1802);
    headers_ = {{"Accept-Type-Allow-Int64", "maybe"}};
    EXPECT_EQ(CodeOf("entities/insert", rows), 1100);
}

TEST_F(RestServiceTest, SearchAndQueryReachTheShards) {
    CreateQuick();
    EXPECT_EQ(Post("entities/search", R"({"collectionName":"c","data":[[1,2],[3,4]],"limit":3,
        "filter":"id > {x}","exprParams":{"x":5},"searchParams":{"params":{"level":2}}})"),
              R"({"code":0,"cost":0,"topks":[0,0],"data":[]})");
    ASSERT_EQ(fixture_.streaming_node.searches.size(), 1u);
    EXPECT_EQ(fixture_.streaming_node.searches[0].k, 3u);
    EXPECT_EQ(CodeOf("entities/search", R"({"collectionName":"c","data":[[1,2,3]]})"), 1100);
    EXPECT_EQ(CodeOf("entities/search", R"({"collectionName":"c"})"), 1802);
    EXPECT_EQ(CodeOf("entities/search", R"({"collectionName":"c","data":[[1,2]],
        "searchParams":{"radius":1,"params":{"radius":2}}})"),
              1100);
    EXPECT_EQ(CodeOf("entities/search", R"({"collectionName":"c","data":[[1,2]],"limit":0})"),
              1100);
    EXPECT_EQ(CodeOf("entities/get", R"({"collectionName":"c","id":1.5})"), 1806);
    EXPECT_EQ(CodeOf("entities/query", R"({"collectionName":"c","filter":"id >"})"), 1100);
}

// Documents that look like requests: the members that handlers know, with values of any kind.
class AnyDocument {
  public:
    explicit AnyDocument(uint64_t seed) : random_(seed) {}

    std::string Body() {
        std::string out = "{";
        if (Below(8) > 0) {
            out += R"("collectionName":"c")";
        }
        for (size_t i = Below(6); i > 0; --i) {
            AppendMember(0, &out);
        }
        return out + "}";
    }

  private:
    size_t Below(size_t limit) { return random_() % limit; }

    void AppendMember(int depth, std::string* out) {
        static constexpr const char* kKeys[] = {"collectionName",
                                                "dbName",
                                                "data",
                                                "filter",
                                                "limit",
                                                "offset",
                                                "outputFields",
                                                "searchParams",
                                                "params",
                                                "metricType",
                                                "radius",
                                                "ids",
                                                "id",
                                                "annsField",
                                                "partitionName",
                                                "partitionNames",
                                                "schema",
                                                "fields",
                                                "fieldName",
                                                "dataType",
                                                "isPrimary",
                                                "dimension",
                                                "indexParams",
                                                "indexName",
                                                "indexType",
                                                "properties",
                                                "propertyKeys",
                                                "aliasName",
                                                "exprParams",
                                                "vector",
                                                "defaultValue",
                                                "nullable",
                                                "newCollectionName",
                                                "consistencyLevel",
                                                "elementTypeParams",
                                                "dim",
                                                "groupingField",
                                                "partialUpdate",
                                                "jobID",
                                                "\\u0000x"};
        if (out->back() != '{') {
            *out += ',';
        }
        *out += std::string("\"") + kKeys[Below(std::size(kKeys))] + "\":";
        AppendValue(depth + 1, out);
    }

    void AppendValue(int depth, std::string* out) {
        static constexpr const char* kScalars[] = {"null",
                                                   "true",
                                                   "0",
                                                   "-1",
                                                   "2",
                                                   "16385",
                                                   "9223372036854775807",
                                                   "18446744073709551615",
                                                   "1e308",
                                                   "-0.5",
                                                   "1e-400",
                                                   "\"\"",
                                                   "\"c\"",
                                                   "\"id\"",
                                                   "\"vector\"",
                                                   "\"*\"",
                                                   "\"count(*)\"",
                                                   "\"id > 0\"",
                                                   "\"Int64\"",
                                                   "\"FloatVector\"",
                                                   "\"Strong\"",
                                                   "\"\\ud83d\\ude00\"",
                                                   "[1,2]",
                                                   "[[1,2]]",
                                                   "[[0.5,-1]]",
                                                   "[{\"id\":1,\"vector\":[1,2]}]"};
        const size_t kind = depth > 4 ? 0 : Below(6);
        if (kind < 4) {
            *out += kScalars[Below(std::size(kScalars))];
        } else if (kind == 4) {
            *out += '[';
            for (size_t i = Below(4); i > 0; --i) {
                AppendValue(depth + 1, out);
                *out += i > 1 ? "," : "";
            }
            *out += ']';
        } else {
            *out += '{';
            for (size_t i = Below(4); i > 0; --i) {
                AppendMember(depth, out);
            }
            *out += '}';
        }
    }

    std::mt19937_64 random_;
};

TEST_F(RestServiceTest, AnyDocumentGetsAnAnswer) {
    AnyDocument documents(20);
    for (int round = 0; round < 200; ++round) {
        if (round % 20 == 0) {
            StartAfresh();
        }
        for (const GoodRequest& request : kRequests) {
            std::string body = documents.Body();
            if (round % 7 == 0) {
                body.resize(body.size() / 2);  // cut short
            }
            Post(request.path, body);
        }
    }
}

TEST_F(RestServiceTest, DamagedRequestsGetAnAnswer) {
    static constexpr std::string_view kBytes = "0123456789-.eE\"\\{}[]:,nult* aid\xff\n";
    std::mt19937_64 random(21);
    for (int round = 0; round < 300; ++round) {
        StartAfresh();
        for (const GoodRequest& request : kRequests) {
            std::string body = request.body;
            for (size_t damages = 1 + random() % 3; damages > 0 && !body.empty(); --damages) {
                const size_t at = random() % body.size();
                const char byte = kBytes[random() % kBytes.size()];
                switch (random() % 3) {
                    case 0:
                        body[at] = byte;
                        break;
                    case 1:
                        body.insert(at, 1, byte);
                        break;
                    default:
                        body.erase(at, 1);
                }
            }
            Post(request.path, body);
        }
    }
}

TEST_F(RestServiceTest, DeepNestingIsRefused) {
    CreateQuick();
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    EXPECT_EQ(CodeOf("entities/insert", R"({"collectionName":"c","data":)" + deep + "}"), 1801);
}

}  // namespace
}  // namespace elanus::wire
