// Namespaces: tenants that share a collection, each seeing its own rows and keys only.
//
// How: a collection whose schema says enable_namespace has a hidden VarChar field $namespace_id.
// Writes fill it from the request, reads get `$namespace_id == name` in front of their filter,
// deletes by key carry it as their scope. So the same primary key may stand once in each namespace.
// The field is the partition key, so that rows lie in the one partition that their namespace hashes
// to; with namespace.mode=partition they lie in the partition of the namespace's name, made
// before (CreatePartition). Why the first is the default: docs/adr/0015-namespaces.md
// With namespace.sharding.enabled all rows of a namespace lie in one shard, by the hash of its
// name: a request sees the collection as if that shard were all of it (OnShardOfNamespace).
// Invariants:
//   INV-NAMESPACE-1  No read or delete of such a collection goes to a shard without the name that
//                    CheckNamespace has seen; but for the list of the names, which reads no more.
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "base/timestamp.h"
#include "proxy/limits.h"
#include "proxy/proxy_core.h"
#include "roles/records.h"
#include "roles/streaming_node.h"
#include "schema/collection_schema.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::proxy {

// Name of a request's namespace; absent = the request names none.
using NamespaceName = std::optional<std::string>;

// Adds the hidden field to the schema of a new collection. 1100 when it has a partition key of its
// own or a property asks for what is not built.
base::Status AddNamespaceField(const KeyValues& properties, const Limits& limits,
                               schema::CollectionSchema* schema);

// The hidden field of a collection that has namespaces.
const schema::FieldSchema& NamespaceField(const roles::CollectionInfo& collection);

// Whether the namespaces of a collection that has some are partitions of their names.
bool HasNamespacePartitions(const roles::CollectionInfo& collection);

// Whether a property of namespaces stays as it was when the collection was made.
bool IsFixedNamespaceProperty(std::string_view key);

// The namespaces that were made by name where they are no partitions, and when. They are kept among
// the collection's properties, under a key each, and clients do not see them.
std::string CreatedNamespaceProperty(std::string_view name);
std::map<std::string, base::Timestamp> CreatedNamespaces(const KeyValues& properties);

// With namespace.sharding.enabled: the collection as the shard alone that has the namespace's rows.
// Else the collection.
CollectionPtr OnShardOfNamespace(MetaCache& cache, const CollectionPtr& collection,
                                 const NamespaceName& name);

// 1100 when the request names a namespace and the collection has none or the other way round, or
// when the name breaks the rules of partition names.
base::Status CheckNamespace(const roles::CollectionInfo& collection, const NamespaceName& name,
                            const Limits& limits);

// `filter` (null = every row) within the namespace; the filter itself in a plain collection.
PlanPtr WithinNamespace(const roles::CollectionInfo& collection, const NamespaceName& name,
                        PlanPtr filter);

// Makes the deletes of the parts hit rows of the namespace only.
void LimitDeletes(const roles::CollectionInfo& collection, const NamespaceName& name,
                  std::vector<roles::WritePart>* parts);

// The one partition that holds the rows of a namespace; absent when there is none.
std::optional<base::PartitionId> PartitionOfNamespace(const roles::CollectionInfo& collection,
                                                      std::string_view name);

// With namespace.mode=partition: names the namespace's partition as that of a write. 1100 when the
// request names another one.
base::Status UseNamespacePartition(const roles::CollectionInfo& collection,
                                   const NamespaceName& name, std::string* partition);

// The hidden field with the name as its default: what the rows of a write hold.
schema::FieldSchema FilledNamespaceField(const schema::FieldSchema& field,
                                         const NamespaceName& name);

}  // namespace elanus::proxy
