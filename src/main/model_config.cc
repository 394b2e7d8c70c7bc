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

void SetReranker(std::string_view path, const std::string& value, proxy::ModelServices* services) {
    const size_t dot = std::min(path.find('.'), path.size());
    proxy::ModelProviderConfig& provider = services->rerankers[std::string(path.substr(0, dot))];
    const std::string_view member = path.substr(std::min(dot + 1, path.size()));
    if (member == "enable") {
        provider.enabled = base::AsciiLower(value) != "false";
    } else if (member == "credential") {
        provider.credential = value;
    } else if (member == "url") {
        provider.url = value;
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

proxy::ModelServices ModelServicesFrom(const config::Config& config) {
    constexpr std::string_view kKeyEnd = ".apikey";
    proxy::ModelServices services;
    for (const auto& [key, value] : config.chosen()) {
        const std::string_view credential = Behind(key, "credential.");
        const std::string_view reranker = Behind(key, "function.rerank.model.providers.");
        if (credential.ends_with(kKeyEnd)) {
            services.credentials[std::string(
                credential.substr(0, credential.size() - kKeyEnd.size()))] = value;
        } else if (!reranker.empty()) {
            SetReranker(reranker, value, &services);
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
