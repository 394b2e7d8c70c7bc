#include "function/provider/settings.h"

#include "base/parse.h"
#include "base/phrase.h"
#include "http/client.h"

#include <optional>

namespace elanus::function {
namespace {

using base::Invalid;

constexpr int64_t kTimeoutMs = 30'000;
constexpr int64_t kTimeoutMsMax = 600'000;
constexpr int64_t kBatchMax = 2048;

std::string NamedAddress(const EmbeddingTarget& target) {
    const std::string endpoint = target.params.Text("endpoint");
    return endpoint.empty() ? target.params.Text("url") : endpoint;
}

}  // namespace

base::Result<std::string> ReadModelName(const EmbeddingTarget& target) {
    std::string name = target.params.Text("model_name");
    if (name.empty()) {
        return Invalid("model_name is required for ", target.provider, " embedding provider");
    }
    return name;
}

base::Result<int64_t> ReadDim(const EmbeddingTarget& target) {
    const std::string text = target.params.Text("dim");
    int64_t dim = 0;
    if (!text.empty() && !base::ParseInt(text, &dim)) {
        return Invalid("dimension [", text, "] provided in Function params is not a valid int");
    }
    if (dim != 0 && dim != target.dim) {
        return Invalid("Function output field:[", target.field_name, "]'s dimension [", target.dim,
                       "] does not match the dimension [", dim, "] provided in Function params.");
    }
    return dim;
}

base::Result<std::string> ReadKey(const EmbeddingTarget& target, const std::string& variable) {
    std::string name = target.params.Text("credential");
    if (name.empty()) {
        name = target.config().credential;
    }
    if (!name.empty()) {
        return target.access->services.Key(name);
    }
    if (variable.empty()) {
        return std::string();
    }
    std::string key = target.access->services.KeyOfVariable(variable);
    if (key.empty()) {
        return Invalid("missing credentials config or configure the ", variable,
                       " environment variable in the Milvus service");
    }
    return key;
}

base::Result<std::string> ReadUrl(const EmbeddingTarget& target, const std::string& own) {
    const ModelServices& services = target.access->services;
    const std::string named = NamedAddress(target);
    if (!named.empty()) {
        if (services.allowed_endpoints.empty()) {
            return Invalid(
                "the address of provider ", target.provider,
                " is set in the server's configuration: function.textEmbedding.providers.",
                target.provider,
                ".url. A client may name one that elanus.model.allowedEndpoints lists");
        }
        RETURN_IF_ERROR(services.CheckEndpoint(named));
        return named;
    }
    const std::string configured = target.config().url;
    std::string url = configured.empty() ? own : configured;
    if (!http::IsHttpUrl(url)) {
        return Invalid("endpoint: [", url, "] is not a valid http/https link");
    }
    return url;
}

base::Result<std::string> ReadEndpoint(const EmbeddingTarget& target) {
    const std::string named = NamedAddress(target);
    if (!named.empty()) {
        RETURN_IF_ERROR(target.access->services.CheckEndpoint(named));
        return WithoutEndSlash(named);
    }
    const std::string configured = target.config().url;
    if (!http::IsHttpUrl(configured)) {
        return Invalid("endpoint: [", configured, "] is not a valid http/https link");
    }
    return WithoutEndSlash(configured);
}

base::Result<size_t> ReadBatchMax(const EmbeddingTarget& target, size_t own) {
    const std::string key = "max_client_batch_size";
    ASSIGN_OR_RETURN(const std::optional<int64_t> batch, target.params.Integer(key));
    if (batch.has_value() && (*batch <= 0 || *batch > kBatchMax)) {
        return Invalid("[", key, " param's value: ", *batch, "] should be in range [1, ", kBatchMax,
                       "]");
    }
    return batch.has_value() ? static_cast<size_t>(*batch) : own;
}

base::Result<int64_t> ReadTimeout(const EmbeddingTarget& target) {
    ASSIGN_OR_RETURN(const std::optional<int64_t> timeout, target.params.Integer("timeout_ms"));
    const int64_t timeout_ms = timeout.value_or(kTimeoutMs);
    if (timeout_ms <= 0 || timeout_ms > kTimeoutMsMax) {
        return Invalid("[timeout_ms param's value: ", timeout_ms, "] should be in range [1, ",
                       kTimeoutMsMax, "]");
    }
    return timeout_ms;
}

base::Status CheckGivesFloats(const EmbeddingTarget& target) {
    return target.is_int8 ? Invalid(
                                "embedding model output and field type mismatch, model output is "
                                "FloatVector, field type is Int8Vector: provider ",
                                target.provider, ", field ", target.field_name)
                          : base::Status();
}

bool IsBareHost(std::string_view url) {
    const size_t host = url.find("://");
    const size_t slash = host == url.npos ? url.npos : url.find('/', host + 3);
    return slash == url.npos || slash + 1 == url.size();
}

std::string WithoutEndSlash(std::string url) {
    while (url.ends_with('/')) {
        url.pop_back();
    }
    return url;
}

}  // namespace elanus::function
