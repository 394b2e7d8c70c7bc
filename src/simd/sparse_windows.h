// Kernels over windows of sparse rows: at most 65,536 rows in a row, whose sums fit the second
// cache. A search adds the entries of the query's lists to the sums, picks the rows whose sums are
// large enough, and looks up which entries of such a row belong to the query.
//
// An entry is a row of the window (u16) and an impact (u8): its value in units of the list, rounded
// up. Entries lie in blocks of 64, each: 64 rows, 64 impacts; the last block of a list may be
// shorter and then holds n rows, n impacts. Impacts fall along a list.
// Why plain additions: rows lie anywhere in the window, and one scalar addition an entry is as fast
// as computing the parts in vectors first, and faster than scatters (measured on AVX-512).
// Invariants:
//   INV-WINDOW-1  Every level gives the same bits for the same input.
// Threads: any; the tables are constant.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

inline constexpr size_t kWindowRowsMax = 65536;
inline constexpr size_t kWindowBlock = 64;
inline constexpr size_t kWindowEntryBytes = 3;
// Sums are handled in whole groups of this many.
inline constexpr size_t kWindowGroup = 32;

// A row of a window in the lower half, its sum in the upper.
using WindowHit = uint32_t;

struct WindowKernels {
    // sums[row] += (impact * factor + 255) / 256 for the entries, up to the first block that starts
    // with an impact of at most `cut`; returns how many were added. `sums` has kWindowRowsMax.
    size_t (*add)(const uint8_t* entries, size_t n, uint8_t cut, uint32_t factor, uint16_t* sums);
    // The largest of n sums, n a multiple of kWindowGroup.
    uint16_t (*largest)(const uint16_t* sums, size_t n);
    // Appends the rows of low <= sum < high, rising; returns how many. `out` has room for n more.
    size_t (*collect)(const uint16_t* sums, size_t n, uint32_t low, uint32_t high, WindowHit* out);
    // The same, and sets all n sums to 0.
    size_t (*sweep)(uint16_t* sums, size_t n, uint32_t low, uint32_t high, WindowHit* out);
    // The places i, rising, of the slots that are below `slots_end` and have their bit set; returns
    // how many. Slots have any alignment; `places` has room for n + 16.
    size_t (*find16)(const uint8_t* slots, size_t n, uint32_t slots_end, const uint32_t* bits,
                     uint32_t* places);
    size_t (*find32)(const uint8_t* slots, size_t n, uint32_t slots_end, const uint32_t* bits,
                     uint32_t* places);
};

const WindowKernels& SparseWindows();
// The kernels of one level; null when there are none. The scalar ones are the reference.
const WindowKernels* SparseWindowsAt(Level level);

}  // namespace elanus::simd
