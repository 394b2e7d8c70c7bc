// ShreddedPath: what a segment keeps of one place of its JSON documents as a column of its own, for
// the rows that an evaluation looks at. A scan of it answers without the documents; only rows whose
// value there is of another kind are looked up.
// Threads: a view.
#pragma once

#include "schema/column.h"

#include <cstdint>

namespace elanus::expr {

// A row in neither set has no value at the path. Bit i of word i / 64 is row i.
struct ShreddedPath {
    // Of type Bool, Int8 to Int64, Double or VarChar (unescaped); rows that are not in `typed` hold
    // zeros or nothing. Integers of a size below 2^53, where the path is one of doubles, stand in
    // a Double column too.
    schema::ColumnView values;
    const uint64_t* typed = nullptr;  // rows whose value is in `values`; null = all
    const uint64_t* other = nullptr;  // rows whose document has to be looked at; null = none
    bool exact_doubles = false;       // an Int column: no value is larger than 2^53
    bool has_integers = false;        // a Double column: some are integers in the documents
};

}  // namespace elanus::expr
