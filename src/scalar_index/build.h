// BuildIndex: writes a scalar index file from a whole column of a sealed segment.
// Threads: pure; a build runs on the calling thread.
#pragma once

#include "base/status.h"
#include "codec/envelope.h"
#include "scalar_index/index.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

#include <functional>
#include <map>
#include <string>

namespace elanus::scalar_index {

struct BuildSpec {
    // As the user gave it, aliases included (Trie, marisa-trie, Asceneding). AUTOINDEX and HYBRID
    // choose from the data: Bool and few distinct values BITMAP, many STL_SORT, Geometry RTREE,
    // Timestamptz STL_SORT, arrays INVERTED or BITMAP, JSON with cast type JSON INVERTED.
    std::string index_type;
    schema::FieldSchema field;
    // json_path, json_cast_type, json_cast_function, min_gram, max_gram,
    // bitmap_cardinality_limit; checked by the proxy, and again here.
    std::map<std::string, std::string> params;
};

struct BuildInput {
    schema::ColumnView column;  // all rows of the segment
    uint64_t rows = 0;
    // Asked now and then; a failure ends the build with it. May be empty.
    std::function<base::Status()> interrupt;
};

struct BuildReport {
    Kind kind = Kind::kInverted;
    uint64_t rows = 0;
};

// kIndexNotSupported when the type or a parameter does not fit the column. Peak memory is
// proportional to the column's keys: 16 bytes a row for fixed widths; for the others the distinct
// terms, some 40 bytes for each of them, and 8 bytes an entry (a term of a row).
base::Result<BuildReport> BuildIndex(const BuildSpec& spec, const BuildInput& input,
                                     codec::Sink& sink);

}  // namespace elanus::scalar_index
