// Merges the hits of several shards: best score first, equal scores by primary key, each key once.
// So pages are stable whatever shard answers first.
#pragma once

#include "roles/read.h"
#include "schema/primary_key.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace elanus::proxy {

// One hit of one shard's answer.
struct HitRef {
    uint32_t shard = 0;
    uint32_t position = 0;  // in that shard's flattened lists
};

// Hits [offset, offset + limit) of every query.
std::vector<std::vector<HitRef>> MergeHits(const std::vector<roles::SearchResponse>& shards,
                                           size_t nq, size_t offset, size_t limit,
                                           bool larger_is_better);

// -1, 0 or 1.
int CompareKeys(const schema::PrimaryKeys& a, size_t i, const schema::PrimaryKeys& b, size_t j);

}  // namespace elanus::proxy
