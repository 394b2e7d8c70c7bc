// The window kernels as plain loops, compiled once for each instruction set. In an unnamed
// namespace: each file that includes it gets its own copies.
// Threads: any.
#pragma once

#include "simd/sparse_windows.h"

#include <algorithm>
#include <cstring>

namespace elanus::simd {
namespace {

// How far ahead of the additions a list is fetched: the processor's own prefetcher stops at the end
// of a page, and lists are met cold.
constexpr size_t kFetchBytes = 768;

inline void AddBlock(const uint8_t* rows, const uint8_t* impacts, size_t n, uint32_t factor,
                     uint16_t* sums) {
    for (size_t i = 0; i < n; ++i) {
        uint16_t row;
        std::memcpy(&row, rows + i * sizeof row, sizeof row);
        sums[row] = static_cast<uint16_t>(sums[row] + ((impacts[i] * factor + 255) >> 8));
    }
}

inline size_t AddLoop(const uint8_t* entries, size_t n, uint8_t cut, uint32_t factor,
                      uint16_t* sums) {
    size_t added = 0;
    for (; added + kWindowBlock <= n; added += kWindowBlock) {
        const uint8_t* rows = entries + added * kWindowEntryBytes;
        const uint8_t* impacts = rows + kWindowBlock * sizeof(uint16_t);
        if (impacts[0] <= cut) {
            return added;
        }
        __builtin_prefetch(rows + kFetchBytes);
        __builtin_prefetch(rows + kFetchBytes + 64);
        __builtin_prefetch(rows + kFetchBytes + 128);
        AddBlock(rows, impacts, kWindowBlock, factor, sums);
    }
    const uint8_t* rows = entries + added * kWindowEntryBytes;
    const uint8_t* impacts = rows + (n - added) * sizeof(uint16_t);
    if (added == n || impacts[0] <= cut) {
        return added;
    }
    AddBlock(rows, impacts, n - added, factor, sums);
    return n;
}

inline uint16_t LargestLoop(const uint16_t* sums, size_t n) {
    uint16_t most = 0;
    for (size_t i = 0; i < n; ++i) {
        most = std::max(most, sums[i]);
    }
    return most;
}

inline size_t CollectLoop(const uint16_t* sums, size_t n, uint32_t low, uint32_t high,
                          WindowHit* out) {
    size_t kept = 0;
    for (size_t i = 0; i < n; ++i) {
        if (sums[i] >= low && sums[i] < high) {
            out[kept++] = WindowHit{sums[i]} << 16 | static_cast<uint32_t>(i);
        }
    }
    return kept;
}

inline size_t SweepLoop(uint16_t* sums, size_t n, uint32_t low, uint32_t high, WindowHit* out) {
    const size_t kept = CollectLoop(sums, n, low, high, out);
    std::memset(sums, 0, n * sizeof *sums);
    return kept;
}

template <typename Slot>
inline size_t FindLoop(const uint8_t* slots, size_t begin, size_t n, uint32_t slots_end,
                       const uint32_t* bits, size_t found, uint32_t* places) {
    for (size_t i = begin; i < n; ++i) {
        Slot slot;
        std::memcpy(&slot, slots + i * sizeof slot, sizeof slot);
        if (slot < slots_end && (bits[slot / 32] >> (slot % 32) & 1) != 0) {
            places[found++] = static_cast<uint32_t>(i);
        }
    }
    return found;
}

template <typename Slot>
inline size_t FindAllLoop(const uint8_t* slots, size_t n, uint32_t slots_end, const uint32_t* bits,
                          uint32_t* places) {
    return FindLoop<Slot>(slots, 0, n, slots_end, bits, 0, places);
}

}  // namespace
}  // namespace elanus::simd
