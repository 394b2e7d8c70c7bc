#include "proxy/model_services.h"

#include "http/client.h"
#include "proxy/phrase.h"

namespace elanus::proxy {
namespace {

// `url` lies at or below `allowed`: a longer host, another port or a user name do not.
bool IsWithin(std::string_view url, std::string_view allowed) {
    if (!url.starts_with(allowed)) {
        return false;
    }
    const std::string_view rest = url.substr(allowed.size());
    return rest.empty() || allowed.ends_with('/') || rest.front() == '/' || rest.front() == '?';
}

}  // namespace

ModelProviderConfig ModelServices::Reranker(const std::string& provider) const {
    const auto found = rerankers.find(provider);
    return found == rerankers.end() ? ModelProviderConfig() : found->second;
}

base::Result<std::string> ModelServices::Key(const std::string& name) const {
    const auto found = credentials.find(name);
    if (found == credentials.end() || found->second.empty()) {
        return Invalid("can not find credential: ", name, ", set credential.", name,
                       ".apikey in the server's configuration");
    }
    return found->second;
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

}  // namespace elanus::proxy
