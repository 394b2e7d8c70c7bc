// Kernels of scalar and product quantisation and of clustering.
//
//   rows of scalar codes   a float query against rows of 4, 6, 8 or 16 bits a value
//   nibble groups          32 rows of 4-bit product codes scored together ("fast-scan", Andre et
//                          al., VLDB 2015)
//   panels                 many rows against many centroids: all products, or the nearest
//
// Layouts:
//   kBits8           a byte a value
//   kBits4           a block of 32 values takes 16 bytes: byte i has value i low, i + 16 high
//   kBits6           a block of 32 values takes 24 bytes: the low four bits of each as kBits4, then
//                    8 bytes: byte i has the high two bits of values i, i + 8, i + 16 and i + 24
//   kHalf, kBHalf    float16, bfloat16
//   nibble group     for each code position 16 bytes: byte i has the code of row i low, i + 16 high
//   panel            32 centroids: value d of centroid j at [d * 32 + j]
// Invariants:
//   INV-QUANT-1  Within one level a pair has one result, bit for bit, alone or among others.
//   INV-QUANT-2  Levels agree to rounding; nibble sums are exact in all.
// Threads: any; the tables are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

enum class CodeKind : uint8_t { kBits4, kBits6, kBits8, kHalf, kBHalf };

inline constexpr size_t kCodeBlock = 32;

// Values of a query, and what belongs to them, are padded with zeros to this length.
constexpr size_t PaddedDim(size_t dim) {
    return (dim + kCodeBlock - 1) / kCodeBlock * kCodeBlock;
}
// Bytes of one row.
constexpr size_t CodeBytes(CodeKind kind, size_t dim) {
    switch (kind) {
        case CodeKind::kBits4:
            return PaddedDim(dim) / 2;
        case CodeKind::kBits6:
            return PaddedDim(dim) / 4 * 3;
        case CodeKind::kBits8:
            return dim;
        default:
            return 2 * dim;
    }
}

// x is the value a code holds: 0 .. 2^bits - 1, or the number itself.
// out[i] = sum over d of values[d] * x[d], or of (values[d] - steps[d] * x[d])^2; `steps` null is
// all ones. `ids` null means rows 0 .. count - 1. Rows lie CodeBytes() apart.
using CodeRows = void (*)(const float* values, const float* steps, const uint8_t* rows,
                          const uint32_t* ids, size_t count, size_t dim, float* out);
struct CodeRowKernels {
    CodeRows ip = nullptr;  // steps unused
    CodeRows l2 = nullptr;
};

inline constexpr size_t kNibbleRows = 32;
inline constexpr size_t kNibblePositionsMax = 1024;  // sums stay within 16 bits a lane
constexpr size_t NibbleGroupBytes(size_t positions) {
    return 16 * positions;
}

inline constexpr size_t kPanel = 32;
inline constexpr size_t kPanelRowsMax = 64;
constexpr size_t PanelCount(size_t centroids) {
    return (centroids + kPanel - 1) / kPanel;
}

struct QuantKernels {
    CodeRowKernels rows[5];  // by CodeKind
    // sums[i] = sum over positions of tables[16 * position + code of row i]. `positions` is a
    // multiple of 4 and at most kNibblePositionsMax.
    void (*nibble_sums)(const uint8_t* tables, const uint8_t* group, size_t positions,
                        uint32_t* sums);
    // out[r * out_stride + c] = bias[c] - sum of products of row r and centroid c. Rows lie
    // `row_stride` floats apart. Writes whole panels; count <= kPanelRowsMax.
    void (*products)(const float* rows, size_t row_stride, size_t count, size_t dim,
                     const float* panels, size_t panel_count, const float* bias, float* out,
                     size_t out_stride);
    // Minus the products of each part of a query and the centroids of its books: panels of book b
    // begin at books[b], its part at query + b / stages * dim, its products at
    // out + b * panel_count * kPanel.
    void (*part_products)(const float* query, size_t dim, size_t stages, const float* const* books,
                          size_t book_count, size_t panel_count, float* out);
    // Of `count` tables of `entries` numbers, a multiple of 16, `stride` apart: lows[t] = the
    // least; the result is the widest difference of a greatest and its least.
    float (*table_spans)(const float* tables, size_t stride, size_t count, size_t entries,
                         float* lows);
    // out[t * entries + i] = (table[i] - lows[t]) * inverse, rounded, from 0 to 255; 0 for what is
    // no number.
    void (*table_bytes)(const float* tables, size_t stride, size_t count, size_t entries,
                        const float* lows, float inverse, uint8_t* out);
    // ids[r], costs[r] = the centroid with the least of those, of equal ones the lowest.
    void (*nearest)(const float* rows, size_t row_stride, size_t count, size_t dim,
                    const float* panels, size_t panel_count, const float* bias, uint32_t* ids,
                    float* costs);

    const CodeRowKernels& Rows(CodeKind kind) const { return rows[static_cast<size_t>(kind)]; }
};

const QuantKernels& Quant();
// The kernels of one level, or of the best below it; the scalar ones are the reference. Null when
// not Supported(level).
const QuantKernels* QuantAt(Level level);

// Value d of a row.
uint32_t CodeValue(CodeKind kind, const uint8_t* row, size_t d);
// Sets the low `bits` of value d in a row whose bits are all clear.
void SetCodeValue(CodeKind kind, uint8_t* row, size_t d, uint32_t value);

}  // namespace elanus::simd
