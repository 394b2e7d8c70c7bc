// Where rows go: the shard by the hash of the primary key, the partition by name or by the hash of
// the partition key.
#pragma once

#include "base/status.h"
#include "roles/records.h"
#include "roles/streaming_node.h"
#include "schema/column.h"
#include "schema/primary_key.h"

#include <string_view>
#include <vector>

namespace elanus::proxy {

// 200 when there is no such partition; empty is the default one. 1100 for a name in a collection
// with a partition key.
base::Result<base::PartitionId> FindPartition(const roles::CollectionInfo& collection,
                                              std::string_view partition);
// The same for the partitions of a read; empty = all (no ids).
base::Result<std::vector<base::PartitionId>> FindPartitions(
    const roles::CollectionInfo& collection, const std::vector<std::string>& partitions);

size_t ShardOf(const schema::PrimaryKeys& keys, size_t row, size_t shards);

// One part for each vchannel and partition that gets rows, in input order inside a part. A batch
// that goes to one place is not copied. `keys` are the rows' primary keys.
base::Result<std::vector<roles::WritePart>> RouteRows(const roles::CollectionInfo& collection,
                                                      std::string_view partition,
                                                      schema::ColumnBatch batch,
                                                      const schema::PrimaryKeys& keys);

// One part for each vchannel that owns some of the keys.
std::vector<roles::WritePart> RouteDeletes(const roles::CollectionInfo& collection,
                                           base::PartitionId partition,
                                           const schema::PrimaryKeys& keys);

}  // namespace elanus::proxy
