// Compactions on request, their state and their plans.

#include "wire/compaction_counts.h"
#include "wire/milvus_service.h"

namespace elanus::wire {
namespace {

using roles::CompactionKind;
using roles::PlanState;

CompactionKind KindOf(const pb::milvus::ManualCompactionRequest& request) {
    return request.majorcompaction()    ? CompactionKind::kClustering
           : request.l0compaction()     ? CompactionKind::kLevelZero
           : request.target_size() != 0 ? CompactionKind::kForceMerge
                                        : CompactionKind::kMix;
}

pb::common::CompactionType TypeOf(CompactionKind kind) {
    switch (kind) {
        case CompactionKind::kLevelZero:
            return pb::common::CompactionTypeLevel0Delete;
        case CompactionKind::kClustering:
            return pb::common::CompactionTypeClustering;
        case CompactionKind::kMix:
        case CompactionKind::kForceMerge:
            return pb::common::CompactionTypeMix;
    }
    return pb::common::CompactionTypeUndefined;
}

pb::common::CompactionTaskState StateOf(PlanState state) {
    switch (state) {
        case PlanState::kWaiting:
            return pb::common::CompactionTaskStatePipelining;
        case PlanState::kExecuting:
            return pb::common::CompactionTaskStateExecuting;
        case PlanState::kCompleted:
            return pb::common::CompactionTaskStateCompleted;
        case PlanState::kFailed:
            return pb::common::CompactionTaskStateFailed;
    }
    return pb::common::CompactionTaskStateUnknown;
}

// Milvus' answer to a compaction that is not known (any more) is that it is complete.
pb::common::CompactionState StateOf(const roles::CompactionStatus& status) {
    return status.executing ? pb::common::Executing : pb::common::Completed;
}

void FillPlan(const roles::CompactionPlanInfo& plan, pb::milvus::CompactionMergeInfo* info) {
    for (const base::SegmentId source : plan.sources) {
        info->add_sources(source);
    }
    info->set_target(plan.targets.empty() ? -1 : plan.targets[0]);
    for (const base::SegmentId target : plan.targets) {
        info->add_targets(target);
    }
    info->set_plan_id(plan.id);
    info->set_trigger_id(plan.compaction_id);
    info->set_collection_id(plan.collection_id);
    info->set_partition_id(plan.partition_id);
    info->set_channel(plan.vchannel);
    info->set_type(TypeOf(plan.kind));
    info->set_state(StateOf(plan.state));
    info->set_failure_reason(plan.fail_reason);
}

}  // namespace

void MilvusService::RegisterCompactions(RpcHandlers& handlers) {
    handlers.Set<rpc::ManualCompaction>([this](rpc::ManualCompaction::Call& call) {
        const pb::milvus::ManualCompactionRequest& asked = call.request();
        proxy::CompactRequest request;
        request.database = DatabaseOf(call, asked.db_name());
        request.collection = asked.collection_name();
        request.collection_id = asked.collectionid();
        request.kind = KindOf(asked);
        request.partition_id = asked.partition_id();
        request.vchannel = asked.channel();
        request.segment_ids.assign(asked.segment_ids().begin(), asked.segment_ids().end());
        request.target_mib = asked.target_size();
        const auto compaction = proxy_.Compact(call.context(), request);
        call.response().set_compactionid(compaction.ok() ? compaction->compaction_id : -1);
        call.response().set_compactionplancount(compaction.ok() ? compaction->plans : 0);
        FinishWith(call, compaction.status());
    });
    handlers.Set<rpc::GetCompactionState>([this](rpc::GetCompactionState::Call& call) {
        const auto status = proxy_.GetCompaction(call.context(), call.request().compactionid());
        if (status.ok()) {
            const CompactionCounts counts = CountPlans(*status);
            call.response().set_state(StateOf(*status));
            call.response().set_executingplanno(counts.executing);
            call.response().set_completedplanno(counts.completed);
            call.response().set_failedplanno(counts.failed);
        }
        FinishWith(call, status.status());
    });
    handlers.Set<rpc::GetCompactionStateWithPlans>(
        [this](rpc::GetCompactionStateWithPlans::Call& call) {
            const pb::milvus::GetCompactionPlansRequest& asked = call.request();
            const auto status =
                asked.collection_name().empty()
                    ? proxy_.GetCompaction(call.context(), asked.compactionid())
                    : proxy_.GetCompactionsOf(call.context(), DatabaseOf(call, asked.db_name()),
                                              asked.collection_name());
            if (status.ok()) {
                call.response().set_state(StateOf(*status));
                for (const roles::CompactionPlanInfo& plan : status->plans) {
                    FillPlan(plan, call.response().add_mergeinfos());
                }
            }
            FinishWith(call, status.status());
        });
}

}  // namespace elanus::wire
