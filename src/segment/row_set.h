// RowSet: rows of one segment, as a read narrows them down.
// Threads: a value.
#pragma once

#include "base/bitmap.h"

#include <cstddef>
#include <optional>

namespace elanus::segment {

// Without a bitmap the set holds all rows.
struct RowSet {
    size_t rows = 0;
    std::optional<base::Bitmap> bitmap;

    size_t Count() const { return bitmap.has_value() ? bitmap->Count() : rows; }
    bool None() const { return bitmap.has_value() ? bitmap->None() : rows == 0; }
};

}  // namespace elanus::segment
