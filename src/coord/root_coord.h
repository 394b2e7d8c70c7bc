// RootCoordImpl: databases, collections, partitions, aliases, timestamps and ids
// (roles/root_coord.h).
//
// Every change is: intent in the catalog, idempotent event on the channels, final state. Recover()
// drives whatever a crash left in between to its end. All names live in memory; the catalog is read
// once, at Open.
// Threads: any. DDL runs one at a time (ddl_mutex_); lookups take a shared snapshot and never wait
// for a DDL in progress.
#pragma once

#include "base/mutex.h"
#include "coord/coord_store.h"
#include "coord/file_resources.h"
#include "coord/number_allocator.h"
#include "coord/recent_calls.h"
#include "roles/data_coord.h"
#include "roles/query_coord.h"
#include "roles/root_coord.h"
#include "roles/streaming_node.h"
#include "sys/clock.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace elanus::coord {

struct RootCoordOptions {
    std::string pchannel = "elanus-dml_0";
    size_t max_databases = 64;
    size_t max_collections = 65536;
    size_t max_collections_in_database = 65536;
    size_t max_capacity = 65536;  // partitions times shards, of all collections
    size_t max_partitions = 1024;
};

// Set by main before the first call.
struct RootCoordPartners {
    roles::DataCoord* data_coord = nullptr;
    roles::QueryCoord* query_coord = nullptr;
    roles::StreamingNode* streaming_node = nullptr;
    std::vector<roles::MetaCacheListener*> proxies;
};

class RootCoordImpl : public roles::RootCoord {
  public:
    RootCoordImpl(CoordStore& store, object::ObjectStore& objects, sys::Clock& clock,
                  RootCoordOptions options);

    // Reads the catalog; after it timestamps, ids and lookups work.
    base::Status Open();
    void Connect(RootCoordPartners partners) { partners_ = std::move(partners); }
    // Every collection in any state, for the streaming node's recovery.
    std::vector<roles::CollectionInfo> AllCollections() const;
    // Finishes open DDL; the streaming node has recovered.
    base::Status Recover(const base::CallContext& context);
    // Nobody asks for numbers any more. Idempotent; a start without it works too.
    void Stop();

    base::Result<roles::Empty> CreateDatabase(const base::CallContext&,
                                              const roles::CreateDatabaseRequest&) override;
    base::Result<roles::Empty> DropDatabase(const base::CallContext&,
                                            const roles::DatabaseName&) override;
    base::Result<roles::Empty> AlterDatabase(const base::CallContext&,
                                             const roles::AlterDatabaseRequest&) override;
    base::Result<roles::DatabaseInfo> DescribeDatabase(const base::CallContext&,
                                                       const roles::DatabaseName&) override;
    base::Result<roles::DatabaseList> ListDatabases(const base::CallContext&,
                                                    const roles::Empty&) override;
    base::Result<roles::CollectionInfo> CreateCollection(
        const base::CallContext&, const roles::CreateCollectionRequest&) override;
    base::Result<roles::Empty> DropCollection(const base::CallContext&,
                                              const roles::CollectionRef&) override;
    base::Result<roles::Empty> RenameCollection(const base::CallContext&,
                                                const roles::RenameCollectionRequest&) override;
    base::Result<roles::Empty> AlterCollection(const base::CallContext&,
                                               const roles::AlterCollectionRequest&) override;
    base::Result<roles::Empty> AlterSchema(const base::CallContext&,
                                           const roles::AlterSchemaRequest&) override;
    base::Result<roles::Empty> TruncateCollection(const base::CallContext&,
                                                  const roles::TruncateRequest&) override;
    base::Result<roles::CollectionInfo> DescribeCollection(const base::CallContext&,
                                                           const roles::CollectionRef&) override;
    base::Result<roles::CollectionList> ListCollections(const base::CallContext&,
                                                        const roles::DatabaseName&) override;
    base::Result<roles::Empty> CreatePartition(const base::CallContext&,
                                               const roles::PartitionRequest&) override;
    base::Result<roles::Empty> DropPartition(const base::CallContext&,
                                             const roles::PartitionRequest&) override;
    base::Result<roles::Empty> CreateAlias(const base::CallContext&,
                                           const roles::AliasRequest&) override;
    base::Result<roles::Empty> AlterAlias(const base::CallContext&,
                                          const roles::AliasRequest&) override;
    base::Result<roles::Empty> DropAlias(const base::CallContext&,
                                         const roles::AliasRequest&) override;
    base::Result<roles::AliasInfo> DescribeAlias(const base::CallContext&,
                                                 const roles::AliasRequest&) override;
    base::Result<roles::AliasList> ListAliases(const base::CallContext&,
                                               const roles::AliasRequest&) override;
    base::Result<roles::Empty> AddFileResource(const base::CallContext&,
                                               const roles::FileResourceInfo&) override;
    base::Result<roles::Empty> RemoveFileResource(const base::CallContext&,
                                                  const roles::FileResourceInfo&) override;
    base::Result<roles::FileResourceList> ListFileResources(const base::CallContext&,
                                                            const roles::Empty&) override;
    base::Result<roles::AllocResponse> AllocTimestamps(const base::CallContext&,
                                                       const roles::AllocRequest&) override;
    base::Result<roles::AllocResponse> AllocIds(const base::CallContext&,
                                                const roles::AllocRequest&) override;

