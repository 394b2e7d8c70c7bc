// NpyFile: a matrix in NumPy's file format, mapped and read row by row.
//
// Read: versions 1 to 3, two dimensions, C order, little-endian f2, f4, i4, i8. Anything else is an
// error that says what was found. The file is not trusted: its size must be exactly what its header
// says. Threads: reading from any.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "sys/file_system.h"

#include <cstdint>
#include <span>
#include <string>

namespace elanus::loadgen {

enum class NpyType : uint8_t { kFloat16, kFloat32, kInt32, kInt64 };

class NpyFile {
  public:
    static base::Result<NpyFile> Open(sys::FileSystem& files, const std::string& path);

    NpyType type() const { return type_; }
    bool is_float() const { return type_ == NpyType::kFloat16 || type_ == NpyType::kFloat32; }
    size_t rows() const { return rows_; }
    size_t columns() const { return columns_; }

    // A float matrix: `out` has columns() places.
    void ReadFloats(size_t row, std::span<float> out) const;
    // An integer matrix.
    int64_t Integer(size_t row, size_t column) const;

  private:
    NpyType type_ = NpyType::kFloat32;
    size_t rows_ = 0;
    size_t columns_ = 0;
    base::Buffer values_;  // what follows the header
};

// IEEE half to single precision; every half has an exact single.
float HalfToFloat(uint16_t half);

}  // namespace elanus::loadgen
