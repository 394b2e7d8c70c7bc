// ScalarQuantizer: every dimension of a vector by itself in 4, 6, 8 or 16 bits.
//
//   kSq4, kSq6, kSq8    low + step * code, with low and step of each dimension
//   kSq4Uniform         the same with one low and step for all: less to read, for vectors whose
//                       dimensions are alike (rotated or normalised ones)
//   kFp16, kBf16        half-precision numbers; nothing is trained
//
// The range of a dimension is that of its values, or with 4 and 6 bits a narrower one where cutting
// off a few values costs less than wider steps (least squared error over a sample).
// Bytes a row: dim * bits / 8, of 4 and 6 bits for dim rounded up to 32. Training: a sort of 4,096
// values a dimension. A row is scored at about the speed at which memory delivers it.
// Threads: a value, constant once made.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "simd/quant.h"
#include "vindex/kmeans.h"
#include "vindex/metric.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace elanus::vindex {

// Numbers are stored in index files.
enum class ScalarKind : uint32_t {
    kSq4 = 0,
    kSq4Uniform = 1,
    kSq6 = 2,
    kSq8 = 3,
    kFp16 = 4,
    kBf16 = 5,
};
inline constexpr uint32_t kScalarKinds = 6;

// "SQ4", "SQ4U", "SQ6", "SQ8", "FP16", "BF16", without regard to case.
std::optional<ScalarKind> ScalarKindFromName(std::string_view name);

class ScalarQuantizer {
  public:
    // A query made ready, in room that the caller owns.
    struct Query {
        const float* values = nullptr;
        const float* steps = nullptr;
        float scale = 1;  // cost = scale * sum + offset
        float offset = 0;
        bool bounded = false;  // a cosine: [-1, 1]
        simd::CodeRows kernel = nullptr;
    };

    ScalarQuantizer() = default;
    // `rows` (of length one for COSINE) are all rows or a sample.
    static ScalarQuantizer Train(ScalarKind kind, const FloatMatrix& rows);
    // `ranges` as ranges() gave them; kDataCorruption for a wrong length.
    static base::Result<ScalarQuantizer> Open(ScalarKind kind, uint32_t dim,
                                              const base::Buffer& ranges);

    ScalarKind kind() const { return kind_; }
    uint32_t dim() const { return dim_; }
    size_t code_bytes() const { return simd::CodeBytes(code_kind_, dim_); }
    // What was trained: `dim` lows, then `dim` steps; empty for half-precision numbers.
    base::Buffer ranges() const;

    // `code` has code_bytes(); values outside of the range go to its ends, NaN to the low one.
    void Encode(const float* row, uint8_t* code) const;
    void Decode(const uint8_t* code, float* row) const;

    size_t query_floats() const { return simd::PaddedDim(dim_); }
    // `query` has `dim` values, of length one for COSINE; `room` query_floats(), which belong to
    // the result. L2, IP and COSINE.
    Query Prepare(Metric metric, const float* query, float* room) const;
    // costs[i] of code ids[i] of those at `codes`, or of code i when `ids` is null: the squared
    // distance, or the negated product. Smaller is better.
    static void Costs(const Query& query, uint32_t dim, const uint8_t* codes, const uint32_t* ids,
                      size_t count, float* costs);

  private:
    ScalarQuantizer(ScalarKind kind, uint32_t dim);
    bool IsTrained() const { return kind_ != ScalarKind::kFp16 && kind_ != ScalarKind::kBf16; }
    uint32_t Levels() const;  // steps between the ends of a range
    void SetRange(size_t d, float low, float high);
    void TrainUniform(const FloatMatrix& rows);
    void TrainEach(const FloatMatrix& rows);

    ScalarKind kind_ = ScalarKind::kSq8;
    simd::CodeKind code_kind_ = simd::CodeKind::kBits8;
    uint32_t dim_ = 0;
    std::vector<float> lows_;   // padded
    std::vector<float> steps_;  // padded; a dimension that never changes has step 1
};

}  // namespace elanus::vindex
