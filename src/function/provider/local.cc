// Models on this machine: `model_name` is a folder below elanus.model.localFolder.

#include "base/phrase.h"
#include "embedding/local_model.h"
#include "function/failure.h"
#include "function/provider/providers.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace elanus::function {
namespace {

constexpr size_t kBatchMax = 32;

struct LocalSettings {
    embedding::EmbedOptions options;
    std::string store_prompt;
    std::string search_prompt;
};

class Local : public EmbeddingProvider {
  public:
    Local(const EmbeddingTarget& target, std::shared_ptr<const embedding::LocalModel> model,
          LocalSettings settings)
        : access_(target.access),
          dim_(target.dim),
          model_(std::move(model)),
          settings_(std::move(settings)) {}

    base::Result<std::string> Embed(const base::CallContext& context,
                                    std::span<const std::string_view> texts,
                                    EmbeddingUse use) override {
        const std::string& prompt =
            use == EmbeddingUse::kStore ? settings_.store_prompt : settings_.search_prompt;
        std::vector<std::string> prompted;
        std::vector<std::string_view> inputs(texts.begin(), texts.end());
        if (!prompt.empty()) {
            std::transform(texts.begin(), texts.end(), std::back_inserter(prompted),
                           [&](std::string_view text) { return base::Phrase(prompt, text); });
            inputs.assign(prompted.begin(), prompted.end());
        }
        ASSIGN_OR_RETURN(
            const std::vector<float> vectors,
            model_->Embed(context, *access_->clock, *access_->executor, inputs, settings_.options));
        const size_t size = vectors.size() / texts.size();
        if (static_cast<int64_t>(size) != dim_) {
            return FunctionFailed(base::Phrase("the required embedding dim is [", dim_,
                                               "], but the embedding obtained from the model is [",
                                               size, "]"));
        }
        if (!std::all_of(vectors.begin(), vectors.end(),
                         [](float value) { return std::isfinite(value); })) {
            return FunctionFailed("get embedding failed, the model gives no finite numbers");
        }
        return std::string(reinterpret_cast<const char*>(vectors.data()),
                           vectors.size() * sizeof(float));
    }

  private:
    const std::shared_ptr<const ModelAccess> access_;
    const int64_t dim_;
    const std::shared_ptr<const embedding::LocalModel> model_;
    const LocalSettings settings_;
};

// The name comes from whoever may create a collection, and must not reach the rest of the disk.
bool IsPlainName(std::string_view name) {
    return name != "." && name != ".." && !name.empty() &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.';
           });
}

base::Result<LocalSettings> ReadLocalSettings(const EmbeddingTarget& target,
                                              const embedding::LocalModel& model) {
    const FunctionParams& params = target.params;
    LocalSettings settings;
    settings.store_prompt = params.Text("ingestion_prompt");
    settings.search_prompt = params.Text("search_prompt");
    settings.options.pooling = model.pooling();
    if (const std::string pooling = params.Word("pooling"); !pooling.empty()) {
        if (pooling != "mean" && pooling != "cls") {
            return base::Invalid("[pooling param's value: ", pooling,
                                 "] is unknown, only supports: [mean/cls]");
        }
        settings.options.pooling =
            pooling == "mean" ? embedding::Pooling::kMean : embedding::Pooling::kFirst;
    }
    ASSIGN_OR_RETURN(const std::optional<bool> normalize, params.Bool("normalize"));
    settings.options.normalize = normalize.value_or(true);
    ASSIGN_OR_RETURN(const std::optional<int64_t> tokens, params.Integer("max_tokens"));
    if (tokens.has_value() && (*tokens < 3 || *tokens > static_cast<int64_t>(model.tokens_max()))) {
        return base::Invalid("[max_tokens param's value: ", *tokens, "] should be in range [3, ",
                             model.tokens_max(), "]");
    }
    settings.options.tokens_max = static_cast<size_t>(tokens.value_or(0));
    ASSIGN_OR_RETURN(settings.options.batch_max, ReadBatchMax(target, kBatchMax));
    return settings;
}

}  // namespace

ProviderResult MakeLocal(const EmbeddingTarget& target) {
    RETURN_IF_ERROR(CheckGivesFloats(target));
    RETURN_IF_ERROR(ReadDim(target).status());
    ASSIGN_OR_RETURN(const std::string name, ReadModelName(target));
    if (target.access->local_folder.empty()) {
        return base::Invalid(
            "elanus.model.localFolder is not set, it names the folder of models "
            "that run on this machine");
    }
    if (!IsPlainName(name)) {
        return base::Invalid("model_name [", name,
                             "] should be the name of a folder in elanus.model.localFolder");
    }
    auto model = embedding::LocalModel::Load(target.access->onnxruntime_path,
                                             target.access->local_folder + "/" + name);
    if (!model.ok()) {
        return model.status().Annotate("model " + name);
    }
    ASSIGN_OR_RETURN(LocalSettings settings, ReadLocalSettings(target, **model));
    return std::shared_ptr<EmbeddingProvider>(
        std::make_shared<Local>(target, *model, std::move(settings)));
}

}  // namespace elanus::function
