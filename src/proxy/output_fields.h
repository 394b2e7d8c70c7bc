// Which columns a read answers with: `*`, names, `struct[sub]`, `$meta`, dynamic keys and paths
// into JSON fields (API map 2.4, 5.12), and how values are shown: timestamps as text in a time zone
// or as their parts, geometries as well-known text.
#pragma once

#include "base/status.h"
#include "calendar/timestamp_text.h"
#include "function/function.h"
#include "json/json.h"
#include "proxy/api.h"
#include "roles/records.h"
#include "schema/collection_schema.h"

#include <string>
#include <vector>

namespace elanus::proxy {

// One column of the answer.
struct OutputItem {
    std::string name;
    size_t field = 0;                       // position in OutputSelection::fields
    std::vector<base::FieldId> sub_fields;  // struct arrays: these, in this order
    bool is_path = false;                   // the value at `path` of each document
    json::Path path;
};

struct OutputSelection {
    std::vector<schema::FieldSchema> fields;  // to fetch, each once, in the order asked
    std::vector<OutputItem> items;
    // What the answer lists: the fields and the dynamic keys.
    std::vector<std::string> output_fields;
    // Not empty: of the dynamic field only these keys are returned.
    std::vector<std::string> dynamic_keys;
    calendar::TimeZone zone;                  // timestamps are shown in it
    std::vector<calendar::Unit> time_fields;  // not empty: as these parts instead
    // Functions whose outputs are shown and may be younger than a row: their inputs are fetched as
    // well, so that MakeOutputColumns can make what a row lacks.
    std::vector<function::FunctionPtr> makers;

    // Fetches a field that is not shown.
    void AddHidden(const schema::FieldSchema& field);
};

enum class PrimaryKeyOutput { kWhenAsked, kAlways };

// `params` are the request's query or search parameters, of which `timezone` and `time_fields` are
// read.
base::Result<OutputSelection> SelectOutput(const roles::CollectionInfo& collection,
                                           const KeyValues& params,
                                           const std::vector<std::string>& names,
                                           PrimaryKeyOutput primary_key);

// One fetched column as the client gets it.
base::Result<OutputColumn> ShowColumn(const OutputSelection& selection, const OutputItem& item,
                                      const schema::Column& values);
// The fetched columns as the client gets them, in the order of selection.items.
base::Result<std::vector<OutputColumn>> MakeOutputColumns(const OutputSelection& selection,
                                                          const schema::ColumnBatch& batch);

}  // namespace elanus::proxy
