// ModelServices: what the configuration says of services that run models for this server: which are
// switched on, where they are, and the keys to them.
//
// Clients name services and keys, but never see a key. A client may name the endpoint of a service
// that users run themselves (vllm, tei); `allowed_endpoints` bounds which. Threads: a value,
// immutable once the proxy runs.
#pragma once

#include "base/status.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::proxy {

struct ModelProviderConfig {
    bool enabled = true;
    std::string credential;  // name of a key; empty = the one of the environment
    std::string url;         // in place of the provider's own
};

struct ModelServices {
    std::map<std::string, std::string> credentials;        // credential.<name>.apikey
    std::map<std::string, std::string> environment;        // MILVUS_<PROVIDER>_API_KEY
    std::map<std::string, ModelProviderConfig> rerankers;  // function.rerank.model.providers
    std::string highlight_provider;  // a reranker; empty = texts are not highlighted by meaning
    std::string highlight_model;
    // Beginnings of URLs that clients may name; empty = any.
    std::vector<std::string> allowed_endpoints;

    ModelProviderConfig Reranker(const std::string& provider) const;
    // 1100 when there is none of the name.
    base::Result<std::string> Key(const std::string& name) const;
    // The key that the environment gives, under Milvus' old name of the variable as well; empty
    // when it gives none.
    std::string KeyOfVariable(const std::string& variable) const;
    // 1100 for what is no URL or not allowed.
    base::Status CheckEndpoint(std::string_view endpoint) const;
};

}  // namespace elanus::proxy
