// CreateIndex parameters: merged from flat keys and the JSON `params`, checked by field type
// (API map 3).
#pragma once

#include "base/status.h"
#include "proxy/api.h"
#include "proxy/limits.h"
#include "roles/records.h"
#include "schema/collection_schema.h"

namespace elanus::proxy {

// The index as DataCoord gets it: type and metric set, name still as given (may be empty).
base::Result<roles::IndexInfo> ParseIndex(const roles::CollectionInfo& collection,
                                          const CreateIndexRequest& request, const Limits& limits);

// Keys that AlterIndex may set or remove: mmap.enabled, indexoffsetcache.enabled, warmup.
// `index_type` is that of the index, as far as it is known yet.
base::Status CheckAlterableIndexParams(const KeyValues& params,
                                       const std::vector<std::string>& delete_keys,
                                       std::string_view index_type = {});

}  // namespace elanus::proxy
