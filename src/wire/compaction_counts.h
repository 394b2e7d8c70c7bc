// How many plans of a compaction are where: what gRPC and REST both tell.
// Threads: free functions.
#pragma once

#include "roles/compaction.h"

#include <cstdint>

namespace elanus::wire {

struct CompactionCounts {
    int64_t executing = 0;  // waiting ones too
    int64_t completed = 0;
    int64_t failed = 0;
};

inline CompactionCounts CountPlans(const roles::CompactionStatus& status) {
    using roles::PlanState;
    CompactionCounts counts;
    for (const roles::CompactionPlanInfo& plan : status.plans) {
        counts.completed += plan.state == PlanState::kCompleted ? 1 : 0;
        counts.failed += plan.state == PlanState::kFailed ? 1 : 0;
        counts.executing +=
            plan.state == PlanState::kWaiting || plan.state == PlanState::kExecuting ? 1 : 0;
    }
    return counts;
}

}  // namespace elanus::wire
