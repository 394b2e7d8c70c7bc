// RootCoord: names and schemas (databases, collections, partitions, aliases), timestamps and ids.
//
// Every method may arrive more than once (a lost reply is asked again): creating what already
// exists identically and dropping what is gone succeed, except where the comment says otherwise.
#pragma once

#include "base/call_context.h"
#include "roles/records.h"

#include <string>
#include <vector>

namespace elanus::roles {

struct CreateDatabaseRequest {
    std::string name;
    KeyValues properties;
    std::string request_id;  // a repeat with the same id succeeds
    template <typename A>
    void Visit(A& a) {
        a(name, properties, request_id);
    }
};
struct DatabaseName {
    std::string name;
    template <typename A>
    void Visit(A& a) {
        a(name);
    }
};
struct AlterDatabaseRequest {
    std::string name;
    KeyValues properties;
    std::vector<std::string> delete_keys;
    template <typename A>
    void Visit(A& a) {
        a(name, properties, delete_keys);
    }
};
struct DatabaseList {
    std::vector<DatabaseInfo> databases;
    template <typename A>
    void Visit(A& a) {
        a(databases);
    }
};

struct CreateCollectionRequest {
    std::string database_name;
    schema::CollectionSchema schema;  // validated, field ids not yet assigned
    int32_t shards_num = 1;
    int64_t num_partitions = 0;  // partition-key collections: how many hash partitions
    ConsistencyLevel consistency_level = ConsistencyLevel::kBounded;
    KeyValues properties;
    template <typename A>
    void Visit(A& a) {
        a(database_name, schema, shards_num, num_partitions, consistency_level, properties);
    }
};
// A collection by name (aliases resolve) or, when the name is empty, by id.
struct CollectionRef {
    std::string database_name;
    std::string collection_name;
    base::CollectionId collection_id = 0;
    template <typename A>
    void Visit(A& a) {
        a(database_name, collection_name, collection_id);
    }
};
struct RenameCollectionRequest {
    std::string database_name;
    std::string old_name;
    std::string new_name;
    std::string new_database_name;  // empty = stay
    std::string request_id;         // a repeat with the same id succeeds
    template <typename A>
    void Visit(A& a) {
        a(database_name, old_name, new_name, new_database_name, request_id);
    }
};
struct AlterCollectionRequest {
    CollectionRef collection;
    KeyValues properties;
    std::vector<std::string> delete_keys;
    template <typename A>
    void Visit(A& a) {
        a(collection, properties, delete_keys);
    }
};
// A new schema for a collection, made by the caller from the one it knows.
struct AlterSchemaRequest {
    CollectionRef collection;
    base::SchemaVersion base_version = 0;  // of the schema it was made from
    schema::CollectionSchema schema;       // id 0: a new field
    KeyValues properties;                  // set with it
    std::string request_id;                // a repeat with the same id succeeds
    template <typename A>
    void Visit(A& a) {
        a(collection, base_version, schema, properties, request_id);
    }
};

struct TruncateRequest {
    CollectionRef collection;
    std::string request_id;  // a repeat with the same id removes nothing more
    template <typename A>
    void Visit(A& a) {
        a(collection, request_id);
    }
};

struct CollectionList {
    std::vector<CollectionInfo> collections;  // by creation time
    template <typename A>
    void Visit(A& a) {
        a(collections);
    }
};
struct PartitionRequest {
    CollectionRef collection;
    std::string partition_name;
    template <typename A>
    void Visit(A& a) {
        a(collection, partition_name);
    }
};
struct AliasRequest {
    std::string database_name;
    std::string alias;
    std::string collection_name;  // empty for drop and describe; empty in list = all
    template <typename A>
    void Visit(A& a) {
        a(database_name, alias, collection_name);
    }
};
struct AliasInfo {
    std::string database_name;
    std::string alias;
    std::string collection_name;
    template <typename A>
    void Visit(A& a) {
        a(database_name, alias, collection_name);
    }
};
struct AliasList {
    std::vector<AliasInfo> aliases;
    template <typename A>
    void Visit(A& a) {
        a(aliases);
    }
};
struct FileResourceInfo {
    int64_t id = 0;  // 0 in a request
    std::string name;
    std::string path;  // key in the object store
    template <typename A>
    void Visit(A& a) {
        a(id, name, path);
    }
};
struct FileResourceList {
    std::vector<FileResourceInfo> resources;  // by id
    template <typename A>
    void Visit(A& a) {
        a(resources);
    }
};
struct AllocRequest {
    uint32_t count = 1;
    template <typename A>
    void Visit(A& a) {
        a(count);
    }
};
struct AllocResponse {
    uint64_t first = 0;  // [first, first + count) belong to the caller
    template <typename A>
    void Visit(A& a) {
        a(first);
    }
};

class RootCoord {
  public:
    virtual ~RootCoord() = default;

