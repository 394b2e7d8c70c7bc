// SiliconFlow, "Create embeddings": POST /v1/embeddings.

#include "function/provider/http_embedding.h"
#include "function/provider/providers.h"

namespace elanus::function {
namespace {

constexpr size_t kBatchMax = 32;  // what the service takes

class SiliconFlow : public HttpEmbedding {
  public:
    explicit SiliconFlow(HttpEmbeddingSettings settings) : HttpEmbedding(std::move(settings)) {}

  private:
    json::Value Body(Texts texts, EmbeddingUse) const override {
        json::Value body;
        body.Add("model", settings().model);
        body.Add("input", ListOf(texts));
        body.Add("encoding_format", "float");
        if (settings().dim_param != 0) {
            body.Add("dimensions", settings().dim_param);
        }
        return body;
    }

    base::Result<VectorPlaces> Find(const json::Value& answer, size_t count) const override {
        return FindByIndex(answer, "data", "index", "embedding", count);
    }
};

}  // namespace

ProviderResult MakeSiliconFlow(const EmbeddingTarget& target) {
    RETURN_IF_ERROR(CheckGivesFloats(target));
    ASSIGN_OR_RETURN(HttpEmbeddingSettings settings,
                     ReadHttpSettings(target, "MILVUS_SILICONFLOW_API_KEY",
                                      "https://api.siliconflow.cn/v1/embeddings", kBatchMax));
    return std::shared_ptr<EmbeddingProvider>(std::make_shared<SiliconFlow>(std::move(settings)));
}

}  // namespace elanus::function
