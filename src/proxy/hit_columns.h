// Columns of rows that a search has found: the second half of every search, over the shards.
// Threads: free functions.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "proxy/proxy_core.h"
#include "roles/read.h"
#include "schema/collection_schema.h"
#include "schema/column.h"
#include "schema/primary_key.h"

#include <vector>

namespace elanus::proxy {

// Rows by key and address, several times the same one if asked so.
struct RowPlaces {
    schema::PrimaryKeys keys;  // which tell the shard
    std::vector<roles::RowAddress> addresses;

    size_t size() const { return addresses.size(); }
    void Append(const schema::PrimaryKey& key, const roles::RowAddress& address) {
        keys.Append(key);
        addresses.push_back(address);
    }
};

// The fields of the rows, in their order; no columns when there are no rows or no fields. 1100 when
// they are larger than an answer may be.
base::Result<schema::ColumnBatch> FetchHitColumns(ProxyCore& core, const base::CallContext& context,
                                                  const roles::CollectionInfo& collection,
                                                  RowPlaces rows,
                                                  const std::vector<schema::FieldSchema>& fields);

}  // namespace elanus::proxy
