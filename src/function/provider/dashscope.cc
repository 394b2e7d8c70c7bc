// Alibaba Cloud Model Studio (DashScope), "Text embedding": text-embedding-v1 and later.

#include "function/provider/http_embedding.h"
#include "function/provider/providers.h"

namespace elanus::function {
namespace {

// What the service takes, by model.
size_t BatchMaxOf(const std::string& model) {
    if (model == "text-embedding-v1" || model == "text-embedding-v2") {
        return 25;
    }
    return model == "text-embedding-v3" ? 6 : 10;
}

class DashScope : public HttpEmbedding {
  public:
    explicit DashScope(HttpEmbeddingSettings settings) : HttpEmbedding(std::move(settings)) {}

  private:
    json::Value Body(Texts texts, EmbeddingUse use) const override {
        json::Value input;
        input.Add("texts", ListOf(texts));
        json::Value parameters;
        parameters.Add("text_type", use == EmbeddingUse::kStore ? "document" : "query");
        if (settings().dim_param != 0) {
            parameters.Add("dimension", settings().dim_param);
        }
        json::Value body;
        body.Add("model", settings().model);
        body.Add("input", std::move(input));
        body.Add("parameters", std::move(parameters));
        return body;
    }

    base::Result<VectorPlaces> Find(const json::Value& answer, size_t count) const override {
        return FindByIndex(answer, "output.embeddings", "text_index", "embedding", count);
    }
};

}  // namespace

ProviderResult MakeDashScope(const EmbeddingTarget& target) {
    RETURN_IF_ERROR(CheckGivesFloats(target));
    ASSIGN_OR_RETURN(HttpEmbeddingSettings settings,
                     ReadHttpSettings(target, "MILVUS_DASHSCOPE_API_KEY",
                                      "https://dashscope.aliyuncs.com/api/v1/services/embeddings/"
                                      "text-embedding/text-embedding",
                                      BatchMaxOf(target.params.Text("model_name"))));
    return std::shared_ptr<EmbeddingProvider>(std::make_shared<DashScope>(std::move(settings)));
}

}  // namespace elanus::function
