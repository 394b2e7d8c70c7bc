// A run of rows of a column, as a view: nothing is copied.
// Threads: a pure function.
#pragma once

#include "base/check.h"
#include "schema/column.h"

namespace elanus::schema {

// Rows [begin, end) of `view`. `begin` is a multiple of 64, so that no word of validity is cut.
// Children stay whole: the offsets of the slice still point into them.
inline ColumnView SliceView(const ColumnView& view, size_t begin, size_t end) {
    CHECK(begin % 64 == 0, "a slice that cuts a validity word");
    ColumnView slice = view;
    slice.rows = end - begin;
    if (const size_t width = FixedWidth(view.type, view.dim); width > 0) {
        slice.values = view.values + begin * width;
    }
    if (view.offsets != nullptr) {
        slice.offsets = view.offsets + begin;
    }
    if (view.validity != nullptr) {
        slice.validity = view.validity + begin / 64;
    }
    return slice;
}

}  // namespace elanus::schema
