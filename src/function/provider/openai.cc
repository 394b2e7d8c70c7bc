// OpenAI, "Create embeddings": POST /v1/embeddings. Other servers speak the same.

#include "function/provider/http_embedding.h"
#include "function/provider/providers.h"

namespace elanus::function {
namespace {

constexpr size_t kBatchMax = 128;
constexpr size_t kBatchBytesMax = 600'000;  // the service takes 300,000 tokens a request

class OpenAi : public HttpEmbedding {
  public:
    OpenAi(HttpEmbeddingSettings settings, std::string user)
        : HttpEmbedding(std::move(settings)), user_(std::move(user)) {}

  private:
    json::Value Body(Texts texts, EmbeddingUse) const override {
        json::Value body;
        body.Add("model", settings().model);
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

    const std::string user_;
};

}  // namespace

ProviderResult MakeOpenAi(const EmbeddingTarget& target) {
    RETURN_IF_ERROR(CheckGivesFloats(target));
    ASSIGN_OR_RETURN(HttpEmbeddingSettings settings,
                     ReadHttpSettings(target, "MILVUS_OPENAI_API_KEY",
                                      "https://api.openai.com/v1/embeddings", kBatchMax));
    settings.batch_bytes_max = kBatchBytesMax;
    return std::shared_ptr<EmbeddingProvider>(
        std::make_shared<OpenAi>(std::move(settings), target.params.Text("user")));
}

}  // namespace elanus::function
