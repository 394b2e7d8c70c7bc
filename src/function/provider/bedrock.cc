// Amazon Bedrock, InvokeModel with Amazon's Titan text embedding models: one text a request.

#include "base/phrase.h"
#include "function/provider/http_embedding.h"
#include "function/provider/providers.h"
#include "http/aws_signature.h"

#include <optional>

namespace elanus::function {
namespace {

constexpr const char* kIdVariable = "MILVUS_BEDROCK_ACCESS_KEY_ID";
constexpr const char* kSecretVariable = "MILVUS_BEDROCK_SECRET_ACCESS_KEY";

class Bedrock : public HttpEmbedding {
  public:
    Bedrock(HttpEmbeddingSettings settings, http::AwsSigner signer, std::optional<bool> normalize)
        : HttpEmbedding(std::move(settings)), signer_(std::move(signer)), normalize_(normalize) {}

  private:
    json::Value Body(Texts texts, EmbeddingUse) const override {
        json::Value body;
        body.Add("inputText", texts.front());
        if (settings().dim_param != 0) {
            body.Add("dimensions", settings().dim_param);
        }
        if (normalize_.has_value()) {
            body.Add("normalize", *normalize_);
        }
        return body;
    }

    base::Result<VectorPlaces> Find(const json::Value& answer, size_t) const override {
        const json::Value* vector = answer.Find("embedding");
        return VectorPlaces{vector == nullptr ? &answer : vector};  // without one, no dimension
    }

    void Sign(http::Request* request) const override {
        http::SignForAws(signer_, access().clock->WallMs(), request);
    }

    const http::AwsSigner signer_;
    const std::optional<bool> normalize_;
};

base::Result<KeyPair> ReadKeys(const EmbeddingTarget& target) {
    const ModelServices& services = target.access->services;
    std::string name = target.params.Text("credential");
    if (name.empty()) {
        name = target.config().credential;
    }
    if (!name.empty()) {
        return services.AwsKeys(name);
    }
    KeyPair keys{services.KeyOfVariable(kIdVariable), services.KeyOfVariable(kSecretVariable)};
    if (keys.id.empty() || keys.secret.empty()) {
        return base::Invalid("missing credentials config or configure the ",
                             keys.id.empty() ? kIdVariable : kSecretVariable,
                             " environment variable in the Milvus service");
    }
    return keys;
}

}  // namespace

ProviderResult MakeBedrock(const EmbeddingTarget& target) {
    RETURN_IF_ERROR(CheckGivesFloats(target));
    HttpEmbeddingSettings settings;
    settings.access = target.access;
    settings.provider = target.provider;
    settings.dim = target.dim;
    ASSIGN_OR_RETURN(settings.model, ReadModelName(target));
    ASSIGN_OR_RETURN(settings.dim_param, ReadDim(target));
    ASSIGN_OR_RETURN(settings.timeout_ms, ReadTimeout(target));
    ASSIGN_OR_RETURN(const KeyPair keys, ReadKeys(target));
    const std::string region = target.params.Text("region");
    if (region.empty()) {
        return base::Invalid("missing AWS Service region. Please pass `region` param");
    }
    ASSIGN_OR_RETURN(settings.url,
                     ReadUrl(target, "https://bedrock-runtime." + region + ".amazonaws.com"));
    if (IsBareHost(settings.url)) {
        settings.url = WithoutEndSlash(settings.url) + "/model/" +
                       http::EncodePath(settings.model) + "/invoke";
    }
    ASSIGN_OR_RETURN(std::optional<bool> normalize, target.params.Bool("normalize"));
    if (!normalize.has_value() && settings.model.find("v2") != std::string::npos) {
        normalize = true;  // version 1 has no such parameter
    }
    return std::shared_ptr<EmbeddingProvider>(std::make_shared<Bedrock>(
        std::move(settings), http::AwsSigner{keys.id, keys.secret, region, "bedrock"}, normalize));
}

}  // namespace elanus::function
