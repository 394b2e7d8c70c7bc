#include "proxy/function_chain.h"

#include "proxy/chain_steps.h"
#include "proxy/hit_columns.h"
#include "proxy/phrase.h"

#include <array>
#include <utility>

namespace elanus::proxy {

namespace {

constexpr int32_t kL2Rerank = 5;
constexpr std::array<std::string_view, 7> kStageNames = {"UNSPECIFIED", "INGESTION", "PRE_PROCESS",
                                                         "L0_RERANK",   "L1_RERANK", "L2_RERANK",
                                                         "POST_PROCESS"};

base::Status CheckStage(const FunctionChain& chain) {
    if (chain.stage == kL2Rerank) {
        return base::Status();
    }
    const bool known = chain.stage >= 0 && static_cast<size_t>(chain.stage) < kStageNames.size();
    return Invalid("function chain stage ",
                   known ? std::string(kStageNames[static_cast<size_t>(chain.stage)])
                         : std::to_string(chain.stage),
                   " is not supported for search, use L2_RERANK");
}

}  // namespace

FunctionChainPlan::FunctionChainPlan() = default;
FunctionChainPlan::FunctionChainPlan(FunctionChainPlan&& other) noexcept = default;
FunctionChainPlan& FunctionChainPlan::operator=(FunctionChainPlan&& other) noexcept = default;
FunctionChainPlan::~FunctionChainPlan() = default;

base::Result<FunctionChainPlan> FunctionChainPlan::Make(ProxyCore& core,
                                                        const roles::CollectionInfo& collection,
                                                        const std::vector<FunctionChain>& chains,
                                                        int64_t nq) {
    FunctionChainPlan plan;
    ChainStepReader reader(core, collection.schema, nq);
    for (const FunctionChain& chain : chains) {
        RETURN_IF_ERROR(CheckStage(chain));
        for (const ChainOperation& operation : chain.operations) {
            ASSIGN_OR_RETURN(std::unique_ptr<ChainStep> step, reader.Read(operation));
            plan.steps_.push_back(std::move(step));
        }
    }
    if (reader.needs_order()) {
        plan.steps_.push_back(
            MakeSortStep(std::string(kScoreColumn), true, std::string(kIdColumn)));
    }
    plan.fields_ = reader.fields();
    plan.rescores_ = reader.rescores();
    return plan;
}

base::Status FunctionChainPlan::LoadNumbers(const schema::ColumnBatch& columns,
                                            ChainRows* rows) const {
    for (const schema::FieldSchema& field : fields_) {
        if (!schema::IsNumeric(field.type)) {
            continue;
        }
        const schema::Column* column = columns.Find(field.id);
        if (column == nullptr) {
            return base::Internal("a function chain misses a field");
        }
        RETURN_IF_ERROR(rows->LoadColumn(field.name, column->View()));
    }
    return base::Status();
}

base::Result<HitPage> FunctionChainPlan::Run(ProxyCore& core, const base::CallContext& context,
                                             const roles::CollectionInfo& collection,
                                             PageWindow window, roles::SearchResponse* hits) const {
    ChainRows rows(*hits);
    if (rows.size() > 0) {
        ASSIGN_OR_RETURN(
            const schema::ColumnBatch columns,
            FetchHitColumns(core, context, collection, {hits->keys, hits->addresses}, fields_));
        RETURN_IF_ERROR(LoadNumbers(columns, &rows));
        for (const std::unique_ptr<ChainStep>& step : steps_) {
            RETURN_IF_ERROR(step->Run(context, columns, &rows));
        }
    }
    rows.Limit(window.offset, window.limit);
    HitPage page;
    page.hits = rows.Left();
    for (const std::vector<size_t>& query : rows.queries()) {
        page.counts.push_back(static_cast<int64_t>(query.size()));
    }
    const ChainColumn& scores = rows.Column(std::string(kScoreColumn));
    for (size_t hit = 0; rescores_ && hit < scores.size(); ++hit) {
        hits->scores[hit] = static_cast<float>(scores.values[hit]);
    }
    return page;
}

}  // namespace elanus::proxy
