// RerankProvider: one service that scores texts against a query, in its own dialect: where it is,
// what a request looks like and where the scores stand in its answer (API map 5.7).
//
// Dialects: vllm and tei run at an endpoint that the client names; cohere, voyageai, siliconflow
// and ali are hosted and want a model name and a key. Threads: a value, used by one request.
#pragma once

#include "base/status.h"
#include "function/failure.h"
#include "function/function_params.h"
#include "function/model_services.h"
#include "http/client.h"
#include "json/json.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::proxy {

using function::FunctionFailed;
using function::FunctionParams;
using function::ModelServices;

struct RerankDialect;

class RerankProvider {
  public:
    // By the parameters `provider`, `endpoint`, `model_name`, `credential` .. of the function. 1100
    // for what is missing or wrong.
    static base::Result<RerankProvider> Make(const FunctionParams& params,
                                             const ModelServices& services);

    std::string_view name() const;
    // What must not be shown. Empty when the service wants none.
    const std::string& key() const { return key_; }
    // Texts of one request at most.
    size_t batch_max() const { return batch_max_; }
    http::Request Compose(const std::string& query,
                          const std::vector<std::string_view>& texts) const;
    // The score of each of `count` texts. 2400 for an answer that is not the provider's form or
    // does not name each text once.
    base::Result<std::vector<float>> ReadScores(std::string_view body, size_t count) const;

  private:
    base::Status UseEndpoint(const FunctionParams& params, const ModelServices& services);
    base::Status UseKey(const FunctionParams& params, const ModelServices& services);
    base::Status UseOptions(const FunctionParams& params);

    const RerankDialect* dialect_ = nullptr;
    std::string url_;
    std::string key_;
    std::string model_;
    size_t batch_max_ = 1;
    int64_t timeout_ms_ = 0;
    json::Value options_;  // members beside the query and the texts
};

}  // namespace elanus::proxy
