// What a partition key does to reads: a filter that pins the key reads only the partitions its
// values hash to, and in isolation mode a search must pin it to one value.
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "expr/plan.h"
#include "roles/records.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace elanus::proxy {

// The partitions `_default_0`, `_default_1` ... by number: the key with hash h is in h modulo their
// count.
std::vector<base::PartitionId> HashPartitions(const roles::CollectionInfo& collection);
uint64_t HashPartitionKey(int64_t key);
uint64_t HashPartitionKey(std::string_view key);

// The partitions to read: those asked for; without any, those that the filter (null = none) pins
// by the partition key; empty = all.
std::vector<base::PartitionId> PrunePartitions(const roles::CollectionInfo& collection,
                                               std::vector<base::PartitionId> asked,
                                               const expr::Plan* filter);

// 1100 when the collection has the property partitionkey.isolation and the filter does not say
// `key == value`, alone or as a term of its outermost conjunction.
base::Status CheckIsolation(const roles::CollectionInfo& collection, const expr::Plan* filter);

}  // namespace elanus::proxy
