// Voyage AI, "Text embedding models": POST /v1/embeddings. Gives 8-bit vectors as well.

#include "function/provider/http_embedding.h"
#include "function/provider/providers.h"

#include <optional>

namespace elanus::function {
namespace {

constexpr size_t kBatchMax = 128;
constexpr size_t kBatchBytesMax =
    240'000;  // the service takes 120,000 tokens a request of its larger models

class VoyageAi : public HttpEmbedding {
  public:
    VoyageAi(HttpEmbeddingSettings settings, bool truncate)
        : HttpEmbedding(std::move(settings)), truncate_(truncate) {}

  private:
    json::Value Body(Texts texts, EmbeddingUse use) const override {
        json::Value body;
        body.Add("model", settings().model);
        body.Add("input", ListOf(texts));
        body.Add("input_type", use == EmbeddingUse::kStore ? "document" : "query");
        body.Add("truncation", truncate_);
        if (settings().dim_param != 0) {
            body.Add("output_dimension", settings().dim_param);
        }
        body.Add("output_dtype", settings().is_int8 ? "int8" : "float");
        return body;
    }

    base::Result<VectorPlaces> Find(const json::Value& answer, size_t count) const override {
        return FindByIndex(answer, "data", "index", "embedding", count);
    }

    const bool truncate_;
};

}  // namespace

ProviderResult MakeVoyageAi(const EmbeddingTarget& target) {
    ASSIGN_OR_RETURN(const std::optional<bool> truncate, target.params.Bool("truncation"));
    ASSIGN_OR_RETURN(HttpEmbeddingSettings settings,
                     ReadHttpSettings(target, "MILVUS_VOYAGEAI_API_KEY",
                                      "https://api.voyageai.com/v1/embeddings", kBatchMax));
    settings.batch_bytes_max = kBatchBytesMax;
    return std::shared_ptr<EmbeddingProvider>(
        std::make_shared<VoyageAi>(std::move(settings), truncate.value_or(false)));
}

}  // namespace elanus::function
