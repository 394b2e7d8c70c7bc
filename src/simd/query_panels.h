// Products of many queries and many rows, of which only those that come near a bound are told: the
// quick first look of an exact search for many queries at once.
//
// Queries lie in panels, side by side: value d of all queries of a panel, then value d + 1. A row's
// value is multiplied with all of them, so that two loads and no shuffle serve several products,
// and a product never leaves its register: it is compared there, and one bit goes out.
//
// Sums are not those of distance.h: each is one chain of `dim` additions, fused or not. Whoever
// asks allows for what either may be off by.
// Threads: any; the tables are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

inline constexpr size_t kPanelQueriesMax = 64;

// A pair passes unless   product + query_scales[q] * row_scales[r] < query_floors[q] +
// row_floors[r].   What is no number passes.
struct PanelBounds {
    const float* query_scales;  // one a query of the panel, as the floors
    const float* query_floors;
    const float* row_scales;  // one a row, as the floors
    const float* row_floors;
};

struct PanelKernel {
    size_t queries;  // of a panel, at most kPanelQueriesMax
    // Bit q of words[r] says whether query q and row r pass. `panel` holds dim x queries values and
    // begins on a cache line; rows lie one after another. `next` is the panel of the next call,
    // which is brought nearer meanwhile, or any address.
    void (*near)(const float* panel, const float* next, const float* rows, size_t row_count,
                 size_t dim, const PanelBounds& bounds, uint64_t* words);
};

// The best one this processor runs.
const PanelKernel& Panels();
// That of one level, or of the best below it. Null when not Supported(level).
const PanelKernel* PanelsAt(Level level);

}  // namespace elanus::simd
