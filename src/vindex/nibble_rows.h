// Rows in 4 bits a dimension: a value is one of 16 even steps around zero, of the width that is
// best for normal values (Max, IRE Trans. 1960), which those of a rotated row are (rotation.h).
// With c the steps, r the row and w = |r|^2 / <c, r>, w <q, c> estimates <q, r> without bias
// (RaBitQ, arXiv 2409.09913).
// Threads: plain functions.
#pragma once

#include "simd/planes.h"

#include <cstddef>
#include <cstdint>

namespace elanus::vindex {

inline constexpr unsigned kNibbleBits = 4;

constexpr size_t NibbleRowBytes(size_t width) {
    return simd::PlaneBytes(kNibbleBits, width);
}

struct NibbleSums {
    float weight = 0;  // w; 0 for a row of zeros
    float square = 0;  // |r|^2
    float error = 0;   // |w c - r|^2
};

// Writes the code of `row`, of `width` values, to `code`.
NibbleSums EncodeNibbles(const float* row, size_t width, uint8_t* code);

// Lays out a query of 8-bit values as simd::Planes() compares it with such rows. `weights` has
// simd::WeightBytes(kNibbleBits, width). Returns what is to be taken from a sum that they give, so
// that it is the one over the steps around zero.
float LayNibbleQuery(const int8_t* values, size_t width, int8_t* weights);

}  // namespace elanus::vindex
