// QueryCoordImpl: which collections and partitions are loaded (roles/query_coord.h).
//
// The wish is one record per collection in the catalog; the channel's owner places and loads the
// segments and reports how far it is. After a restart every wish is served again.
// Threads: any. Changes run one at a time.
#pragma once

#include "base/mutex.h"
#include "coord/coord_store.h"
#include "roles/query_coord.h"
#include "roles/root_coord.h"
#include "roles/streaming_node.h"

#include <map>
#include <vector>

namespace elanus::coord {

struct QueryCoordPartners {
    roles::RootCoord* root_coord = nullptr;
    roles::DataCoord* data_coord = nullptr;
    roles::StreamingNode* streaming_node = nullptr;
    std::vector<base::NodeId> query_nodes;
};

class QueryCoordImpl : public roles::QueryCoord {
  public:
    explicit QueryCoordImpl(CoordStore& store) : store_(store) {}

    base::Status Open();
    void Connect(QueryCoordPartners partners) { partners_ = std::move(partners); }
    // Serves every wish again; the streaming node has recovered.
    base::Status Recover(const base::CallContext& context);
    // True when everything that was loaded before the start can be read again.
    bool ServesEveryWish(const base::CallContext& context);

    base::Result<roles::Empty> Load(const base::CallContext&, const roles::LoadRequest&) override;
    base::Result<roles::Empty> Release(const base::CallContext&,
                                       const roles::ReleaseRequest&) override;
    base::Result<roles::LoadStatus> GetLoadStatus(const base::CallContext&,
                                                  const roles::OfCollection&) override;
    base::Result<roles::LoadedCollections> ListLoaded(const base::CallContext&,
                                                      const roles::Empty&) override;

  private:
    struct Wish {
        base::CollectionId collection_id = 0;
        bool whole_collection = false;
        std::vector<base::PartitionId> partitions;
        std::vector<std::string> load_fields;
        int32_t replica_number = 1;
        int64_t replica_id = 0;
        std::vector<std::string> vchannels;
        template <typename A>
        void Visit(A& a) {
            a(collection_id, whole_collection, partitions, load_fields, replica_number, replica_id,
              vchannels);
        }
    };

    base::Status CheckIndexed(const base::CallContext& context,
                              const roles::LoadRequest& request) const;
    // What is loaded, once more; the wish stays as it is. Under change_mutex_.
    base::Status Refresh(const base::CallContext& context, const roles::LoadRequest& request);
    base::Status Serve(const base::CallContext& context, const Wish& wish,
                       const roles::CollectionInfo& collection);
    base::Status SaveWish(const Wish& wish);
    base::Status RemoveWish(base::CollectionId id);

    CoordStore& store_;
    QueryCoordPartners partners_;
    base::Mutex change_mutex_;
    mutable base::Mutex mutex_;
    std::map<base::CollectionId, Wish> wishes_ GUARDED_BY(mutex_);
};

}  // namespace elanus::coord
