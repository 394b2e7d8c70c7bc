// QueryCoord: which collections and partitions are loaded, and on which nodes.
//
// Every method may arrive more than once; a repeat has no further effect.
#pragma once

#include "base/call_context.h"
#include "roles/data_coord.h"
#include "roles/records.h"

#include <vector>

namespace elanus::roles {

enum class LoadState : int32_t {  // numbers of milvus.proto.common.LoadState
    kNotExist = 0,
    kNotLoad = 1,
    kLoading = 2,
    kLoaded = 3,
};

struct LoadRequest {
    CollectionInfo collection;
    std::vector<base::PartitionId> partitions;  // empty = the whole collection, later ones too
    std::vector<std::string> load_fields;       // empty = all
    int32_t replica_number = 1;
    bool refresh = false;
    template <typename A>
    void Visit(A& a) {
        a(collection, partitions, load_fields, replica_number, refresh);
    }
};
struct ReleaseRequest {
    CollectionInfo collection;
    std::vector<base::PartitionId> partitions;  // empty = the whole collection
    template <typename A>
    void Visit(A& a) {
        a(collection, partitions);
    }
};
struct LoadStatus {
    LoadState state = LoadState::kNotLoad;
    bool whole_collection = false;
    std::vector<base::PartitionId> partitions;  // loaded or loading
    std::vector<std::string> load_fields;
    int32_t replica_number = 0;
    int64_t progress = 0;          // 0..100
    int64_t refresh_progress = 0;  // 0..100
    std::vector<base::NodeId> nodes;
    int64_t replica_id = 0;
    template <typename A>
    void Visit(A& a) {
        a(state, whole_collection, partitions, load_fields, replica_number, progress,
          refresh_progress, nodes, replica_id);
    }
};
struct LoadedCollections {
    std::vector<base::CollectionId> ids;
    template <typename A>
    void Visit(A& a) {
        a(ids);
    }
};

class QueryCoord {
  public:
    virtual ~QueryCoord() = default;

    // Returns once the wish is durable; GetLoadStatus tells when it has come true. Errors: 700 when
    // a vector field has no index, 12/400 for more replicas than nodes.
    virtual base::Result<Empty> Load(const base::CallContext&, const LoadRequest&) = 0;
    virtual base::Result<Empty> Release(const base::CallContext&, const ReleaseRequest&) = 0;
    virtual base::Result<LoadStatus> GetLoadStatus(const base::CallContext&,
                                                   const OfCollection&) = 0;
    virtual base::Result<LoadedCollections> ListLoaded(const base::CallContext&, const Empty&) = 0;
};

}  // namespace elanus::roles
