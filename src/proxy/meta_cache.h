// MetaCache: what the proxy knows about collections and their indexes, so that no request pays for
// a call to a coordinator.
//
// Entries have no age: they hold until InvalidateCollection, which RootCoord sends before a DDL
// call returns, or until a request finds one wrong (Refresh). Invariant:
//   INV-METACACHE-1  An answer that was asked for before an invalidation is never stored after it:
//                    every invalidation starts a new generation, and only answers of the running
//                    one are kept.
//   INV-METACACHE-2  What is kept beside a collection goes when the collection goes.
// Threads: any. Entries are immutable and shared.
#pragma once

#include "base/call_context.h"
#include "base/mutex.h"
#include "base/status.h"
#include "roles/data_coord.h"
#include "roles/root_coord.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace elanus::proxy {

using CollectionPtr = std::shared_ptr<const roles::CollectionInfo>;
using IndexesPtr = std::shared_ptr<const std::vector<roles::IndexInfo>>;

class MetaCache {
  public:
    MetaCache(roles::RootCoord* root_coord, roles::DataCoord* data_coord)
        : root_coord_(root_coord), data_coord_(data_coord) {}

    // By name, or by id when the name is empty. Aliases resolve.
    base::Result<CollectionPtr> Get(const base::CallContext& context, std::string_view database,
                                    std::string_view collection, base::CollectionId id = 0);
    // Asks RootCoord again.
    base::Result<CollectionPtr> Refresh(const base::CallContext& context, std::string_view database,
                                        std::string_view collection, base::CollectionId id = 0);
    // The indexes of the collection that are not dropped.
    base::Result<IndexesPtr> GetIndexes(const base::CallContext& context, base::CollectionId id);
    base::Result<IndexesPtr> RefreshIndexes(const base::CallContext& context,
                                            base::CollectionId id);

    // The collection as the shard alone of that number. A copy is made once a shard: descriptions
    // may be large.
    CollectionPtr OnShard(const CollectionPtr& collection, size_t shard);

    // Forgets the collection under every name; without id and name the whole database, without a
    // database everything.
    void Invalidate(const roles::CollectionRef& ref);
    void InvalidateIndexes(base::CollectionId id);

  private:
    using Name = std::pair<std::string, std::string>;  // database, collection or alias

    // The copies of one description; under another name the same collection has another one.
    struct Narrowed {
        CollectionPtr whole;
        std::vector<CollectionPtr> shards;  // null until asked for
    };

    CollectionPtr Find(const Name& name, base::CollectionId id);
    // The place of the copy; null when the cache does not know the collection (any more).
    CollectionPtr* FindShard(const CollectionPtr& collection, size_t shard) REQUIRES(mutex_);

    roles::RootCoord* const root_coord_;
    roles::DataCoord* const data_coord_;
    base::Mutex mutex_;
    uint64_t generation_ GUARDED_BY(mutex_) = 0;
    std::map<Name, CollectionPtr> by_name_ GUARDED_BY(mutex_);
    std::unordered_map<base::CollectionId, CollectionPtr> by_id_ GUARDED_BY(mutex_);
    std::unordered_map<base::CollectionId, IndexesPtr> indexes_ GUARDED_BY(mutex_);
    std::map<const roles::CollectionInfo*, Narrowed> narrowed_ GUARDED_BY(mutex_);
};

}  // namespace elanus::proxy
