// Gemini API, models.batchEmbedContents (v1beta).

#include "function/provider/http_embedding.h"
#include "function/provider/providers.h"

namespace elanus::function {
namespace {

constexpr size_t kBatchMax = 32;

class Gemini : public HttpEmbedding {
  public:
    Gemini(HttpEmbeddingSettings settings, std::string task)
        : HttpEmbedding(std::move(settings)), task_(std::move(task)) {}

  private:
    std::string Task(EmbeddingUse use) const {
        if (!task_.empty()) {
            return task_;
        }
        return use == EmbeddingUse::kStore ? "RETRIEVAL_DOCUMENT" : "RETRIEVAL_QUERY";
    }

    json::Value Body(Texts texts, EmbeddingUse use) const override {
        json::Value requests;
        for (const std::string_view text : texts) {
            json::Value part;
            part.Add("text", text);
            json::Value content;
            content.Add("parts", json::Value::Array{std::move(part)});
            json::Value request;
            request.Add("model", "models/" + settings().model);
            request.Add("content", std::move(content));
            request.Add("taskType", Task(use));
            if (settings().dim_param != 0) {
                request.Add("outputDimensionality", settings().dim_param);
            }
            requests.Append(std::move(request));
        }
        json::Value body;
        body.Add("requests", std::move(requests));
        return body;
    }

    base::Result<VectorPlaces> Find(const json::Value& answer, size_t count) const override {
        ASSIGN_OR_RETURN(VectorPlaces places, FindInList(answer, "embeddings", count));
        for (const json::Value*& place : places) {
            const json::Value* values = place->Find("values");
            place = values == nullptr ? place : values;  // without one it has no dimension
        }
        return places;
    }

    base::Result<http::Request> Envelope(const base::CallContext&) override {
        http::Request request;
        request.url = settings().url;
        request.headers = {{"Content-Type", "application/json"},
                           {"Accept", "application/json"},
                           {"x-goog-api-key", settings().key}};
        return request;
    }

    const std::string task_;
};

}  // namespace

ProviderResult MakeGemini(const EmbeddingTarget& target) {
    RETURN_IF_ERROR(CheckGivesFloats(target));
    ASSIGN_OR_RETURN(HttpEmbeddingSettings settings,
                     ReadHttpSettings(target, "MILVUS_GEMINI_API_KEY",
                                      "https://generativelanguage.googleapis.com", kBatchMax));
    constexpr std::string_view kPrefix = "models/";
    if (settings.model.starts_with(kPrefix)) {
        settings.model.erase(0, kPrefix.size());
    }
    if (IsBareHost(settings.url)) {
        settings.url = WithoutEndSlash(settings.url) + "/v1beta/models/" +
                       http::EncodePath(settings.model) + ":batchEmbedContents";
    }
    return std::shared_ptr<EmbeddingProvider>(
        std::make_shared<Gemini>(std::move(settings), target.params.Text("task")));
}

}  // namespace elanus::function
