// The posting kernels as plain loops: the scalar reference, and for the wider levels the ends of
// blocks. In an unnamed namespace: each file that includes it gets its own copies.
// Threads: any.
#pragma once

#include "simd/posting_blocks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace elanus::simd {
namespace {

inline uint64_t WordAt(const uint8_t* bytes) {
    uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

inline void UnpackLoop(const uint8_t* bytes, uint32_t width, size_t n, uint32_t* values) {
    const auto mask = static_cast<uint32_t>((uint64_t{1} << width) - 1);
    for (size_t i = 0; i < n; ++i) {
        const size_t bit = i * width;
        values[i] = static_cast<uint32_t>(WordAt(bytes + bit / 8) >> (bit % 8)) & mask;
    }
}

inline uint32_t AddUpLoop(uint32_t first, size_t n, uint32_t* values) {
    uint32_t sum = first;
    uint32_t most = 0;
    for (size_t i = 0; i < n; ++i) {
        sum += values[i];
        values[i] = sum++;
        most = std::max(most, values[i]);
    }
    return most;
}

inline size_t ExpandLoop(const uint8_t* words, size_t count, uint32_t first, uint32_t* values) {
    size_t n = 0;
    for (size_t w = 0; w < count; ++w) {
        for (uint64_t word = WordAt(words + w * 8); word != 0; word &= word - 1, ++n) {
            if (n < kPostingBlock) {
                values[n] = first + static_cast<uint32_t>(w * 64) +
                            static_cast<uint32_t>(std::countr_zero(word));
            }
        }
    }
    return n;
}

inline size_t RankLoop(const uint32_t* values, uint32_t value) {
    size_t below = 0;
    for (size_t i = 0; i < kPostingBlock; ++i) {
        below += values[i] < value ? 1 : 0;
    }
    return below;
}

inline uint32_t CodeOf(const PartTable& table, uint32_t doc) {
    if (table.code_bytes == 1) {
        return table.codes[doc];
    }
    uint16_t code;
    std::memcpy(&code, table.codes + size_t{doc} * 2, sizeof code);
    return code;
}

inline int32_t PartOf(float count, float norm, float weight) {
    return std::max<int32_t>(1,
                             static_cast<int32_t>(std::lrint(weight * (count / (count + norm)))));
}

inline void PartsLoop(const uint32_t* docs, const uint32_t* counts, size_t n,
                      const PartTable& table, int32_t* out) {
    for (size_t i = 0; i < n; ++i) {
        const float count = counts == nullptr ? 1.0f : static_cast<float>(counts[i]);
        out[i] = PartOf(count, table.norms[CodeOf(table, docs[i])], table.weight);
    }
}

inline void BoundsLoop(const uint8_t* pairs, size_t blocks, const PartTable& table, int32_t* out) {
    for (size_t block = 0; block < blocks; ++block) {
        const uint8_t* pair = pairs + block * 2 * kBoundPairs;
        int32_t most = 1;
        for (size_t i = 0; i < kBoundPairs; ++i) {
            const uint32_t count = pair[i];
            const float norm = count == kAnyCount ? 0.0f : table.class_norms[pair[kBoundPairs + i]];
            most = std::max(most, PartOf(static_cast<float>(count), norm, table.weight));
        }
        out[block] = most;
    }
}

inline size_t PickLoop(const uint32_t* docs, const int32_t* parts, size_t n, int32_t limit,
                       uint32_t* out_docs, int32_t* out_sums) {
    size_t kept = 0;
    for (size_t i = 0; i < n; ++i) {
        out_docs[kept] = docs[i];
        out_sums[kept] = parts[i];
        kept += parts[i] >= limit ? 1 : 0;
    }
    return kept;
}

inline size_t SweepLoop(int32_t* sums, size_t n, uint32_t first, int32_t limit, uint32_t* out_docs,
                        int32_t* out_sums) {
    size_t kept = 0;
    for (size_t i = 0; i < n; ++i) {
        if (sums[i] >= limit) {
            out_docs[kept] = first + static_cast<uint32_t>(i);
            out_sums[kept++] = sums[i];
        }
    }
    std::memset(sums, 0, n * sizeof *sums);
    return kept;
}

// Four places at once: neighbours often share a word, and a word that was just written is slow to
// read again.
inline void MarkLoop(const uint32_t* docs, size_t n, uint32_t begin, uint64_t* words) {
    const auto mark = [&](uint32_t doc) {
        const uint32_t bit = doc - begin;
        uint64_t* const word = words + bit / 64;
        const uint64_t with = *word | uint64_t{1} << (bit % 64);
        *word = with;
    };
    constexpr size_t kQuarter = kPostingBlock / 4;
    if (n < kPostingBlock) {
        std::for_each(docs, docs + n, mark);
        return;
    }
    for (size_t i = 0; i < kQuarter; ++i) {
        mark(docs[i]);
        mark(docs[i + kQuarter]);
        mark(docs[i + 2 * kQuarter]);
        mark(docs[i + 3 * kQuarter]);
    }
}

}  // namespace
}  // namespace elanus::simd
