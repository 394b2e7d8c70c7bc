// RowTiles: the kernel results of many dense queries and a block of rows at once, and how many of
// both to give it so that they stay in the second-level cache. What exact scans for several
// queries share.
//
// A pair's result has the bits that KernelOf() gives it (INV-SIMD-1).
// Threads: a value.
#pragma once

#include "simd/distance_tiles.h"
#include "vindex/vectors.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace elanus::vindex {

// Bytes that begin on a cache line, where kernels are at their fastest.
class AlignedBytes {
  public:
    void Resize(size_t bytes) { lines_.resize((bytes + sizeof(Line) - 1) / sizeof(Line)); }
    uint8_t* data() { return reinterpret_cast<uint8_t*>(lines_.data()); }
    const uint8_t* data() const { return reinterpret_cast<const uint8_t*>(lines_.data()); }

  private:
    struct alignas(64) Line {
        uint8_t bytes[64];
    };
    std::vector<Line> lines_;
};

class RowTiles {
  public:
    // Requires IsDenseMetric(type, metric).
    RowTiles(VectorType type, Metric metric, uint32_t dim);

    // results[q * stride + i] of the q-th query and the i-th row; both lie one after another.
    void Of(const uint8_t* queries, size_t query_count, const uint8_t* rows, size_t row_count,
            size_t stride, float* results) const;

    // At most kRowsMax rows; whole tiles.
    size_t block_rows() const { return block_rows_; }
    size_t block_queries() const { return block_queries_; }
    static constexpr size_t kRowsMax = 1024;

  private:
    uint32_t dim_ = 0;
    size_t row_bytes_ = 0;
    size_t block_rows_ = 0;
    size_t block_queries_ = 0;
    simd::RowKernel kernel_;
    simd::TileFunction tile_ = nullptr;  // none for bits
};

}  // namespace elanus::vindex
