// Vectors: where rows and queries come from: a .npy file, or made here (the same for the same
// seed). Threads: reading from any.
#pragma once

#include "loadgen/npy_file.h"
#include "wire/client.h"

#include <cstdint>
#include <vector>

namespace elanus::loadgen {

class Vectors {
  public:
    static base::Result<Vectors> FromFile(const std::string& path);
    // Made vectors repeat after `kept_rows`: a client that makes each one anew measures itself.
    static Vectors Random(size_t dim, size_t kept_rows, uint64_t seed);

    // Rows of the file; 0 = without end.
    size_t rows() const { return file_rows_; }
    size_t made_rows() const { return made_.size() / dim_; }
    size_t dim() const { return dim_; }
    void Read(size_t row, std::span<float> out) const;
    // `count` rows from `first` on, one behind the other.
    std::vector<float> ReadMany(size_t first, size_t count) const;

  private:
    size_t dim_ = 0;
    size_t file_rows_ = 0;
    NpyFile file_;
    std::vector<float> made_;
};

// The vector columns of inserts of `batch_rows` rows each. Those of made vectors are encoded once
// and shared by all batches; those of a file are encoded when asked for.
class VectorBatches {
  public:
    VectorBatches(const Vectors& vectors, size_t batch_rows);
    wire::RequestBytes Column(size_t first_row, size_t count) const;

  private:
    const Vectors& vectors_;
    const size_t batch_rows_;
    std::vector<wire::RequestBytes> shared_;
};

}  // namespace elanus::loadgen
