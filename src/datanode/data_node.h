// DataNodeImpl: builds indexes of sealed segments and merges segments, file in, file out.
//
// An index covers every row of its segment, so that index rows are segment rows; rows whose vector
// is null keep a zero vector in it and are taken out by the filter of each search. Threads: any; a
// build uses the executor given and the caller's thread, and tells how far it is
// (running_builds.h).
#pragma once

#include "datanode/running_builds.h"
#include "object/object_store.h"
#include "roles/data_node.h"
#include "sys/clock.h"
#include "sys/executor.h"

namespace elanus::datanode {

// All of them outlive the node.
struct DataNodePartners {
    object::ObjectStore* objects = nullptr;
    sys::Clock* clock = nullptr;
    sys::Executor* executor = nullptr;
};

class DataNodeImpl : public roles::DataNode {
  public:
    explicit DataNodeImpl(DataNodePartners partners) : partners_(partners) {}

    base::Result<roles::BuildIndexResponse> BuildIndex(
        const base::CallContext& context, const roles::BuildIndexRequest& request) override;
    base::Result<roles::BuildShares> GetBuildShares(
        const base::CallContext& context, const roles::BuildSharesRequest& request) override;
    base::Result<roles::CompactSegmentsResponse> CompactSegments(
        const base::CallContext& context, const roles::CompactSegmentsRequest& request) override;

  private:
    const DataNodePartners partners_;
    RunningBuilds running_;
};

}  // namespace elanus::datanode
