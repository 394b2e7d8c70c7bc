// Function chains (API map 5.7): what a search does with its hits once it has them, and a hybrid
// search with its rows once they are fused.
//
//   map    writes a column: `$score`, or one under a name of its own. Expressions: num_combine (or
//          score_combine), decay, round_decimal, rerank_model
//   sort   by a column, nulls last
//   limit  keeps a part of each query's hits
//
// Columns are `$score`, `$id` (only to sort by), fields of numbers, for rerank_model one of texts,
// and what a map before has written. The chains of the stage L2_RERANK run one after the other over
// the limit + offset best hits of each query, in a hybrid search over every row of any list; the
// page is cut from what they leave. When `$score` was written and not sorted by anything since, the
// hits are sorted by it, the largest first, equal ones by primary key. Hits whose score is null are
// shown with 0. Threads: one.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "proxy/function_chain_spec.h"
#include "proxy/hit_page.h"
#include "proxy/proxy_core.h"
#include "roles/read.h"
#include "roles/records.h"

#include <memory>
#include <vector>

namespace elanus::proxy {

class ChainRows;
class ChainStep;

class FunctionChainPlan {
  public:
    // 1100 for chains that say what cannot be.
    static base::Result<FunctionChainPlan> Make(ProxyCore& core,
                                                const roles::CollectionInfo& collection,
                                                const std::vector<FunctionChain>& chains,
                                                int64_t nq);
    FunctionChainPlan(FunctionChainPlan&& other) noexcept;
    FunctionChainPlan& operator=(FunctionChainPlan&& other) noexcept;
    ~FunctionChainPlan();

    // The window of the hits that are left, whose scores are changed to the new ones.
    base::Result<HitPage> Run(ProxyCore& core, const base::CallContext& context,
                              const roles::CollectionInfo& collection, PageWindow window,
                              roles::SearchResponse* hits) const;

  private:
    FunctionChainPlan();
    base::Status LoadNumbers(const schema::ColumnBatch& columns, ChainRows* rows) const;

    std::vector<schema::FieldSchema> fields_;  // read by steps, each once
    std::vector<std::unique_ptr<ChainStep>> steps_;
    bool rescores_ = false;
};

}  // namespace elanus::proxy
