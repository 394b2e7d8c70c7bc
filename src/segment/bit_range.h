// Reads of bitmap words at any bit position: runs of rows need not start on a word.
// Threads: pure.
#pragma once

#include "base/bitmap.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace elanus::segment {

// The 64 bits from `position` on; those past the last word are zero.
inline uint64_t BitsAt(std::span<const uint64_t> words, size_t position) {
    const size_t word = position / 64;
    const size_t shift = position % 64;
    uint64_t bits = word < words.size() ? words[word] >> shift : 0;
    if (shift != 0 && word + 1 < words.size()) {
        bits |= words[word + 1] << (64 - shift);
    }
    return bits;
}

// A word whose first `count` bits are set; all of them from 64 on.
inline uint64_t LowBits(size_t count) {
    return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

inline base::Bitmap ExtractBits(const base::Bitmap& from, size_t position, size_t count) {
    base::Bitmap bits(count);
    for (size_t i = 0; i < bits.words().size(); ++i) {
        bits.words()[i] = BitsAt(from.words(), position + i * 64);
    }
    bits.ClearTail();
    return bits;
}

}  // namespace elanus::segment
