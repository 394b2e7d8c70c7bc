// What an ANN benchmark asks: vectors, queries, the exact answers, and a filter for each query.
// Threads: a value; made by one thread, read by any.
#pragma once

#include "base/bitmap.h"
#include "base/status.h"
#include "npy.h"
#include "vindex/metric.h"

#include <cstdint>
#include <string>
#include <vector>

namespace elanus::bench {

// Which rows pass, for a share R of all rows:
//   kRandom      each row with probability R, the same rows for every query
//   kCorrelated  the R * rows nearest to a row drawn from the query's ten nearest
//   kAnti        the R * rows farthest from the query
enum class FilterKind : uint8_t { kRandom, kCorrelated, kAnti };

struct AnnData {
    vindex::Metric metric = vindex::Metric::kL2;
    size_t k = 10;
    Matrix<float> base;                        // of length one for cosine
    Matrix<float> queries;                     // of length one for cosine
    std::vector<std::vector<uint32_t>> truth;  // of each query its k nearest passing rows
    // Empty: no filter; one: of all queries; otherwise one a query.
    std::vector<base::Bitmap> filters;

    base::BitmapView Filter(size_t query) const {
        return filters.empty() ? base::BitmapView()
                               : base::BitmapView(filters[filters.size() == 1 ? 0 : query]);
    }
};

base::Result<AnnData> ReadAnnData(const std::string& base, const std::string& queries,
                                  const std::string& truth, vindex::Metric metric, size_t k);
// Replaces the truth by that of the rows that pass.
void AddFilters(double ratio, FilterKind kind, AnnData* data);
// Share of the true neighbours that were found.
double RecallOf(const std::vector<uint32_t>& truth, const std::vector<uint32_t>& found);

}  // namespace elanus::bench
