// CodedRows: float vectors rotated, centred and in 8 bits a dimension; what a graph is built over.
//
// A coded row stands for scale * values. Distances between rows are squared Euclidean ones in a
// space in which nearest means best for every metric: the vectors themselves for L2, vectors of
// length one for COSINE, and for IP one coordinate more (`lift`) that gives all rows one length, so
// that the largest inner product with a query is the nearest row (Bachrach et al., RecSys 2014).
// Threads: immutable once made.
#pragma once

#include "base/status.h"
#include "simd/near_rows.h"
#include "sys/executor.h"
#include "vindex/build_progress.h"
#include "vindex/rotation.h"
#include "vindex/vectors.h"

#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace elanus::vindex {

class CodedRows {
  public:
    // `rows` are float rows as stored (of length one for COSINE).
    static base::Result<CodedRows> Make(const VectorView& rows, uint64_t seed,
                                        sys::Executor* executor,
                                        const std::function<base::Status()>& interrupt,
                                        const Progress& progress = {});

    uint32_t rows() const { return rows_; }
    size_t width() const { return rotation_.width(); }
    const std::vector<float>& centre() const { return centre_; }
    const Rotation& rotation() const { return rotation_; }

    const int8_t* Values(uint32_t row) const { return values_.get() + row * width(); }
    float Scale(uint32_t row) const { return factors_[row].scale; }
    // Squared length of the coded row, without the lift.
    float Norm(uint32_t row) const { return factors_[row].norm; }
    simd::NearFactors Near(uint32_t row) const {
        return {factors_[row].scale, factors_[row].norm, factors_[row].lift};
    }
    // costs[i] = the distance of `a` and rows[i]; exactly zero for equal rows, and the same from
    // either side.
    void Costs(uint32_t a, std::span<const uint32_t> rows, float* costs) const;
    void Prefetch(uint32_t row) const;

  private:
    struct Factors {
        float scale;
        float norm;
        float lift;  // 0 but for IP
        float zero;
    };

    CodedRows() = default;
    void FindCentre(const VectorView& rows);
    void Encode(const VectorView& rows, uint32_t row, float* room);
    void FindLifts();

    uint32_t rows_ = 0;
    Rotation rotation_;
    std::vector<float> centre_;  // dim values; not rotated
    std::shared_ptr<int8_t> values_;
    std::vector<Factors> factors_;  // together: one cache line that is waited for, not three
};

// out = the rotation of v - centre (`centre` may be null); `out` has rotation.width() values.
void RotateInto(const Rotation& rotation, const float* v, const float* centre, uint32_t dim,
                float* out);

}  // namespace elanus::vindex
