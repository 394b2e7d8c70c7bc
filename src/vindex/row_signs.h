// RowSigns: every row of a graph once more in 1 bit a dimension, in the order of rows, so that the
// rows that pass a filter are compared with a query for a twentieth of their bytes.
//
// A row is the signs of its rotated, centred, coded form (coded_rows.h) and three factors
// (simd/sign_rows.h). With r that row, s its signs and w = |r|^2 / |r|_1, w s estimates r (RaBitQ:
// Gao & Long, SIGMOD 2024, arXiv 2405.12497). What is missing, e = w s - r, stands at right angles
// to r; its product with a query that knows nothing of it is normal with deviation
// |q| |e| / sqrt(width - 1). So a cost comes with its own error, and a search compares more closely
// every row that could be among the k best within kSigmas deviations. It adapts to the data by
// itself: where signs tell rows apart little, more of them are compared.
//
// Costs are in the units of the caller's closer ones: |q - r|^2, for IP -2 <q, r>.
// Invariants:
//   INV-ROWSIGNS-1  A search that is worth it finds min(k, selected rows) rows or more,
//                   whatever the codes say.
// Threads: immutable.
#pragma once

#include "base/bitmap.h"
#include "base/buffer.h"
#include "base/status.h"
#include "simd/sign_rows.h"
#include "vindex/coded_rows.h"
#include "vindex/scratch.h"

#include <functional>
#include <span>
#include <vector>

namespace elanus::vindex {

class RowSigns {
  public:
    static constexpr float kSigmas = 2.5f;

    // Rows that are compared first, the best by estimate; their costs bound what else is compared.
    static constexpr size_t FirstRows(size_t k) { return 2 * k + 32; }
    static constexpr size_t RowBytes(size_t width) { return simd::SignRowBytes(width); }

    RowSigns() = default;
    // `bytes` holds a row of RowBytes(width) for each.
    RowSigns(base::Buffer bytes, size_t width) : bytes_(std::move(bytes)), width_(width) {}
    static RowSigns Make(const CodedRows& rows, bool ip, sys::Executor* executor);

    bool present() const { return !bytes_.empty(); }
    const base::Buffer& bytes() const { return bytes_; }

    struct Request {
        const int8_t* coded = nullptr;  // the rotated query is scale * coded
        float scale = 0;
        float norm = 0;    // squared length of the query; 0 for IP
        float length = 0;  // of the query
        size_t k = 0;
        base::BitmapView selected;  // of all rows; present
        uint32_t rows = 0;
        size_t matches = 0;  // bits of it that are set
        std::function<base::Status()> interrupt;
    };
    // costs[i] of row ids[i].
    using CloserCosts = std::function<void(std::span<const uint32_t> ids, float* costs)>;

    // Leaves in `found` keys of all rows that were compared closer, in no order. *worth is false,
    // and nothing is found, where signs tell the rows apart so little that comparing all of them at
    // once costs less.
    base::Status Nearest(const Request& request, const CloserCosts& closer, SearchScratch& scratch,
                         std::vector<uint64_t>* found, bool* worth) const;

  private:
    class Run;

    base::Buffer bytes_;
    size_t width_ = 0;
};

}  // namespace elanus::vindex