    // 1100 "database already exist: x" for a second creator (another request_id).
    virtual base::Result<Empty> CreateDatabase(const base::CallContext&,
                                               const CreateDatabaseRequest&) = 0;
    // 1100 when it is `default` or not empty; a missing one succeeds.
    virtual base::Result<Empty> DropDatabase(const base::CallContext&, const DatabaseName&) = 0;
    virtual base::Result<Empty> AlterDatabase(const base::CallContext&,
                                              const AlterDatabaseRequest&) = 0;
    virtual base::Result<DatabaseInfo> DescribeDatabase(const base::CallContext&,
                                                        const DatabaseName&) = 0;
    virtual base::Result<DatabaseList> ListDatabases(const base::CallContext&, const Empty&) = 0;

    // An identical second create returns the existing collection; a different one is 1100 "create
    // duplicate collection with different parameters".
    virtual base::Result<CollectionInfo> CreateCollection(const base::CallContext&,
                                                          const CreateCollectionRequest&) = 0;
    virtual base::Result<Empty> DropCollection(const base::CallContext&, const CollectionRef&) = 0;
    virtual base::Result<Empty> RenameCollection(const base::CallContext&,
                                                 const RenameCollectionRequest&) = 0;
    virtual base::Result<Empty> AlterCollection(const base::CallContext&,
                                                const AlterCollectionRequest&) = 0;
    // 109 when the collection has another schema than `base_version` by now. When it returns, every
    // write and read knows the new one.
    virtual base::Result<Empty> AlterSchema(const base::CallContext&,
                                            const AlterSchemaRequest&) = 0;
    // All rows acknowledged before are gone when it returns.
    virtual base::Result<Empty> TruncateCollection(const base::CallContext&,
                                                   const TruncateRequest&) = 0;
    // 100 collection not found[database=..][collection=..]; only created collections are seen.
    virtual base::Result<CollectionInfo> DescribeCollection(const base::CallContext&,
                                                            const CollectionRef&) = 0;
    virtual base::Result<CollectionList> ListCollections(const base::CallContext&,
                                                         const DatabaseName&) = 0;

    virtual base::Result<Empty> CreatePartition(const base::CallContext&,
                                                const PartitionRequest&) = 0;
    virtual base::Result<Empty> DropPartition(const base::CallContext&,
                                              const PartitionRequest&) = 0;

    virtual base::Result<Empty> CreateAlias(const base::CallContext&, const AliasRequest&) = 0;
    virtual base::Result<Empty> AlterAlias(const base::CallContext&, const AliasRequest&) = 0;
    virtual base::Result<Empty> DropAlias(const base::CallContext&, const AliasRequest&) = 0;
    virtual base::Result<AliasInfo> DescribeAlias(const base::CallContext&,
                                                  const AliasRequest&) = 0;
    virtual base::Result<AliasList> ListAliases(const base::CallContext&, const AliasRequest&) = 0;

    // Copies the object at the path; 1100 when there is none, and for a name that has another path.
    virtual base::Result<Empty> AddFileResource(const base::CallContext&,
                                                const FileResourceInfo&) = 0;
    // By name. 1100 while the analyzer of a collection uses it.
    virtual base::Result<Empty> RemoveFileResource(const base::CallContext&,
                                                   const FileResourceInfo&) = 0;
    virtual base::Result<FileResourceList> ListFileResources(const base::CallContext&,
                                                             const Empty&) = 0;

    // Strictly increasing over all callers, restarts included. A repeat wastes numbers, no more.
    virtual base::Result<AllocResponse> AllocTimestamps(const base::CallContext&,
                                                        const AllocRequest&) = 0;
    virtual base::Result<AllocResponse> AllocIds(const base::CallContext&, const AllocRequest&) = 0;
};

// What RootCoord tells every proxy before a DDL call returns. Idempotent.
class MetaCacheListener {
  public:
    virtual ~MetaCacheListener() = default;
    // Forget the collection by id and by every name; collection 0 = the whole database.
    virtual base::Result<Empty> InvalidateCollection(const base::CallContext&,
                                                     const CollectionRef&) = 0;
};

}  // namespace elanus::roles
