// WindowScratch: what a search of a window index keeps per thread (scratch.h).
// Threads: one.
#pragma once

#include "simd/sparse_windows.h"
#include "vindex/window_lists.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace elanus::vindex {

// One dimension of the query and the place a search has reached in its list.
struct WindowTerm {
    uint32_t slot = 0;
    double weight = 0;      // the query's value
    double part = 0;        // what an impact of 1 is worth
    uint32_t factor = 0;    // the same in the scale of sums, times 256, rounded up
    uint8_t cut = 0;        // entries of at most this impact may be left out
    uint8_t least_cut = 0;  // whatever the k-th best score is
    bool kept = true;       // lists that are not name no rows
    bool is_open = true;    // may be cut further
    const ListHead* head = nullptr;
    const ListSegment* segment = nullptr;  // the next one
    const ListSegment* segments_end = nullptr;
    const uint8_t* at = nullptr;  // of that segment
    const uint8_t* end = nullptr;
    const uint8_t* window_entries = nullptr;  // of the window at hand ...
    uint32_t window_size = 0;                 // ... how many the list has ...
    uint32_t window_added = 0;                // ... and how many of them are in the sums
};

// Leaving out the entries of a list up to `level`.
struct CutStep {
    float rate = 0;   // entries saved for a unit of `price`
    float price = 0;  // what it adds to the bound of what is left out
    uint32_t term = 0;
    uint8_t level = 0;
};

struct WindowScratch {
    std::vector<WindowTerm> terms;
    std::vector<CutStep> steps;
    std::vector<uint16_t> sums;  // all 0 between searches
    std::vector<simd::WindowHit> hits;
    std::vector<uint32_t> bits;  // by slot: belongs to the query; all 0 between searches
    std::vector<uint32_t> places;
    std::vector<float> values;

    void Reserve(size_t slots) {
        sums.resize(simd::kWindowRowsMax);
        hits.resize(simd::kWindowRowsMax);
        bits.resize(std::max(bits.size(), slots / 32 + 1));
    }
};

}  // namespace elanus::vindex
