// TextNumberPlaces: the places of JSON documents whose texts a filter compares as numbers where
// they are numbers: those with an index of json_cast_function STRING_TO_DOUBLE.
//
// The definition of the index decides, not whether a segment has the index: rows just written, rows
// on disk and rows in the index answer the same (docs/adr/0013-scalar-indexes.md).
// Threads: a pure function.
#pragma once

#include "expr/filter.h"
#include "roles/records.h"
#include "schema/collection_schema.h"

#include <vector>

namespace elanus::proxy {

std::vector<expr::JsonPlace> TextNumberPlaces(const schema::CollectionSchema& schema,
                                              const std::vector<roles::IndexInfo>& indexes);

}  // namespace elanus::proxy
