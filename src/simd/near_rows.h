// Kernels for finding the neighbours of many rows among each other: all distances between the rows
// of a block, and the choice of neighbours from them.
//
// Rows are 8-bit ones with factors (a row stands for scale * values); `n`, the dimensions, is a
// multiple of 64 and at most kCodeDimMax (simd/codes.h). The distance of a and b is
//   norm(a) + norm(b) - 2 scale(a) scale(b) <a, b> + (lift(a) - lift(b))^2.
// Distances are kept in 16 bits: the bits of the float from `base` on, without the last 12. These
// are in the order of the distances, to a part in 2,048, over a range of 2^32; 0 is anything less.
// Columns: one side of a product lies as the level wants it (Lay), in panels of kNearPanel rows;
// the other is read where it is.
// Invariants:
//   INV-NEAR-1  Within one level a pair has one distance, bit for bit, in every call and from
//               either side; levels agree to rounding.
// Threads: any; the tables are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

inline constexpr size_t kNearPanel = 64;
inline constexpr uint16_t kNoDistance = 0xffff;

constexpr size_t NearPadded(size_t rows) {
    return (rows + kNearPanel - 1) / kNearPanel * kNearPanel;
}

struct NearFactors {
    float scale = 0;
    float norm = 0;
    float lift = 0;
};

// Rows on one side: values[i] and what belongs to them.
struct NearRows {
    const int8_t* const* values = nullptr;
    const NearFactors* factors = nullptr;
    size_t count = 0;
};

// The other side; `panels` has NearPadded(count) * n bytes, aligned to 64, and the three arrays
// NearPadded(count) values.
struct NearColumns {
    uint8_t* panels = nullptr;
    float* scales = nullptr;
    float* norms = nullptr;
    float* lifts = nullptr;
};

// The bits below which a distance counts as nothing, when none is above `most`.
uint32_t NearBase(float most);

struct NearKernels {
    // Fills the columns with rows; what is left of the last panel is infinitely far.
    void (*lay)(const NearRows& rows, size_t n, const NearColumns& columns);
    // out[i * stride + j] = the distance of row i and column j < NearPadded(columns).
    void (*costs)(const NearRows& rows, size_t n, const NearColumns& columns, size_t column_count,
                  float* out, size_t stride);
    // All distances among rows that are the columns too, in 16 bits. `out` has NearPadded(count)
    // rows, `stride` (at least as many) apart; what is beyond the count may hold anything.
    void (*square)(const NearRows& rows, size_t n, const NearColumns& columns, uint32_t base,
                   uint16_t* out, size_t stride);
    // Chooses neighbours of `row` in a square of `count` rows, whose distances lie `stride` (a
    // multiple of 32, at least count) apart: the nearest first, of equal ones the first, each
    // unless the distance from one chosen before, plus `slack`, is below that from `row`. At most
    // `most` of them, and `copies` at distance 0. Returns how many; `room` has `stride` values.
    size_t (*choose)(const uint16_t* square, size_t stride, size_t count, uint32_t row,
                     uint16_t slack, size_t most, size_t copies, uint16_t* room, uint16_t* out);
};

const NearKernels& Near();
// The kernels of one level, or of the best below it; the scalar ones are the reference. Null when
// not Supported(level).
const NearKernels* NearAt(Level level);

}  // namespace elanus::simd
