#include "function/embedding_provider.h"

#include "base/phrase.h"
#include "function/provider/providers.h"

namespace elanus::function {
namespace {

using base::Invalid;

struct KnownProvider {
    std::string_view name;
    ProviderResult (*make)(const EmbeddingTarget& target);
    bool needs_http = true;
};

constexpr KnownProvider kProviders[] = {
    {"openai", MakeOpenAi},   {"azure_openai", MakeAzureOpenAi}, {"dashscope", MakeDashScope},
    {"bedrock", MakeBedrock}, {"vertexai", MakeVertexAi},        {"voyageai", MakeVoyageAi},
    {"cohere", MakeCohere},   {"siliconflow", MakeSiliconFlow},  {"tei", MakeTei},
    {"gemini", MakeGemini},   {"local", MakeLocal, false},
};

// Everybody who may describe a collection sees the parameters of its functions.
constexpr const char* kSecrets[] = {"api_key",           "apikey",
                                    "access_key_id",     "secret_access_key",
                                    "aws_access_key_id", "aws_secret_access_key",
                                    "credential_json"};

base::Status CheckHoldsNoKeys(const FunctionParams& params) {
    for (const char* secret : kSecrets) {
        if (params.Has(secret)) {
            return Invalid("a key does not belong into the parameters of a function (", secret,
                           "): everybody who may describe the collection would see it. Name one of "
                           "the server's configuration in `credential`");
        }
    }
    return params.Has("integration_id")
               ? Invalid("integration_id is not supported, name a key in `credential`")
               : base::Status();
}

base::Result<const KnownProvider*> FindProvider(const FunctionParams& params) {
    const std::string name = params.Word("provider");
    if (name.empty()) {
        return Invalid("the text embedding service provider parameter:[provider] not found");
    }
    std::string all;
    for (const KnownProvider& provider : kProviders) {
        if (provider.name == name) {
            return &provider;
        }
        all += (all.empty() ? "" : ", ") + std::string(provider.name);
    }
    return Invalid("unsupported text embedding service provider: [", name,
                   "] , list of supported [", all, "]");
}

}  // namespace

base::Result<std::shared_ptr<EmbeddingProvider>> MakeEmbeddingProvider(
    std::shared_ptr<const ModelAccess> access, const schema::KeyValues& params,
    const schema::FieldSchema& output) {
    EmbeddingTarget target{std::move(access),      "",
                           FunctionParams(params), output.name,
                           output.dim(),           output.type == schema::DataType::kInt8Vector};
    RETURN_IF_ERROR(CheckHoldsNoKeys(target.params));
    ASSIGN_OR_RETURN(const KnownProvider* provider, FindProvider(target.params));
    target.provider = provider->name;
    if (target.access == nullptr || (provider->needs_http && target.access->http == nullptr)) {
        return Invalid("this server calls no model services");
    }
    if (!target.config().enabled) {
        return Invalid("text embedding model provider [", target.provider, "] is disabled");
    }
    return provider->make(target);
}

}  // namespace elanus::function
