#include "coord/query_coord.h"

#include "base/log.h"

#include <algorithm>

namespace elanus::coord {

using base::CallContext;
using base::Code;
using base::Result;
using base::Status;
using roles::Empty;
using roles::LoadState;
using roles::LoadStatus;

namespace {

std::string WishKey(base::CollectionId id) {
    return "load/" + std::to_string(id);
}

}  // namespace

Status QueryCoordImpl::Open() {
    ASSIGN_OR_RETURN(const auto wishes, store_.LoadAll<Wish>("load/"));
    base::MutexLock lock(mutex_);
    for (const Wish& wish : wishes) {
        wishes_[wish.collection_id] = wish;
    }
    return Status();
}

Status QueryCoordImpl::Recover(const CallContext& context) {
    std::map<base::CollectionId, Wish> wishes;
    {
        base::MutexLock lock(mutex_);
        wishes = wishes_;
    }
    for (const auto& [id, wish] : wishes) {
        const auto collection = partners_.root_coord->DescribeCollection(context, {"", "", id});
        if (!collection.ok()) {
            RETURN_IF_ERROR(RemoveWish(id));
            continue;
        }
        RETURN_IF_ERROR(Serve(context, wish, *collection));
    }
    return Status();
}

bool QueryCoordImpl::ServesEveryWish(const CallContext& context) {
    const auto loaded = ListLoaded(context, {});
    return loaded.ok() && std::all_of(loaded->ids.begin(), loaded->ids.end(), [&](auto id) {
               const auto status = GetLoadStatus(context, {id});
               return status.ok() && status->state == LoadState::kLoaded;
           });
}

Status QueryCoordImpl::SaveWish(const Wish& wish) {
    catalog::Txn txn;
    txn.Set(WishKey(wish.collection_id), base::Encode(wish));
    RETURN_IF_ERROR(store_.Commit(std::move(txn)));
    base::MutexLock lock(mutex_);
    wishes_[wish.collection_id] = wish;
    return Status();
}

Status QueryCoordImpl::RemoveWish(base::CollectionId id) {
    catalog::Txn txn;
    txn.Remove(WishKey(id));
    RETURN_IF_ERROR(store_.Commit(std::move(txn)));
    base::MutexLock lock(mutex_);
    wishes_.erase(id);
    return Status();
}

Status QueryCoordImpl::CheckIndexed(const CallContext& context,
                                    const roles::LoadRequest& request) const {
    ASSIGN_OR_RETURN(const roles::IndexList indexes,
                     partners_.data_coord->ListIndexes(context, {request.collection.id}));
    std::string missing;
    for (const schema::FieldSchema& field : request.collection.schema.fields) {
        const bool wanted = request.load_fields.empty() ||
                            std::find(request.load_fields.begin(), request.load_fields.end(),
                                      field.name) != request.load_fields.end();
        const bool indexed =
            std::any_of(indexes.indexes.begin(), indexes.indexes.end(),
                        [&](const auto& entry) { return entry.index.field_id == field.id; });
        if (schema::IsVector(field.type) && wanted && !indexed) {
            missing += (missing.empty() ? "" : " ") + field.name;
        }
    }
    if (missing.empty()) {
        return Status();
    }
    return Status::WithFields(Code::kIndexNotFound,
                              {{"collection", request.collection.schema.name}})
        .Annotate("there is no vector index on field: [" + missing +
                  "], please create index firstly");
}

Status QueryCoordImpl::Serve(const CallContext& context, const Wish& wish,
                             const roles::CollectionInfo& collection) {
    roles::ServeRequest serve;
    serve.collection = collection;
    if (!wish.whole_collection) {
        serve.partitions = wish.partitions;
    }
    serve.load_fields = wish.load_fields;
    serve.query_nodes = partners_.query_nodes;
    return partners_.streaming_node->Serve(context, serve).status();
}

Status QueryCoordImpl::Refresh(const CallContext& context, const roles::LoadRequest& request) {
    Wish wish;
    {
        base::MutexLock lock(mutex_);
        const auto existing = wishes_.find(request.collection.id);
        if (existing == wishes_.end()) {
            return Status::WithFields(Code::kCollectionNotLoaded,
                                      {{"collection", request.collection.schema.name}});
        }
        wish = existing->second;
    }
    const auto is_loaded = [&](base::PartitionId id) {
        return wish.whole_collection || std::find(wish.partitions.begin(), wish.partitions.end(),
                                                  id) != wish.partitions.end();
    };
    for (const base::PartitionId id : request.partitions) {
        if (!is_loaded(id)) {
            return Status::WithFields(Code::kPartitionNotLoaded,
                                      {{"partition", std::to_string(id)}});
        }
    }
    return Serve(context, wish, request.collection);
}

Result<Empty> QueryCoordImpl::Load(const CallContext& context, const roles::LoadRequest& request) {
    base::MutexLock change(change_mutex_);
    if (request.refresh) {
        RETURN_IF_ERROR(Refresh(context, request));
        return Empty();
    }
    RETURN_IF_ERROR(CheckIndexed(context, request));
    if (request.replica_number > static_cast<int32_t>(partners_.query_nodes.size())) {
        return Status::Error(
            Code::kResourceInsufficient,
            "when load " + std::to_string(request.replica_number) + " replica count: only " +
                std::to_string(partners_.query_nodes.size()) + " query node(s) available");
    }
    Wish wish;
    {
        base::MutexLock lock(mutex_);
        const auto existing = wishes_.find(request.collection.id);
        if (existing != wishes_.end()) {
            wish = existing->second;
        }
    }
    if (wish.replica_id == 0) {
        ASSIGN_OR_RETURN(const auto id, partners_.root_coord->AllocIds(context, {1}));
        wish.replica_id = static_cast<int64_t>(id.first);
    }
    wish.collection_id = request.collection.id;
    wish.vchannels = request.collection.vchannels;
    wish.replica_number = std::max(request.replica_number, 1);
    wish.load_fields = request.load_fields;
    if (request.partitions.empty()) {
        wish.whole_collection = true;
        wish.partitions.clear();
    } else if (!wish.whole_collection) {
        for (base::PartitionId partition : request.partitions) {
            if (std::find(wish.partitions.begin(), wish.partitions.end(), partition) ==
                wish.partitions.end()) {
                wish.partitions.push_back(partition);
            }
        }
    }
    RETURN_IF_ERROR(SaveWish(wish));
    RETURN_IF_ERROR(Serve(context, wish, request.collection));
    // The collection may have been dropped while this call was on its way: then nobody will ever
    // release it.
    const auto still_there =
        partners_.root_coord->DescribeCollection(context, {"", "", request.collection.id});
    if (!still_there.ok()) {
        RETURN_IF_ERROR(RemoveWish(request.collection.id));
        return still_there.status();
    }
    return Empty{};
}

Result<Empty> QueryCoordImpl::Release(const CallContext& context,
                                      const roles::ReleaseRequest& request) {
    base::MutexLock change(change_mutex_);
    Wish wish;
    {
        base::MutexLock lock(mutex_);
        const auto existing = wishes_.find(request.collection.id);
        if (existing == wishes_.end()) {
            return Empty{};
        }
        wish = existing->second;
    }
    if (!request.partitions.empty()) {
        if (wish.whole_collection) {
            wish.whole_collection = false;
            for (const roles::PartitionInfo& partition : request.collection.partitions) {
                wish.partitions.push_back(partition.id);
            }
        }
        std::erase_if(wish.partitions, [&](base::PartitionId id) {
            return std::find(request.partitions.begin(), request.partitions.end(), id) !=
                   request.partitions.end();
        });
        if (!wish.partitions.empty()) {
            RETURN_IF_ERROR(SaveWish(wish));
            RETURN_IF_ERROR(Serve(context, wish, request.collection));
            return Empty{};
        }
    }
    RETURN_IF_ERROR(RemoveWish(request.collection.id));
    RETURN_IF_ERROR(
        partners_.streaming_node->Unserve(context, {request.collection.id, wish.vchannels})
            .status());
    return Empty{};
}

Result<LoadStatus> QueryCoordImpl::GetLoadStatus(const CallContext& context,
                                                 const roles::OfCollection& request) {
    LoadStatus status;
    Wish wish;
    {
        base::MutexLock lock(mutex_);
        const auto existing = wishes_.find(request.id);
        if (existing == wishes_.end()) {
            return status;
        }
        wish = existing->second;
    }
    ASSIGN_OR_RETURN(
        const roles::ServeProgress progress,
        partners_.streaming_node->GetServeProgress(context, {wish.collection_id, wish.vchannels}));
    const bool loaded = progress.segments_loaded >= progress.segments_total;
    status.state = loaded ? LoadState::kLoaded : LoadState::kLoading;
    status.whole_collection = wish.whole_collection;
    status.partitions = wish.partitions;
    status.load_fields = wish.load_fields;
    status.replica_number = wish.replica_number;
    status.progress =
        loaded ? 100
               : static_cast<int64_t>(100 * progress.segments_loaded / progress.segments_total);
    status.refresh_progress = status.progress;
    status.nodes = partners_.query_nodes;
    status.replica_id = wish.replica_id;
    return status;
}

Result<roles::LoadedCollections> QueryCoordImpl::ListLoaded(const CallContext&, const Empty&) {
    base::MutexLock lock(mutex_);
    roles::LoadedCollections loaded;
    for (const auto& [id, wish] : wishes_) {
        loaded.ids.push_back(id);
    }
    return loaded;
}

}  // namespace elanus::coord
