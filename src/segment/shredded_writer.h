// WriteShredded: finds the frequent paths of a JSON column and writes their values as columns of
// the segment file (shredded_json.h).
//
// A path is taken when a quarter of a sample of the documents hold it with one kind (Bool, numbers,
// strings of at most 256 bytes) and at most one in sixteen with another; at most 32 paths, the most
// frequent first. Numbers are kept as integers while fewer than one in sixteen is a double. Keys
// down to the fourth level count; elements of arrays do not. Columns of fewer than 16 rows stay as
// they are.
// Threads: one call.
#pragma once

#include "codec/envelope.h"
#include "segment/segment_file.h"

namespace elanus::segment {

// Visits the column twice. `rows`: how many it has.
void WriteShredded(const ColumnPieces& column, uint64_t rows, codec::EnvelopeWriter* envelope);

}  // namespace elanus::segment
