// Query vectors: from placeholder bytes to a column of the searched field's type.
#pragma once

#include "base/status.h"
#include "proxy/api.h"
#include "schema/collection_schema.h"
#include "schema/column.h"
#include "schema/leaf_field.h"

namespace elanus::proxy {

// One row a query (API map 2.3). Float queries of a Float16 or BFloat16 field are converted; any
// other type than the field's is refused, and so are vectors of another size, numbers that are not
// finite, and sparse vectors that are none. A single aligned dense vector is not copied.
base::Result<schema::Column> ReadQueryVectors(const schema::FieldSchema& field,
                                              const Placeholders& placeholders);
// The same for a sub-field of a struct array. `by_list`: one list of vectors a query, as its index
// compares lists; otherwise one vector a query. What fits the other kind of index is refused.
base::Result<schema::Column> ReadStructQueries(const schema::LeafField& field, bool by_list,
                                               const Placeholders& placeholders);

}  // namespace elanus::proxy
