// Scans of columns with offsets: strings by equality and prefix, and arrays by what is known of
// their elements.
//
// A string is first told by its length, which the offsets give, and its first eight bytes, read at
// once; only what passes both is compared in full. Rows are taken 64 at a time without branches.
// offsets: rows + 1 of them, never falling; bytes are read in [offsets[0], offsets[rows]) only.
// Words: as in compare.h.
// Threads: any.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace elanus::simd {

struct OffsetKernels {
    // Bit i: the bytes of row i are `text`.
    void (*equal)(std::string_view text, const uint8_t* bytes, const uint32_t* offsets, size_t rows,
                  uint64_t* words);
    // Bit i: the bytes of row i start with `text`.
    void (*starts_with)(std::string_view text, const uint8_t* bytes, const uint32_t* offsets,
                        size_t rows, uint64_t* words);
    // Bit i: one of the elements of row i has its bit in `elements`, where element e has bit
    // e - offsets[0]. ElementWords() words are read; those past the last element do not matter.
    void (*any_in_run)(const uint64_t* elements, const uint32_t* offsets, size_t rows,
                       uint64_t* words);
};

// Words that any_in_run may read for so many elements.
constexpr size_t ElementWords(size_t elements) {
    return elements / 64 + 2;
}

const OffsetKernels& OffsetScans();
// The kernels of one level; null when there are none. The scalar ones are the reference.
const OffsetKernels* OffsetScansAt(Level level);

}  // namespace elanus::simd
