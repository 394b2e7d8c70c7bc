// Text Embeddings Inference of Hugging Face, POST /embed: a server that users run themselves. The
// prompts that some models want before a text are put there by us.

#include "base/phrase.h"
#include "function/provider/http_embedding.h"
#include "function/provider/providers.h"

#include <optional>

namespace elanus::function {
namespace {

constexpr size_t kBatchMax = 32;  // the server's own default

struct TeiOptions {
    std::string store_prompt;
    std::string search_prompt;
    std::optional<bool> normalize;
    bool truncate = false;
    std::string truncation_direction;
};

class Tei : public HttpEmbedding {
  public:
    Tei(HttpEmbeddingSettings settings, TeiOptions options)
        : HttpEmbedding(std::move(settings)), options_(std::move(options)) {}

  private:
    json::Value Body(Texts texts, EmbeddingUse use) const override {
        const std::string& prompt =
            use == EmbeddingUse::kStore ? options_.store_prompt : options_.search_prompt;
        json::Value::Array inputs;
        for (const std::string_view text : texts) {
            inputs.emplace_back(base::Phrase(prompt, text));
        }
        json::Value body;
        body.Add("inputs", std::move(inputs));
        body.Add("truncate", options_.truncate);
        if (!options_.truncation_direction.empty()) {
            body.Add("truncation_direction", options_.truncation_direction);
        }
        if (options_.normalize.has_value()) {
            body.Add("normalize", *options_.normalize);
        }
        return body;
    }

    base::Result<VectorPlaces> Find(const json::Value& answer, size_t count) const override {
        return FindInList(answer, "", count);
    }

    const TeiOptions options_;
};

base::Result<TeiOptions> ReadOptions(const FunctionParams& params) {
    TeiOptions options;
    options.store_prompt = params.Text("ingestion_prompt");
    options.search_prompt = params.Text("search_prompt");
    ASSIGN_OR_RETURN(options.normalize, params.Bool("normalize"));
    ASSIGN_OR_RETURN(const std::optional<bool> truncate, params.Bool("truncate"));
    options.truncate = truncate.value_or(false);
    options.truncation_direction = params.Text("truncation_direction");
    const std::string& direction = options.truncation_direction;
    if (!direction.empty() && direction != "Left" && direction != "Right") {
        return base::Invalid("[truncation_direction param's value: ", direction,
                             "] is not invalid, only supports [Left/Right]");
    }
    return options;
}

}  // namespace

ProviderResult MakeTei(const EmbeddingTarget& target) {
    RETURN_IF_ERROR(CheckGivesFloats(target));
    HttpEmbeddingSettings settings;
    settings.access = target.access;
    settings.provider = target.provider;
    settings.dim = target.dim;
    ASSIGN_OR_RETURN(settings.dim_param, ReadDim(target));
    ASSIGN_OR_RETURN(settings.key, ReadKey(target, ""));
    ASSIGN_OR_RETURN(settings.url, ReadEndpoint(target));
    if (!settings.url.ends_with("/embed")) {
        settings.url += "/embed";
    }
    ASSIGN_OR_RETURN(settings.batch_max, ReadBatchMax(target, kBatchMax));
    ASSIGN_OR_RETURN(settings.timeout_ms, ReadTimeout(target));
    ASSIGN_OR_RETURN(TeiOptions options, ReadOptions(target.params));
    return std::shared_ptr<EmbeddingProvider>(
        std::make_shared<Tei>(std::move(settings), std::move(options)));
}

}  // namespace elanus::function
