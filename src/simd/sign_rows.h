// Kernels over rows in 1 bit a dimension that lie each for itself, for scans of some of the rows.
// (codes.h has them 32 together, for scans of all.)
//
// A row is n / 8 bytes of signs, bit d % 8 of byte d / 8 being dimension d, then three f32: first,
// second and error, padded with zeros to SignRowBytes(n). `n` is a multiple of 64, at most
// kCodeDimMax (codes.h). A query has 8 bits a dimension, so that what it adds to the error of the
// estimate does not show.
//
// Invariants:
//   INV-SIGNROWS-1  Sums of +-q are exact in every level; costs and bounds are floats and agree to
//                   rounding.
// Threads: any; the tables are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

struct SignRowFactors {
    float first;
    float second;
    float error;
};
constexpr size_t SignRowBytes(size_t n) {
    return (n / 8 + sizeof(SignRowFactors) + 31) / 32 * 32;
}

// A query of scale * values; its values are within +-127.
struct SignRowQuery {
    const int8_t* values = nullptr;
    size_t n = 0;
    float scale = 0;
    float own = 0;    // what the costs of all rows have in common
    float reach = 0;  // of a bound, in errors
};

struct SignRowKernels {
    // Of row ids[i]: costs[i] = own + first + second * scale * (sum of +-values by its signs), and
    // bounds[i] = costs[i] - reach * error.
    void (*costs)(const SignRowQuery& query, const uint8_t* rows, const uint32_t* ids, size_t count,
                  float* costs, float* bounds);
};

const SignRowKernels& SignRows();
// The kernels of one level, or of the best below it; the scalar ones are the reference. Null when
// not Supported(level).
const SignRowKernels* SignRowsAt(Level level);

}  // namespace elanus::simd
