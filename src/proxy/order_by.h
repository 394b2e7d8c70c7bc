// The text of `order_by_fields` (API map 5.9): "price:desc:nulls_last,meta["a"]:asc".
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "roles/read.h"
#include "schema/collection_schema.h"

#include <string>
#include <string_view>
#include <vector>

namespace elanus::proxy {

// One key as written. Nulls come last ascending and first descending unless the text says.
struct OrderKey {
    std::string name;
    bool descending = false;
    bool nulls_first = false;
};

base::Result<std::vector<OrderKey>> ReadOrderBy(std::string_view text);

// The keys as fields, paths into JSON fields and dynamic keys of the schema.
base::Result<std::vector<roles::SortField>> ResolveOrderBy(const schema::CollectionSchema& schema,
                                                           const std::vector<OrderKey>& keys);

}  // namespace elanus::proxy
