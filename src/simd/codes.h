// Kernels over quantised vectors: 8-bit rows, 1-bit codes of 32 vectors scored together, and the
// steps that make a query ready for them.
//
// 1-bit codes ("fast-scan", arXiv 1704.07355): four dimensions of a vector make a nibble. A group
// holds 32 vectors: for each four dimensions 16 bytes, of which byte i has the nibble of vector i
// low and that of vector i + 16 high. A query gives every nibble position a table of 16 bytes, the
// part of the sum that each nibble adds; a byte shuffle looks 16 of them up at once.
// `n` is everywhere the number of dimensions, a multiple of 64 and at most kCodeDimMax.
//
// Invariants:
//   INV-CODES-1  Dot(), Dots() and the sums of Scan() are exact in every level; costs and the
//                sums of Signs() are floats and agree to rounding, its bits where x is not
//                within that of 0.
// Threads: any; the tables are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

inline constexpr size_t kCodeDimMax = 4096;  // sums of a scan stay within 16 bits a lane
inline constexpr size_t kGroupVectors = 32;

// Bytes of a group: codes, then two factors a vector as f32, all the first ones first.
constexpr size_t GroupCodeBytes(size_t n) {
    return 4 * n;
}
constexpr size_t GroupBytes(size_t n) {
    return GroupCodeBytes(n) + 2 * kGroupVectors * sizeof(float);
}
// Bytes of a group with short factors: one u32 a vector, the first factor in its lower half and the
// second in the upper one, as bfloat16.
constexpr size_t ShortGroupBytes(size_t n) {
    return GroupCodeBytes(n) + kGroupVectors * sizeof(uint32_t);
}
// Sets the bit of dimension `dim` of vector `i` in the codes of a group.
inline void SetCodeBit(uint8_t* codes, size_t i, size_t dim) {
    codes[dim / 4 * 16 + i % 16] |= static_cast<uint8_t>(1u << (dim % 4 + i / 16 * 4));
}

// A query against 1-bit codes: sum of +-q[d] = step * (sum of table bytes) - offset.
struct SignQuery {
    const uint8_t* tables = nullptr;  // 4 n bytes
    size_t n = 0;
    float step = 0;
    float offset = 0;
};

// Of a vector x and another, y.
struct SignSums {
    float length = 0;   // sum of |x|
    float square = 0;   // sum of x * x
    float along = 0;    // sum of +-y by the signs of x
    float product = 0;  // sum of x * y
};

struct CodeKernels {
    // Sum of products.
    int32_t (*dot)(const int8_t* a, const int8_t* b, size_t n);
    // out[i] = sum of products of `a` and rows[i].
    void (*dots)(const int8_t* a, const int8_t* const* rows, size_t count, size_t n, int32_t* out);
    // v = scale * out, the largest |out| being 127; returns scale. NaN becomes any number.
    float (*encode)(const float* v, size_t n, int8_t* out);
    // Fills query->tables (4 n bytes at `tables`), step and offset for the n values of q.
    void (*tables)(const float* q, size_t n, uint8_t* tables, SignQuery* query);
    // Bit d of `bits` (n / 8 bytes): x[d] > 0, where x = scale * values - y.
    SignSums (*signs)(float scale, const int8_t* values, const float* y, size_t n, uint8_t* bits);
    // costs[i] = own + first[i] + second[i] * (sum of +-q by the signs of vector i), for the 32
    // vectors of a group. Bit i of the result: costs[i] < limit. Meanwhile `next_bytes` at `next`
    // are brought near.
    uint32_t (*scan)(const SignQuery& query, const uint8_t* group, float own, float limit,
                     const uint8_t* next, size_t next_bytes, float* costs);
    // The same for a group with short factors.
    uint32_t (*scan_short)(const SignQuery& query, const uint8_t* group, float own, float limit,
                           const uint8_t* next, size_t next_bytes, float* costs);
    // v *= signs, then the Walsh-Hadamard transform in place, not scaled. n is a power of two.
    void (*hadamard)(float* v, const float* signs, size_t n);
    // Takes from every value of v twice the mean of the n / part values that lie `part`, a multiple
    // of 64, apart from each other: the reflection that turns round the direction in which all
    // parts are equal.
    void (*reflect)(float* v, size_t n, size_t part);
};

const CodeKernels& Codes();
// The kernels of one level, or of the best below it; the scalar ones are the reference. Null when
// not Supported(level).
const CodeKernels* CodesAt(Level level);

}  // namespace elanus::simd
