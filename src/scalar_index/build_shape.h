// BuildShape: what an index of the given type and parameters over the given column is made of, or
// why there is none (API map 3.5).
// Threads: pure functions.
#pragma once

#include "scalar_index/build.h"
#include "scalar_index/grams.h"
#include "scalar_index/layout.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace elanus::scalar_index {

struct BuildShape {
    // Absent: chosen by the number of distinct keys, see KindFor().
    std::optional<Kind> kind;
    Subject subject = Subject::kColumn;
    KeyType key_type = KeyType::kNone;
    std::vector<std::string> path;  // JSON only
    bool text_numbers = false;      // texts that are numbers are keys too (expr/text_number.h)
    GramSizes grams;                // NGRAM only
    bool bitmap_fits = false;       // kind absent: BITMAP is allowed
    bool sort_fits = false;         // kind absent: STL_SORT is
    uint64_t bitmap_keys_max = 100;
};

base::Result<BuildShape> ShapeOf(const BuildSpec& spec);
// The kind of an index that turned out to have so many distinct keys.
Kind KindFor(const BuildShape& shape, uint64_t keys);

}  // namespace elanus::scalar_index