  private:
    using CollectionPtr = std::shared_ptr<const roles::CollectionInfo>;
    using QualifiedName = std::pair<base::DatabaseId, std::string>;

    struct AliasRecord {
        base::DatabaseId database_id = 0;
        std::string alias;
        base::CollectionId collection_id = 0;
        template <typename A>
        void Visit(A& a) {
            a(database_id, alias, collection_id);
        }
    };

    // Lookups (root_coord.cc).
    base::Result<roles::DatabaseInfo> FindDatabase(const std::string& name) const;
    CollectionPtr FindByName(base::DatabaseId database_id, const std::string& name) const;
    base::Result<CollectionPtr> Resolve(const roles::CollectionRef& ref) const;
    roles::CollectionInfo WithAliases(const roles::CollectionInfo& collection) const;
    std::vector<std::string> AliasesOf(base::CollectionId id) const;
    // The target of an alias; 0 when there is no such alias.
    base::CollectionId AliasTarget(base::DatabaseId database_id, const std::string& alias) const;

    // Changes: the catalog first, then memory.
    base::Status SaveDatabase(const roles::DatabaseInfo& database);
    base::Status StoreCollection(const roles::CollectionInfo& collection);  // catalog only
    base::Status SaveCollection(const roles::CollectionInfo& collection);
    base::Status SaveAlias(const AliasRecord& alias);
    void Publish(const roles::CollectionInfo& collection);

    // Steps of DDL, each repeatable (collections.cc).
    base::Result<roles::CollectionInfo> NewCollection(const roles::CreateCollectionRequest& request,
                                                      const roles::DatabaseInfo& database);
    base::Status CheckSameDefinition(const roles::CollectionInfo& existing,
                                     const roles::CreateCollectionRequest& request) const;
    // 250 when that many more partitions times shards are too many.
    base::Status CheckCapacity(size_t more) const;
    base::Status FinishCreate(const base::CallContext& context, roles::CollectionInfo collection);
    base::Status FinishDrop(const base::CallContext& context,
                            const roles::CollectionInfo& collection);
    base::Status ChangeSchema(const base::CallContext& context, roles::CollectionInfo changed);
    base::Status FinishAlter(const base::CallContext& context, roles::CollectionInfo collection);
    base::Status FinishDropPartition(const base::CallContext& context,
                                     roles::CollectionInfo collection, base::PartitionId partition);
    base::Status CheckNotLoaded(const base::CallContext& context,
                                const roles::CollectionInfo& collection,
                                const roles::PartitionInfo& partition);
    base::Status Invalidate(const base::CallContext& context,
                            const roles::CollectionInfo& collection);
    base::Result<base::Timestamp> NewTimestamp();

    CoordStore& store_;
    const RootCoordOptions options_;
    RootCoordPartners partners_;
    NumberAllocator timestamps_;
    NumberAllocator ids_;
    RecentCalls recent_calls_;
    FileResources resources_;

    base::Mutex ddl_mutex_;
    mutable base::Mutex mutex_;
    std::map<base::DatabaseId, roles::DatabaseInfo> databases_ GUARDED_BY(mutex_);
    std::map<base::CollectionId, CollectionPtr> collections_ GUARDED_BY(mutex_);
    std::map<QualifiedName, base::CollectionId> collection_names_ GUARDED_BY(mutex_);
    std::map<QualifiedName, base::CollectionId> aliases_ GUARDED_BY(mutex_);
};

}  // namespace elanus::coord
