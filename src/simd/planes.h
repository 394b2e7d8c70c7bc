// Bit planes: codes of 1 to 9 bits a dimension against a query of 8 or 16 bits a dimension.
//
// A code of b bits is kept as planes, from its low bits up: of 8, 4, 2 and 1 bits, as few as make
// b. A plane of w bits is n * w / 8 bytes, of which byte i has the bits of dimensions i * 8 / w and
// following, the first one lowest. The query is laid out to fit: for a plane of single bits one
// array of weights in the order of dimensions; for others 8 / w arrays, of which array s has the
// weights of dimensions s, s + 8 / w, s + 16 / w ... in the order of bytes. A weight is 256 * high
// + low, each of them a signed byte; without high ones, low alone.
// Invariants:
//   INV-PLANES-1  Sums are exact, so all levels agree.
// Threads: any; the tables are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

inline constexpr size_t kPlanesMax = 3;
inline constexpr size_t kPlaneDimMax = 65536;  // sums of bytes stay within 32 bits

// The planes of codes of `bits` (1 to 9).
struct PlaneLayout {
    size_t count = 0;
    unsigned widths[kPlanesMax] = {};
    unsigned shifts[kPlanesMax] = {};  // of the plane's lowest bit in the code

    static constexpr PlaneLayout Of(unsigned bits) {
        PlaneLayout layout;
        unsigned shift = 0;
        for (const unsigned width : {8u, 4u, 2u, 1u}) {
            if (bits - shift >= width) {
                layout.widths[layout.count] = width;
                layout.shifts[layout.count] = shift;
                ++layout.count;
                shift += width;
            }
        }
        return layout;
    }
};

// `n` is a multiple of 64.
constexpr size_t PlaneBytes(unsigned width, size_t n) {
    return n * width / 8;
}
// Arrays of weights of a plane.
constexpr size_t WeightArrays(unsigned width) {
    return width == 1 ? 1 : 8 / width;
}
// Bytes of one of them: rounded up, so that whole registers may be read.
constexpr size_t WeightStride(unsigned width, size_t n) {
    return width == 1 ? n : (PlaneBytes(width, n) + 63) / 64 * 64;
}
// Bytes of all arrays of a plane, high or low ones.
constexpr size_t WeightBytes(unsigned width, size_t n) {
    return WeightArrays(width) * WeightStride(width, n);
}
// Where the weight of a dimension lies in them.
constexpr size_t WeightPlace(unsigned width, size_t n, size_t dim) {
    return width == 1 ? dim : dim % (8 / width) * WeightStride(width, n) + dim * width / 8;
}

struct PlaneKernels {
    // sums[i] = sum over dimensions of weight * (bits of row i in the plane). `rows` are planes
    // `stride` bytes apart, of which row i is number ids[i] (`ids` null: i). `high` may be null.
    void (*sums)(const uint8_t* rows, size_t stride, const uint32_t* ids, size_t count,
                 unsigned width, size_t n, const int8_t* high, const int8_t* low, float* sums);
};

const PlaneKernels& Planes();
// The kernels of one level, or of the best below it; the scalar ones are the reference. Null when
// not Supported(level).
const PlaneKernels* PlanesAt(Level level);

}  // namespace elanus::simd
