// Distances of many queries to the same rows at once: a value that is loaded serves several pairs,
// so that the arithmetic is what takes the time and not the loads. Of the element types and
// measures of distance.h, bit vectors excepted.
//
// Invariant: INV-SIMD-1 of distance.h holds for tiles too: a pair has the bits that rows() gives
// it.
// Threads: any; the tables are constant.
#pragma once

#include "simd/distance.h"

namespace elanus::simd {

// out[q * stride + i] = result of the q-th of `query_count` queries, which lie one after another
// as rows do, and the i-th of `row_count` rows. Meant for as many queries and rows as the
// second-level cache holds; vectors that begin on cache lines are the fastest.
using TileFunction = void (*)(const void* queries, size_t query_count, const void* rows,
                              size_t row_count, size_t dim, size_t stride, float* out);

struct DistanceTiles {
    TileFunction l2 = nullptr;  // squared
    TileFunction ip = nullptr;
};

// The best ones this processor runs: those of the level of Distances(element).
const DistanceTiles& Tiles(Element element);
// Those of one level. Null when not Supported(level).
const DistanceTiles* TilesAt(Level level, Element element);

}  // namespace elanus::simd
