// Exact search for many queries at once: blocks of rows that stay in cache meet blocks of queries
// (row_tiles.h). The answers of ScanRows() to each query alone, bit for bit.
#pragma once

#include "base/status.h"
#include "vindex/index.h"
#include "vindex/vectors.h"

#include <span>
#include <string_view>

namespace elanus::vindex {

// Appends the answer to queries[i] to out[i]. Every query has the size of a row; `type` is the
// view's.
base::Status ScanRowsOfMany(VectorType type, const VectorView& vectors,
                            std::span<const std::string_view> queries, const SearchParams& params,
                            Neighbors* out);

}  // namespace elanus::vindex
