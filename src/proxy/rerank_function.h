// How a request wants its lists fused and its rows scored: the rank parameters of a hybrid search
// and the functions of a function_score (API map 5.6, 5.7), checked and typed.
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "proxy/api.h"
#include "proxy/proxy_core.h"
#include "proxy/rescorer.h"
#include "reduce/fusion.h"
#include "roles/read.h"
#include "roles/records.h"

#include <memory>
#include <string>

namespace elanus::proxy {

struct RerankPlan {
    reduce::FusionRule rule;
    std::unique_ptr<Rescorer> rescorer;  // null: the fused scores are the rows' scores
    std::string text;                    // for the profile: "rrf k=60"
};

// What a function score asks of one request.
struct RerankRequest {
    const roles::CollectionInfo& collection;
    size_t lists = 1;
    int64_t nq = 1;
};

bool IsBoost(const schema::FunctionSchema& function);
// The function that is no boost; null when all are boosts. 1100 when there are several, or for a
// function that is no reranker.
base::Result<const schema::FunctionSchema*> FindReranker(const FunctionScore& score);

// `strategy` and `params`; rrf when there is none.
base::Result<RerankPlan> PlanLegacyRank(const KeyValues& rank_params, size_t lists);
base::Result<RerankPlan> PlanReranker(ProxyCore& core, const RerankRequest& request,
                                      const schema::FunctionSchema& function);

// The boosts of a function score; none when it has none. `templates` and `params` are the
// request's, for the boosts' filters.
base::Result<roles::Boosts> PlanBoosts(ProxyCore& core, const base::CallContext& context,
                                       const roles::CollectionInfo& collection,
                                       const FunctionScore& score,
                                       const expr::TemplateValues& templates,
                                       const KeyValues& params);

}  // namespace elanus::proxy
