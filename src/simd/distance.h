// Distance kernels: squared L2 and inner product over vectors of float, float16, bfloat16 and int8;
// Hamming, Jaccard and the structure tests over bit vectors. Each for one pair, a block of rows, or
// rows picked by id. Chosen once per process for the processor at hand.
//
// Vectors are passed without their type: a table belongs to one element type, and whoever holds
// the rows picks it once, outside of every loop. Rows lie one after another without gaps.
//
// Invariants:
//   INV-SIMD-1  Within one level a pair has one result, bit for bit, whichever kernel computes it,
//               so that equal rows get equal scores and ties are broken by row id alone.
//   INV-SIMD-2  No kernel reads outside the `dim` values of a row; rows need no alignment beyond
//               that of their element type.
//   INV-SIMD-3  Results over int8 and bits are exact (before the one rounding to float), so all
//               levels agree in them.
// Threads: any; the tables are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

// float16 and bfloat16 are uint16_t bits (half.h).
enum class Element : uint8_t { kFloat, kFloat16, kBFloat16, kInt8 };

// `dim` counts elements; for bit vectors, bits (a multiple of 8).
using PairFunction = float (*)(const void* a, const void* b, size_t dim);
// out[i] = result of `query` and the i-th of `count` rows.
using RowsFunction = void (*)(const void* query, const void* rows, size_t count, size_t dim,
                              float* out);
// out[i] = result of `query` and row ids[i] of `base`.
using IdsFunction = void (*)(const void* query, const void* base, const uint32_t* ids, size_t count,
                             size_t dim, float* out);

// One measure in its three forms.
struct RowKernel {
    PairFunction pair = nullptr;
    RowsFunction rows = nullptr;
    IdsFunction ids = nullptr;
};

struct DistanceKernels {
    RowKernel l2;  // squared
    RowKernel ip;
};

// Distances: smaller is nearer. `query` is the first argument everywhere.
struct BinaryKernels {
    RowKernel hamming;
    RowKernel jaccard;         // 1 - |a & b| / |a | b|; 1 when both are empty
    RowKernel substructure;    // 0 when every bit of the query is in the row, 1 otherwise
    RowKernel superstructure;  // 0 when every bit of the row is in the query, 1 otherwise
};

// The best kernels this processor runs.
const DistanceKernels& Distances(Element element = Element::kFloat);
const BinaryKernels& BinaryDistances();
// The kernels of one level; the scalar ones are the reference. Null when not Supported(level).
const DistanceKernels* DistancesAt(Level level, Element element = Element::kFloat);
const BinaryKernels* BinaryDistancesAt(Level level);

inline float L2Squared(const float* a, const float* b, size_t dim) {
    return Distances().l2.pair(a, b, dim);
}
inline float InnerProduct(const float* a, const float* b, size_t dim) {
    return Distances().ip.pair(a, b, dim);
}
inline float SquaredNorm(const float* a, size_t dim) {
    return Distances().ip.pair(a, a, dim);
}

// The place of the least value, of equal ones the first. A value that is no number is never the
// least; 0 when none is.
size_t PlaceOfLeast(const float* values, size_t count);

// Euclidean length.
float Norm(Element element, const void* a, size_t dim);
inline float Norm(const float* a, size_t dim) {
    return Norm(Element::kFloat, a, dim);
}
// out = a / |a|; a zero vector stays zero. `out` may be `a`. Returns |a|.
float Normalize(const float* a, size_t dim, float* out);

}  // namespace elanus::simd
