// FloatRows: rows of any number type read as floats, of length one for COSINE. What quantisers and
// clusterings are trained on and encode.
// Threads: a view over constant bytes.
#pragma once

#include "vindex/vectors.h"

#include <cstdint>
#include <span>
#include <vector>

namespace elanus::vindex {

// out = the `dim` numbers at `vector` (of any alignment).
void ReadFloats(VectorType type, const void* vector, uint32_t dim, float* out);

class FloatRows {
  public:
    // `data` holds `rows` vectors one after another and outlives the view.
    FloatRows(VectorType type, Metric metric, uint32_t dim, uint64_t rows, const void* data)
        : type_(type),
          unit_(metric == Metric::kCosine),
          dim_(dim),
          rows_(rows),
          data_(static_cast<const uint8_t*>(data)) {}

    uint32_t dim() const { return dim_; }
    uint64_t rows() const { return rows_; }
    void Read(uint64_t row, float* out) const;
    // Up to `count_max` different rows, picked evenly by the seed, in the order of their numbers.
    std::vector<float> Sample(size_t count_max, uint64_t seed) const;

  private:
    VectorType type_;
    bool unit_;
    uint32_t dim_;
    uint64_t rows_;
    const uint8_t* data_;
};

}  // namespace elanus::vindex
