#include "function/model_services.h"

#include "base/base64.h"
#include "base/phrase.h"
#include "http/client.h"

namespace elanus::function {
namespace {

using base::Invalid;

// `url` lies at or below `allowed`: a longer host, another port or a user name do not.
bool IsWithin(std::string_view url, std::string_view allowed) {
    if (!url.starts_with(allowed)) {
        return false;
    }
    const std::string_view rest = url.substr(allowed.size());
    return rest.empty() || allowed.ends_with('/') || rest.front() == '/' || rest.front() == '?';
}

ModelProviderConfig ConfigOf(const std::map<std::string, ModelProviderConfig>& providers,
                             const std::string& provider) {
    const auto found = providers.find(provider);
    return found == providers.end() ? ModelProviderConfig() : found->second;
}

base::Status NotThere(const std::string& name, std::string_view member) {
    return Invalid("can not find credential: ", name, ", set credential.", name, ".", member,
                   " in the server's configuration");
}

}  // namespace

ModelProviderConfig ModelServices::Reranker(const std::string& provider) const {
    return ConfigOf(rerankers, provider);
}

ModelProviderConfig ModelServices::Embedder(const std::string& provider) const {
    return ConfigOf(embedders, provider);
}

base::Result<std::string> ModelServices::Key(const std::string& name) const {
    const auto found = credentials.find(name);
    if (found == credentials.end() || found->second.api_key.empty()) {
        return NotThere(name, "apikey");
    }
    return found->second.api_key;
}

base::Result<KeyPair> ModelServices::AwsKeys(const std::string& name) const {
    const auto found = credentials.find(name);
    if (found == credentials.end() || found->second.access_key_id.empty()) {
        return NotThere(name, "access_key_id");
    }
    if (found->second.secret_access_key.empty()) {
        return NotThere(name, "secret_access_key");
    }
    return KeyPair{found->second.access_key_id, found->second.secret_access_key};
}

base::Result<std::string> ModelServices::ServiceAccount(const std::string& name) const {
    const auto found = credentials.find(name);
    if (found == credentials.end() || found->second.service_account.empty()) {
        return NotThere(name, "credential_json");
    }
    std::string text;
    if (!base::DecodeBase64(found->second.service_account, &text)) {
        return Invalid("credential.", name, ".credential_json should be base64");
    }
    return text;
}

std::string ModelServices::KeyOfVariable(const std::string& variable) const {
    constexpr std::string_view kPrefix = "MILVUS_";
    if (const auto found = environment.find(variable); found != environment.end()) {
        return found->second;
    }
    const auto old = environment.find("MILVUSAI_" + variable.substr(kPrefix.size()));
    return old == environment.end() ? std::string() : old->second;
}

base::Status ModelServices::CheckEndpoint(std::string_view endpoint) const {
    if (!http::IsHttpUrl(endpoint)) {
        return Invalid("endpoint: [", endpoint, "] is not a valid http/https link");
    }
    for (const std::string& allowed : allowed_endpoints) {
        if (IsWithin(endpoint, allowed)) {
            return base::Status();
        }
    }
    return allowed_endpoints.empty()
               ? base::Status()
               : Invalid("endpoint: [", endpoint,
                         "] is not among those that the server's configuration allows "
                         "(elanus.model.allowedEndpoints)");
}

}  // namespace elanus::function
