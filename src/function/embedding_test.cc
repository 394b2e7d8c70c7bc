// TextEmbedding functions over a client that answers from a list: what e2e tests with stand-ins of
// the services (tests/e2e/test_embedding.py) do not reach.
#include "function/checks.h"
#include "function/failure.h"
#include "function/text_embedding.h"
#include "json/json.h"

#include <deque>

#include <gtest/gtest.h>

namespace elanus::function {
namespace {

using schema::DataType;

// Answers OpenAI's way: the vector of a text is its length, and 1.
class EchoService : public http::Client {
  public:
    base::Result<http::Response> Post(const base::CallContext&,
                                      const http::Request& request) override {
        requests.push_back(request);
        if (!answers.empty()) {
            base::Result<http::Response> answer = std::move(answers.front());
            answers.pop_front();
            return answer;
        }
        json::Value data;
        const json::Value sent = *json::Parse(request.body);
        for (const json::Value& text : *sent.Find("input")->array_if()) {
            const auto size = static_cast<double>(text.string_if()->size());
            json::Value item;
            item.Add("index", data.is_null() ? size_t{0} : data.array_if()->size());
            item.Add("embedding", json::Value::Array{size, 1.0});
            data.Append(std::move(item));
        }
        json::Value body;
        body.Add("data", std::move(data));
        return http::Response{200, json::Write(body), {}};
    }

    std::vector<http::Request> requests;
    std::deque<base::Result<http::Response>> answers;
};

class TextEmbeddingTest : public testing::Test {
  protected:
    void SetUp() override {
        auto access = std::make_shared<ModelAccess>();
        access->http = &service_;
        access->clock = &clock_;
        access->random = &random_;
        access->executor = &executor_;
        access->services.environment["MILVUS_OPENAI_API_KEY"] = "the-key";
        access->services.credentials["aws"].access_key_id = "id";
        SetModelAccess(std::move(access));
        schema_.fields.resize(2);
        schema_.fields[0].id = 100;
        schema_.fields[0].name = "text";
        schema_.fields[0].type = DataType::kVarChar;
        schema_.fields[1].id = 101;
        schema_.fields[1].name = "dense";
        schema_.fields[1].type = DataType::kFloatVector;
        schema_.fields[1].type_params = {{"dim", "2"}};
        schema_.functions.resize(1);
        schema_.functions[0].name = "embed";
        schema_.functions[0].type = schema::FunctionType::kTextEmbedding;
        schema_.functions[0].input_field_names = {"text"};
        schema_.functions[0].output_field_names = {"dense"};
        schema_.functions[0].params = {{"Provider", "OpenAI"}, {"model_name", "m"}};
    }
    void TearDown() override { SetModelAccess(nullptr); }

    base::Result<schema::Column> Run(const std::vector<std::string>& texts) {
        schema::ColumnBuilder builder(100, DataType::kVarChar);
        for (const std::string& text : texts) {
            builder.AppendBytes(text);
        }
        const schema::Column column = builder.Finish();
        const schema::ColumnView inputs[] = {column.View()};
        const auto function = MakeFunction(schema_, schema_.functions[0]);
        return function.ok() ? (*function)->Run({}, inputs, texts.size()) : function.status();
    }

    EchoService service_;
    sys::SimClock clock_;
    sys::SeededRandom random_{1};
    sys::InlineExecutor executor_;
    schema::CollectionSchema schema_;
};

TEST_F(TextEmbeddingTest, SendsEachTextOnceAndGivesItsVectorToEveryRow) {
    const auto column = Run({"a", "bbb", "a", "cc", "bbb"});
    ASSERT_TRUE(column.ok()) << column.status().reason();
    const auto* values = column->View().As<float>();
    for (const auto& [row, size] : {std::pair(0, 1), {1, 3}, {2, 1}, {3, 2}, {4, 3}}) {
        EXPECT_EQ(values[2 * row], static_cast<float>(size));
        EXPECT_EQ(values[2 * row + 1], 1.0f);
    }
    ASSERT_EQ(service_.requests.size(), 1u);
    EXPECT_EQ(service_.requests[0].body,
              R"({"model":"m","input":["a","bbb","cc"],"encoding_format":"float"})");
    EXPECT_EQ(service_.requests[0].url, "https://api.openai.com/v1/embeddings");
}

// OpenAI takes 300,000 tokens a request.
TEST_F(TextEmbeddingTest, LongTextsMakeSmallBatches) {
    std::vector<std::string> texts;
    for (char c = 'a'; c < 'k'; ++c) {
        texts.emplace_back(250'000, c);
    }
    ASSERT_TRUE(Run(texts).ok());
    EXPECT_EQ(service_.requests.size(), 5u);
}

TEST_F(TextEmbeddingTest, KeysAreNotShown) {
    service_.answers.push_back(
        http::Response{401, "Incorrect API key provided: the-key,\nthe-key", {}});
    const auto refused = Run({"a"});
    EXPECT_EQ(static_cast<int>(refused.status().code()), 2400);
    EXPECT_EQ(refused.status().reason(),
              "Call service failed, provider openai answered status 401: Incorrect API key "
              "provided: ***, ***: function execution failed");
}

TEST_F(TextEmbeddingTest, AProviderThatCannotBeMadeFailsWhenItIsRun) {
    schema_.functions[0].params["credential"] = "gone";
    const auto functions = MakeFunction(schema_, schema_.functions[0]);
    ASSERT_TRUE(functions.ok());
    EXPECT_NE(Run({"a"}).status().reason().find("can not find credential: gone"),
              std::string::npos);
    EXPECT_FALSE(CheckFunctions(&schema_).ok());
    schema_.functions[0].params["credential"] = "aws";
    schema_.functions[0].params["provider"] = "bedrock";
    schema_.functions[0].params.erase("Provider");
    EXPECT_NE(Run({"a"}).status().reason().find("credential.aws.secret_access_key"),
              std::string::npos);
}

TEST_F(TextEmbeddingTest, AnAddressIsTheConfigurationsUnlessItListsOthers) {
    schema_.functions[0].params["url"] = "http://elsewhere/v1/embeddings";
    EXPECT_NE(Run({"a"}).status().reason().find("is set in the server's configuration"),
              std::string::npos);
    auto access = std::make_shared<ModelAccess>(*GetModelAccess());
    access->services.allowed_endpoints = {"http://elsewhere/"};
    SetModelAccess(access);
    EXPECT_TRUE(Run({"a"}).ok());
    EXPECT_EQ(service_.requests.back().url, "http://elsewhere/v1/embeddings");
    access = std::make_shared<ModelAccess>(*GetModelAccess());
    access->services.embedders["openai"].enabled = false;
    SetModelAccess(access);
    EXPECT_NE(Run({"a"}).status().reason().find("provider [openai] is disabled"),
              std::string::npos);
}

}  // namespace
}  // namespace elanus::function
