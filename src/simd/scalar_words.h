// Words of 64 answers from a predicate asked row by row: the loop of the reference kernels.
#pragma once

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

// Bit i of the words is holds(i); the bits of the last word past `rows` are zero.
template <typename Predicate>
void WriteWords(size_t rows, uint64_t* words, Predicate holds) {
    for (size_t begin = 0; begin < rows; begin += 64) {
        const size_t count = rows - begin < 64 ? rows - begin : 64;
        uint64_t bits = 0;
        for (size_t i = 0; i < count; ++i) {
            bits |= static_cast<uint64_t>(holds(begin + i)) << i;
        }
        *words++ = bits;
    }
}

}  // namespace elanus::simd
