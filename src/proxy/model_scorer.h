// ModelScorer: asks a reranking service how well texts answer a query, in batches of the service's
// size, again after failures that pass. Threads: any.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "function/function_params.h"
#include "proxy/proxy_core.h"
#include "proxy/rerank_provider.h"

#include <string>
#include <string_view>
#include <vector>

namespace elanus::proxy {

class ModelScorer {
  public:
    // 1100 for what RerankProvider refuses, and where the server calls no services.
    static base::Result<ModelScorer> Make(ProxyCore& core, const FunctionParams& params);

    // One score a text. 2400 when the service fails.
    base::Result<std::vector<float>> Score(const base::CallContext& context,
                                           const std::string& query,
                                           const std::vector<std::string_view>& texts) const;

  private:
    ModelScorer(ProxyCore& core, RerankProvider provider)
        : core_(&core), provider_(std::move(provider)) {}
    base::Result<std::vector<float>> ScoreBatch(const base::CallContext& context,
                                                const std::string& query,
                                                const std::vector<std::string_view>& texts) const;

    ProxyCore* core_;
    RerankProvider provider_;
};

}  // namespace elanus::proxy
