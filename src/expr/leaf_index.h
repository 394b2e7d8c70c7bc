// LeafBits: what an index of a column says of one leaf of a plan, for the rows that an evaluation
// looks at. Made before the evaluation by whoever owns the index; the evaluator asks for it instead
// of scanning, or scans only the candidates.
// Threads: a value.
#pragma once

#include "base/bitmap.h"

namespace elanus::expr {

struct LeafBits {
    // Null rows may have any bit: the evaluator takes them out by the column's validity.
    base::Bitmap rows;
    // True: a row is true exactly when its bit is set. False: a row without its bit is not true,
    // one with it is to be looked at.
    bool exact = false;
};

}  // namespace elanus::expr
