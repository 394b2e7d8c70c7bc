// Cohere, "Embed API (v2)": POST /v2/embed. Gives 8-bit vectors as well.

#include "base/phrase.h"
#include "function/provider/http_embedding.h"
#include "function/provider/providers.h"

namespace elanus::function {
namespace {

constexpr size_t kBatchMax = 96;  // what the service takes

class Cohere : public HttpEmbedding {
  public:
    Cohere(HttpEmbeddingSettings settings, std::string truncate)
        : HttpEmbedding(std::move(settings)), truncate_(std::move(truncate)) {}

  private:
    const char* OutputType() const { return settings().is_int8 ? "int8" : "float"; }

    json::Value Body(Texts texts, EmbeddingUse use) const override {
        json::Value body;
        body.Add("model", settings().model);
        body.Add("texts", ListOf(texts));
        body.Add("input_type", use == EmbeddingUse::kStore ? "search_document" : "search_query");
        body.Add("embedding_types", json::Value::Array{OutputType()});
        body.Add("truncate", truncate_);
        if (settings().dim_param != 0) {
            body.Add("output_dimension", settings().dim_param);
        }
        return body;
    }

    base::Result<VectorPlaces> Find(const json::Value& answer, size_t count) const override {
        return FindInList(answer, std::string("embeddings.") + OutputType(), count);
    }

    const std::string truncate_;
};

}  // namespace

ProviderResult MakeCohere(const EmbeddingTarget& target) {
    const std::string truncate =
        target.params.Has("truncate") ? target.params.Text("truncate") : "END";
    if (truncate != "NONE" && truncate != "START" && truncate != "END") {
        return base::Invalid("Illegal parameters, truncate only supports [NONE, START, END]");
    }
    ASSIGN_OR_RETURN(HttpEmbeddingSettings settings,
                     ReadHttpSettings(target, "MILVUS_COHERE_API_KEY",
                                      "https://api.cohere.com/v2/embed", kBatchMax));
    return std::shared_ptr<EmbeddingProvider>(
        std::make_shared<Cohere>(std::move(settings), truncate));
}

}  // namespace elanus::function
