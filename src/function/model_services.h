// ModelServices: what the configuration says of services that run models for this server: which are
// switched on, where they are, and the keys to them.
//
// Clients name services and keys, but never see a key. A client may name the endpoint of a service
// that users run themselves (vllm, tei), and of any other where the configuration says so in words;
// `allowed_endpoints` bounds which. Threads: a value, immutable once the server runs.
#pragma once

#include "base/status.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::function {

struct ModelProviderConfig {
    bool enabled = true;
    std::string credential;     // name of a key; empty = the one of the environment
    std::string url;            // in place of the provider's own
    std::string resource_name;  // azure_openai: the first part of the host's name
};

// credential.<name>.*; what is not given is empty.
struct Credential {
    std::string api_key;            // apikey
    std::string access_key_id;      // access_key_id, of AWS
    std::string secret_access_key;  // secret_access_key
    std::string service_account;    // credential_json: a JSON text of Google's in base64
};

struct KeyPair {
    std::string id;
    std::string secret;
};

struct ModelServices {
    std::map<std::string, Credential> credentials;
    std::map<std::string, std::string> environment;        // MILVUS_<PROVIDER>_API_KEY ..
    std::map<std::string, ModelProviderConfig> rerankers;  // function.rerank.model.providers
    std::map<std::string, ModelProviderConfig> embedders;  // function.textEmbedding.providers
    std::string highlight_provider;  // a reranker; empty = texts are not highlighted by meaning
    std::string highlight_model;
    // Beginnings of URLs that clients may name; empty = any for services that users run themselves.
    std::vector<std::string> allowed_endpoints;

    ModelProviderConfig Reranker(const std::string& provider) const;
    ModelProviderConfig Embedder(const std::string& provider) const;
    // 1100 when there is none of the name.
    base::Result<std::string> Key(const std::string& name) const;
    base::Result<KeyPair> AwsKeys(const std::string& name) const;
    // The JSON text of the service account. 1100 as well when it is no base64.
    base::Result<std::string> ServiceAccount(const std::string& name) const;
    // The key that the environment gives, under Milvus' old name of the variable as well; empty
    // when it gives none.
    std::string KeyOfVariable(const std::string& variable) const;
    // 1100 for what is no URL or not allowed.
    base::Status CheckEndpoint(std::string_view endpoint) const;
};

}  // namespace elanus::function
