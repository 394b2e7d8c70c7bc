// Azure OpenAI, "Embeddings - Create", API version 2024-06-01: the model is named by its deployment
// in the path.

#include "base/phrase.h"
#include "function/provider/http_embedding.h"
#include "function/provider/providers.h"

namespace elanus::function {
namespace {

constexpr size_t kBatchMax = 128;
constexpr size_t kBatchBytesMax = 600'000;  // the service takes 300,000 tokens a request
constexpr const char* kVersion = "2024-06-01";
constexpr const char* kResourceVariable = "MILVUS_AZURE_OPENAI_RESOURCE_NAME";

class AzureOpenAi : public HttpEmbedding {
  public:
    AzureOpenAi(HttpEmbeddingSettings settings, std::string user)
        : HttpEmbedding(std::move(settings)), user_(std::move(user)) {}

  private:
    json::Value Body(Texts texts, EmbeddingUse) const override {
        json::Value body;
        body.Add("input", ListOf(texts));
        body.Add("encoding_format", "float");
        if (settings().dim_param != 0) {
            body.Add("dimensions", settings().dim_param);
        }
        if (!user_.empty()) {
            body.Add("user", user_);
        }
        return body;
    }

    base::Result<VectorPlaces> Find(const json::Value& answer, size_t count) const override {
        return FindByIndex(answer, "data", "index", "embedding", count);
    }

    base::Result<http::Request> Envelope(const base::CallContext&) override {
        http::Request request;
        request.url = settings().url;
        request.headers = {{"Content-Type", "application/json"},
                           {"Accept", "application/json"},
                           {"api-key", settings().key}};
        return request;
    }

    const std::string user_;
};

// The host of the resource; empty when neither configuration nor environment name one.
std::string OwnHost(const EmbeddingTarget& target) {
    std::string name = target.config().resource_name;
    if (name.empty()) {
        name = target.access->services.KeyOfVariable(kResourceVariable);
    }
    return name.empty() ? std::string() : "https://" + name + ".openai.azure.com";
}

}  // namespace

ProviderResult MakeAzureOpenAi(const EmbeddingTarget& target) {
    RETURN_IF_ERROR(CheckGivesFloats(target));
    const std::string host = OwnHost(target);
    if (host.empty() && target.config().url.empty() && !target.params.Has("url") &&
        !target.params.Has("endpoint")) {
        return base::Invalid("must configure the ", kResourceVariable,
                             " environment variable in the Milvus service");
    }
    ASSIGN_OR_RETURN(HttpEmbeddingSettings settings,
                     ReadHttpSettings(target, "MILVUS_AZURE_OPENAI_API_KEY", host, kBatchMax));
    if (IsBareHost(settings.url)) {
        settings.url = WithoutEndSlash(settings.url) + "/openai/deployments/" +
                       http::EncodePath(settings.model) + "/embeddings?api-version=" + kVersion;
    }
    settings.batch_bytes_max = kBatchBytesMax;
    return std::shared_ptr<EmbeddingProvider>(
        std::make_shared<AzureOpenAi>(std::move(settings), target.params.Text("user")));
}

}  // namespace elanus::function
