// Distance kernels over float vectors: squared L2 and inner product, one pair, a block of rows, or
// rows picked by id. Chosen once per process for the processor at hand.
//
// Invariants:
//   INV-SIMD-1  Within one level a pair has one result, bit for bit, whichever kernel computes it,
//   so
//               that equal rows get equal scores and ties are broken by row id alone.
//   INV-SIMD-2  No kernel reads outside the `dim` values of a row; rows need no alignment beyond
//               that of float.
// Threads: any; the tables are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

struct DistanceKernels {
    float (*l2)(const float* a, const float* b, size_t dim);
    float (*ip)(const float* a, const float* b, size_t dim);
    // out[i] = distance of `query` to the i-th of `count` rows that lie one after another.
    void (*l2_rows)(const float* query, const float* rows, size_t count, size_t dim, float* out);
    void (*ip_rows)(const float* query, const float* rows, size_t count, size_t dim, float* out);
    // out[i] = distance of `query` to row ids[i] of `base`, whose rows lie one after another.
    void (*l2_ids)(const float* query, const float* base, const uint32_t* ids, size_t count,
                   size_t dim, float* out);
    void (*ip_ids)(const float* query, const float* base, const uint32_t* ids, size_t count,
                   size_t dim, float* out);
};

// The best kernels this processor runs.
const DistanceKernels& Distances();
// The kernels of one level; the scalar ones are the reference. Null when not Supported(level).
const DistanceKernels* DistancesAt(Level level);

inline float L2Squared(const float* a, const float* b, size_t dim) {
    return Distances().l2(a, b, dim);
}
inline float InnerProduct(const float* a, const float* b, size_t dim) {
    return Distances().ip(a, b, dim);
}
inline float SquaredNorm(const float* a, size_t dim) {
    return Distances().ip(a, a, dim);
}

// Euclidean length.
float Norm(const float* a, size_t dim);
// out = a / |a|; a zero vector stays zero. `out` may be `a`. Returns |a|.
float Normalize(const float* a, size_t dim, float* out);

}  // namespace elanus::simd
