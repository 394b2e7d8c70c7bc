// K-means clustering (Lloyd) and the layout in which rows are compared with centroids.
//
// Cost: iterations x rows x clusters x dim multiply-adds, at nearly what the processor does of them
// (simd/quant.h), on all threads of the executor; memory: the centroids twice, 8 bytes a row.
// Invariants:
//   INV-KMEANS-1  The result depends on (rows, options) alone, not on the number of threads.
//   INV-KMEANS-2  No centroid is left without a row while there are rows that are no centroids.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "sys/executor.h"
#include "vindex/build_progress.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace elanus::vindex {

// Rows of floats, `stride` floats apart; of each the first `dim` count. A view.
struct FloatMatrix {
    const float* data = nullptr;
    size_t rows = 0;
    size_t dim = 0;
    size_t stride = 0;

    FloatMatrix() = default;
    FloatMatrix(const float* data_in, size_t rows_in, size_t dim_in)
        : FloatMatrix(data_in, rows_in, dim_in, dim_in) {}
    FloatMatrix(const float* data_in, size_t rows_in, size_t dim_in, size_t stride_in)
        : data(data_in), rows(rows_in), dim(dim_in), stride(stride_in) {}

    const float* Row(size_t row) const { return data + row * stride; }
    FloatMatrix Rows(size_t begin, size_t count) const {
        return FloatMatrix(Row(begin), count, dim, stride);
    }
};

// Centroids in panels (simd/quant.h). The same arrays serve centroids just found and ones mapped
// from disk. The values of a row x and a centroid c are |c|^2 / 2 - <x, c>: of one row they are in
// the order of the distances; the squared distance is |x|^2 + 2 * value.
class Centroids {
  public:
    Centroids() = default;
    // `centroids` has `count` rows of `dim` values.
    Centroids(std::span<const float> centroids, size_t count, size_t dim);
    // As saved; kDataCorruption when the lengths are not those of (count, dim).
    static base::Result<Centroids> Open(base::Buffer panels, base::Buffer biases, size_t count,
                                        size_t dim);

    size_t count() const { return count_; }
    size_t dim() const { return dim_; }
    // Values of a row that Values() writes: count(), rounded up.
    size_t padded_count() const;
    const base::Buffer& panels() const { return panels_; }
    const base::Buffer& biases() const { return biases_; }  // |c|^2 / 2; infinity behind the last
    uint64_t bytes() const { return panels_.size() + biases_.size(); }

    // out = the centroid.
    void Read(size_t centroid, float* out) const;
    // out[r * padded_count() + c] = the value of row r and centroid c; of those behind the last,
    // infinity.
    void Values(const FloatMatrix& rows, float* out) const;
    // The same without |c|^2 / 2: the negated inner products (those behind the last are 0).
    void NegatedProducts(const FloatMatrix& rows, float* out) const;
    // ids[r], values[r] = the nearest centroid of row r, of equal ones the lowest, and its value.
    void Nearest(const FloatMatrix& rows, uint32_t* ids, float* values) const;
    // The same on the threads of `executor` (null: the caller).
    void Nearest(const FloatMatrix& rows, sys::Executor* executor, uint32_t* ids,
                 float* values) const;

  private:
    size_t count_ = 0;
    size_t dim_ = 0;
    base::Buffer panels_;
    base::Buffer biases_;
};

struct KMeansOptions {
    size_t clusters = 1;
    size_t iterations_max = 12;
    double improvement_min = 1e-3;  // it ends sooner when the error falls by a smaller part
    uint64_t seed = 1;
    sys::Executor* executor = nullptr;  // null: the calling thread
    std::function<base::Status()> interrupt;
    Progress progress;
};

// Rows that training looks at: more of them a cluster change its centroid little.
constexpr size_t TrainingRows(size_t clusters) {
    constexpr size_t kFew = 16384, kMany = 65536, kRowsPerCluster = 64;
    return std::max(std::clamp(clusters * kRowsPerCluster, kFew, kMany), clusters);
}

// min(clusters, rows) centroids, row after row. With fewer rows than clusters, the rows.
base::Result<std::vector<float>> TrainKMeans(const FloatMatrix& rows, const KMeansOptions& options);

}  // namespace elanus::vindex
