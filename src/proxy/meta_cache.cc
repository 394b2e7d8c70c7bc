#include "proxy/meta_cache.h"

#include <iterator>

namespace elanus::proxy {

namespace {

std::string DatabaseOrDefault(std::string_view database) {
    return std::string(database.empty() ? roles::kDefaultDatabase : database);
}

}  // namespace

CollectionPtr MetaCache::Find(const Name& name, base::CollectionId id) {
    base::MutexLock lock(mutex_);
    if (!name.second.empty()) {
        const auto it = by_name_.find(name);
        return it == by_name_.end() ? nullptr : it->second;
    }
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? nullptr : it->second;
}

base::Result<CollectionPtr> MetaCache::Get(const base::CallContext& context,
                                           std::string_view database, std::string_view collection,
                                           base::CollectionId id) {
    CollectionPtr found = Find(Name(DatabaseOrDefault(database), collection), id);
    if (found != nullptr) {
        return found;
    }
    return Refresh(context, database, collection, id);
}

base::Result<CollectionPtr> MetaCache::Refresh(const base::CallContext& context,
                                               std::string_view database,
                                               std::string_view collection, base::CollectionId id) {
    roles::CollectionRef ref;
    ref.database_name = DatabaseOrDefault(database);
    ref.collection_name = collection;
    ref.collection_id = collection.empty() ? id : 0;
    uint64_t generation = 0;
    {
        base::MutexLock lock(mutex_);
        generation = generation_;
    }
    ASSIGN_OR_RETURN(roles::CollectionInfo info, root_coord_->DescribeCollection(context, ref));
    const auto shared = std::make_shared<const roles::CollectionInfo>(std::move(info));
    base::MutexLock lock(mutex_);
    if (generation == generation_) {
        std::erase_if(narrowed_,
                      [&](const auto& entry) { return entry.second.whole->id == shared->id; });
        by_id_[shared->id] = shared;
        if (!collection.empty()) {
            by_name_[Name(ref.database_name, ref.collection_name)] = shared;
        }
    }
    return shared;
}

CollectionPtr* MetaCache::FindShard(const CollectionPtr& collection, size_t shard) {
    if (!by_id_.contains(collection->id)) {
        return nullptr;
    }
    Narrowed& narrowed = narrowed_[collection.get()];
    if (narrowed.whole == nullptr) {
        narrowed = {collection, std::vector<CollectionPtr>(collection->vchannels.size())};
    }
    return &narrowed.shards[shard];
}

CollectionPtr MetaCache::OnShard(const CollectionPtr& collection, size_t shard) {
    {
        base::MutexLock lock(mutex_);
        const CollectionPtr* found = FindShard(collection, shard);
        if (found != nullptr && *found != nullptr) {
            return *found;
        }
    }
    auto narrowed = std::make_shared<roles::CollectionInfo>(*collection);
    narrowed->vchannels = {collection->vchannels[shard]};
    base::MutexLock lock(mutex_);
    if (CollectionPtr* place = FindShard(collection, shard); place != nullptr) {
        *place = narrowed;
    }
    return narrowed;
}

base::Result<IndexesPtr> MetaCache::GetIndexes(const base::CallContext& context,
                                               base::CollectionId id) {
    {
        base::MutexLock lock(mutex_);
        const auto it = indexes_.find(id);
        if (it != indexes_.end()) {
            return it->second;
        }
    }
    return RefreshIndexes(context, id);
}

base::Result<IndexesPtr> MetaCache::RefreshIndexes(const base::CallContext& context,
                                                   base::CollectionId id) {
    uint64_t generation = 0;
    {
        base::MutexLock lock(mutex_);
        generation = generation_;
    }
    ASSIGN_OR_RETURN(const roles::IndexList list,
                     data_coord_->ListIndexes(context, roles::OfCollection{id}));
    std::vector<roles::IndexInfo> indexes;
    for (const roles::IndexProgress& progress : list.indexes) {
        if (!progress.index.dropped) {
            indexes.push_back(progress.index);
        }
    }
    const auto shared = std::make_shared<const std::vector<roles::IndexInfo>>(std::move(indexes));
    base::MutexLock lock(mutex_);
    if (generation == generation_) {
        indexes_[id] = shared;
    }
    return shared;
}

void MetaCache::Invalidate(const roles::CollectionRef& ref) {
    base::MutexLock lock(mutex_);
    ++generation_;
    const bool whole_database = ref.collection_id == 0 && ref.collection_name.empty();
    const auto matches = [&ref, whole_database](const std::string& database, std::string_view name,
                                                const roles::CollectionInfo& info) {
        if (whole_database) {
            return ref.database_name.empty() || database == ref.database_name;
        }
        if (ref.collection_id != 0 && info.id == ref.collection_id) {
            return true;
        }
        return !ref.collection_name.empty() && database == DatabaseOrDefault(ref.database_name) &&
               (name == ref.collection_name || info.schema.name == ref.collection_name);
    };
    for (auto it = by_id_.begin(); it != by_id_.end();) {
        if (matches(it->second->database_name, it->second->schema.name, *it->second)) {
            indexes_.erase(it->first);
            it = by_id_.erase(it);
        } else {
            ++it;
        }
    }
    std::erase_if(by_name_, [&matches](const auto& entry) {
        return matches(entry.first.first, entry.first.second, *entry.second);
    });
    for (auto it = narrowed_.begin(); it != narrowed_.end();) {
        it = by_id_.contains(it->second.whole->id) ? std::next(it) : narrowed_.erase(it);
    }
    indexes_.erase(ref.collection_id);
}

void MetaCache::InvalidateIndexes(base::CollectionId id) {
    base::MutexLock lock(mutex_);
    ++generation_;
    indexes_.erase(id);
}

}  // namespace elanus::proxy
