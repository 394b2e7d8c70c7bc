// The client's bytes, read back with the generated messages and the server's own decoder.
#include "wire/client.h"

#include "wire/row_decoder.h"

#include <gtest/gtest.h>
#include <proto/milvus.pb.h>

namespace elanus::wire {
namespace {

namespace pb = ::milvus::proto;

TEST(MilvusClientTest, AnInsertIsWhatTheServerReads) {
    const std::vector<int64_t> ids = {5, 6};
    const std::vector<int64_t> buckets = {0, 300};
    const std::vector<float> values = {1, 2, 3, 4, 5, 6};
    const std::string bytes = *MilvusClient::EncodeRows({"c", 3, true}, ids, buckets) +
                              *MilvusClient::EncodeVectors(values, 3);
    pb::milvus::InsertRequest request;
    ASSERT_TRUE(request.ParseFromString(bytes));
    EXPECT_EQ(request.collection_name(), "c");
    EXPECT_EQ(request.num_rows(), 2U);
    ASSERT_EQ(request.fields_data_size(), 3);
    EXPECT_EQ(request.fields_data(0).field_name(), "id");
    EXPECT_EQ(request.fields_data(0).scalars().long_data().data(1), 6);
    EXPECT_EQ(request.fields_data(1).field_name(), "bucket");
    EXPECT_EQ(request.fields_data(1).scalars().long_data().data(1), 300);
    EXPECT_EQ(request.fields_data(2).type(), pb::schema::FloatVector);
    EXPECT_EQ(request.fields_data(2).vectors().dim(), 3);
    EXPECT_EQ(request.fields_data(2).vectors().float_vector().data_size(), 6);
    EXPECT_EQ(request.fields_data(2).vectors().float_vector().data(5), 6);

    const grpc::Slice slice(bytes);
    EXPECT_TRUE(DecodeInsert(grpc::ByteBuffer(&slice, 1)).ok());
}

TEST(MilvusClientTest, ASearchHoldsItsQueriesAndParameters) {
    ClientSearch search;
    search.collection = "c";
    search.filter = "bucket < 10";
    search.metric = "L2";
    search.params_json = "{\"ef\":64}";
    search.consistency = "Strong";
    search.top_k = 7;
    search.dim = 2;
    pb::milvus::SearchRequest request;
    ASSERT_TRUE(request.ParseFromString(
        *MilvusClient::EncodeSearch(search, std::vector<float>{1, 2, 3, 4})));
    EXPECT_EQ(request.nq(), 2);
    EXPECT_EQ(request.dsl(), "bucket < 10");
    EXPECT_EQ(request.consistency_level(), pb::common::Strong);
    pb::common::PlaceholderGroup group;
    ASSERT_TRUE(group.ParseFromString(request.placeholder_group()));
    ASSERT_EQ(group.placeholders_size(), 1);
    EXPECT_EQ(group.placeholders(0).values_size(), 2);
    EXPECT_EQ(group.placeholders(0).values(1).size(), 2 * sizeof(float));
    std::map<std::string, std::string> params;
    for (const auto& pair : request.search_params()) {
        params[pair.key()] = pair.value();
    }
    EXPECT_EQ(params["topk"], "7");
    EXPECT_EQ(params["params"], "{\"ef\":64}");
    EXPECT_EQ(params["metric_type"], "L2");
    EXPECT_EQ(params["anns_field"], "vector");
}

TEST(MilvusClientTest, NoServerIsAnError) {
    const auto client = MilvusClient::Connect("unix:/nonexistent/socket", 1, 100);
    ASSERT_FALSE(client.ok());
    EXPECT_NE(client.status().reason().find("no server answers"), std::string::npos);
}

}  // namespace
}  // namespace elanus::wire
