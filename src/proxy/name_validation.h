// Rules for names (API map 2.5), with Milvus' phrases.
#pragma once

#include "base/status.h"
#include "proxy/limits.h"

#include <string_view>

namespace elanus::proxy {

base::Status ValidateDatabaseName(std::string_view name, const Limits& limits);
base::Status ValidateCollectionName(std::string_view name, const Limits& limits);
base::Status ValidateAlias(std::string_view alias, const Limits& limits);
base::Status ValidatePartitionName(std::string_view name, const Limits& limits);
base::Status ValidateFieldName(std::string_view name, const Limits& limits);
base::Status ValidateIndexName(std::string_view name, const Limits& limits);

}  // namespace elanus::proxy
