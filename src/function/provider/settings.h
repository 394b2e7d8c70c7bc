// Settings: what the providers of embeddings read of a function's parameters and of the
// configuration, in the same way. A parameter of the function goes before the configuration, that
// before the environment.
// Threads: values.
#pragma once

#include "base/status.h"
#include "function/function_params.h"
#include "function/model_access.h"
#include "schema/collection_schema.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace elanus::function {

struct EmbeddingTarget {
    std::shared_ptr<const ModelAccess> access;
    std::string provider;  // its name, in lower case
    FunctionParams params;
    std::string field_name;
    int64_t dim = 0;
    bool is_int8 = false;

    ModelProviderConfig config() const { return access->services.Embedder(provider); }
};

// All of them: 1100 for what is missing or wrong.

// `model_name`.
base::Result<std::string> ReadModelName(const EmbeddingTarget& target);
// `dim`, which models that can shorten their vectors are sent; 0 when it is not given.
base::Result<int64_t> ReadDim(const EmbeddingTarget& target);
// The key that `credential`, the configuration or the environment's `variable` names. Empty when
// there is none and `variable` is empty: a service that users run themselves.
base::Result<std::string> ReadKey(const EmbeddingTarget& target, const std::string& variable);
// The address of a hosted service: the configuration's, or `own`. A client may name another in
// `url` or `endpoint` only where the configuration lists it: it would be sent the server's key.
base::Result<std::string> ReadUrl(const EmbeddingTarget& target, const std::string& own);
// The address of a service that users run themselves.
base::Result<std::string> ReadEndpoint(const EmbeddingTarget& target);
// `max_client_batch_size`.
base::Result<size_t> ReadBatchMax(const EmbeddingTarget& target, size_t own);
// `timeout_ms` of one request.
base::Result<int64_t> ReadTimeout(const EmbeddingTarget& target);
// For models that give floats and nothing else.
base::Status CheckGivesFloats(const EmbeddingTarget& target);

// True for an address without a path: the provider's own is appended.
bool IsBareHost(std::string_view url);
// Without slashes at the end.
std::string WithoutEndSlash(std::string url);

}  // namespace elanus::function
