// Which columns a read answers with: `*`, names, `$meta` and dynamic keys (API map 2.4, 5.12).
#pragma once

#include "base/status.h"
#include "proxy/api.h"
#include "schema/collection_schema.h"

#include <string>
#include <vector>

namespace elanus::proxy {

struct OutputSelection {
    std::vector<schema::FieldSchema> fields;  // to fetch, each once, in the order asked
    // What the answer lists: the fields and the dynamic keys.
    std::vector<std::string> output_fields;
    // Not empty: of the dynamic field only these keys are returned.
    std::vector<std::string> dynamic_keys;
    bool count = false;  // count(*)
};

enum class PrimaryKeyOutput { kWhenAsked, kAlways };

base::Result<OutputSelection> SelectOutput(const schema::CollectionSchema& schema,
                                           const std::vector<std::string>& names,
                                           PrimaryKeyOutput primary_key);

// The fetched columns as the client gets them, in the order of selection.fields.
base::Result<std::vector<OutputColumn>> MakeOutputColumns(const OutputSelection& selection,
                                                          const schema::ColumnBatch& batch);

}  // namespace elanus::proxy
