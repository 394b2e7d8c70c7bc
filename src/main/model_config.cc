#include "main/model_config.h"

#include "base/ascii.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace elanus::main {
namespace {

// What is left of `key` behind `prefix`; empty when it does not begin so.
std::string_view Behind(std::string_view key, std::string_view prefix) {
    return key.starts_with(prefix) ? key.substr(prefix.size()) : std::string_view();
}

using Providers = std::map<std::string, function::ModelProviderConfig>;

// "<provider>.<member>".
void SetProvider(std::string_view path, const std::string& value, Providers* providers) {
    const size_t dot = std::min(path.find('.'), path.size());
    function::ModelProviderConfig& provider = (*providers)[std::string(path.substr(0, dot))];
    const std::string_view member = path.substr(std::min(dot + 1, path.size()));
    if (member == "enable") {
        provider.enabled = base::AsciiLower(value) != "false";
    } else if (member == "credential") {
        provider.credential = value;
    } else if (member == "url") {
        provider.url = value;
    } else if (member == "resource_name") {
        provider.resource_name = value;
    }
}

// "<name>.<member>"; a name may hold dots.
void SetCredential(std::string_view path, const std::string& value,
                   function::ModelServices* services) {
    const size_t dot = path.rfind('.');
    if (dot == path.npos) {
        return;
    }
    function::Credential& credential = services->credentials[std::string(path.substr(0, dot))];
    const std::string_view member = path.substr(dot + 1);
    if (member == "apikey") {
        credential.api_key = value;
    } else if (member == "access_key_id") {
        credential.access_key_id = value;
    } else if (member == "secret_access_key") {
        credential.secret_access_key = value;
    } else if (member == "credential_json") {
        credential.service_account = value;
    }
}

std::vector<std::string> SplitAtCommas(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const size_t end = std::min(text.find(','), text.size());
        std::string_view part = text.substr(0, end);
        part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
        part = part.substr(0, part.find_last_not_of(' ') + 1);
        if (!part.empty()) {
            parts.emplace_back(part);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

}  // namespace

function::ModelServices ModelServicesFrom(const config::Config& config) {
    function::ModelServices services;
    for (const auto& [key, value] : config.chosen()) {
        const std::string_view credential = Behind(key, "credential.");
        const std::string_view reranker = Behind(key, "function.rerank.model.providers.");
        const std::string_view embedder = Behind(key, "function.textEmbedding.providers.");
        if (!credential.empty()) {
            SetCredential(credential, value, &services);
        } else if (!reranker.empty()) {
            SetProvider(reranker, value, &services.rerankers);
        } else if (!embedder.empty()) {
            SetProvider(embedder, value, &services.embedders);
        } else if (key.starts_with("MILVUS")) {
            services.environment[key] = value;
        }
    }
    services.highlight_provider = config.String("elanus.highlight.provider");
    services.highlight_model = config.String("elanus.highlight.model");
    services.allowed_endpoints = SplitAtCommas(config.String("elanus.model.allowedEndpoints"));
    return services;
}

}  // namespace elanus::main
