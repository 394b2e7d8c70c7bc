// Reads NumPy's .npy files: two-dimensional, C order, float32, float16, int32 or uint8,
// little-endian.
// Threads: pure.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace elanus::bench {

template <typename T>
struct Matrix {
    size_t rows = 0;
    size_t columns = 0;
    std::vector<T> values;
    const T* Row(size_t row) const { return values.data() + row * columns; }
};

// float16 values are widened.
base::Result<Matrix<float>> ReadFloats(const std::string& path);
base::Result<Matrix<int32_t>> ReadInts(const std::string& path);
base::Result<Matrix<uint8_t>> ReadBytes(const std::string& path);

}  // namespace elanus::bench
