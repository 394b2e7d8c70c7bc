// Kernels over blocks of postings: at most 128 documents of a term, rising, and how often each has
// the term. A search unpacks blocks, turns counts into scores and picks what can still matter.
//
// Scores are BM25's, in whole units: part = weight * count / (count + norm), where `norm` depends
// on the document's length and `weight` is scaled by the caller so that sums stay below 2^31. Sums
// of integers do not depend on their order: every way to find a document gives the same score.
//
// Arrays that are read or written have room for whole groups of 16 values behind their end; what
// stands there does not matter.
// Invariants:
//   INV-POSTINGS-1  Every level gives the same bits for the same input.
// Threads: any; the tables are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

inline constexpr size_t kPostingBlock = 128;
// Bytes behind a packed block that unpack() may read.
inline constexpr size_t kUnpackSlack = 64 + 2 * 32;
inline constexpr uint32_t kUnpackWidthMax = 31;
// Pairs of (count, class of lengths) that bound the parts of a block; a count of 255 is any count.
inline constexpr size_t kBoundPairs = 4;
inline constexpr uint32_t kAnyCount = 255;

// How the documents of a term score.
struct PartTable {
    const float* norms = nullptr;    // by code of a length
    const uint8_t* codes = nullptr;  // by document, `code_bytes` each; three bytes more are read
    uint32_t code_bytes = 1;         // 1 or 2
    const float* class_norms = nullptr;  // 256, by class of lengths
    float weight = 0;
};

struct PostingKernels {
    // values[i] = the i-th number of `width` bits, lowest bits first, for i < n <= 128.
    void (*unpack)(const uint8_t* bytes, uint32_t width, size_t n, uint32_t* values);
    // values[i] = first + i + (sum of values[0..i]), for i < n; returns the largest of them.
    uint32_t (*add_up)(uint32_t first, size_t n, uint32_t* values);
    // The numbers of the set bits of `count` words of 64, plus `first`. Returns how many; when that
    // is more than 128, what is stored does not matter.
    size_t (*expand)(const uint8_t* words, size_t count, uint32_t first, uint32_t* values);
    // How many of values[0..128) are below `value`.
    size_t (*rank)(const uint32_t* values, uint32_t value);
    // out[i] = the part of a document of that count, at least 1. `counts` null: all are 1.
    void (*parts)(const uint32_t* docs, const uint32_t* counts, size_t n, const PartTable& table,
                  int32_t* out);
    // out[i] = the largest part that the pairs of block i allow; eight bytes a block: four counts,
    // then four classes.
    void (*bounds)(const uint8_t* pairs, size_t blocks, const PartTable& table, int32_t* out);
    // Appends documents whose part is at least `limit`; returns how many.
    size_t (*pick)(const uint32_t* docs, const int32_t* parts, size_t n, int32_t limit,
                   uint32_t* out_docs, int32_t* out_sums);
    // sums[0..n) of the documents from `first` on, n a multiple of 16: appends those of at least
    // `limit`, which is above 0, and sets all of them to 0; returns how many.
    size_t (*sweep)(int32_t* sums, size_t n, uint32_t first, int32_t limit, uint32_t* out_docs,
                    int32_t* out_sums);
    // Sets bit docs[i] - begin of `words` for the n <= 128 documents.
    void (*mark)(const uint32_t* docs, size_t n, uint32_t begin, uint64_t* words);
};

const PostingKernels& Postings();
// The kernels of one level; null when there are none. The scalar ones are the reference.
const PostingKernels* PostingsAt(Level level);

}  // namespace elanus::simd
