// Rows of a REST insert or upsert, JSON text, as the columns that the proxy takes.
//
// Follows the collection's schema: every field is looked up in every row; what is left over goes to
// the dynamic field, where the collection has one. Values are checked for type and range; lengths,
// capacities and the rest are the proxy's to check. Failures are 1804 and name row and field.
// Memory: only the columns grow with the data; there is no tree of it.
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "proxy/api.h"
#include "roles/records.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace elanus::wire {

struct RestRows {
    std::vector<proxy::InputColumn> columns;
    uint64_t count = 0;
};

struct RestRowForm {
    bool insert = false;   // autoID keys must be absent
    bool partial = false;  // a field may be absent, if it is absent in all rows
};

// `data` is a list of objects or one object, inside text that RestBody::Parse accepted.
base::Result<RestRows> ReadRestRows(const roles::CollectionInfo& collection, std::string_view data,
                                    RestRowForm form);

// Keys for `get` and search by ids: one value or a list, numbers or strings. Failures are 1806.
base::Result<schema::PrimaryKeys> ReadRestKeys(const schema::FieldSchema& key_field,
                                               std::string_view ids);

// Query vectors for `field` (rest_vectors.h says how each type is written): of a vector field one
// an element, of an ArrayOfVector also lists of vectors. Strings in the place of float and sparse
// vectors are texts. Without a field they are float vectors.
base::Result<proxy::Placeholders> ReadRestVectors(std::string_view data,
                                                  const schema::FieldSchema* field = nullptr);

}  // namespace elanus::wire
