// The loops of all panel kernels (query_panels.h), written once over an instruction set's
// operations V on kWidth floats:
//   Reg, kWidth
//   kVectors, kRows   kVectors x kRows sums, as many registers for queries and one for a row's
//                     value: all there are
//   Zero, Load        Load: from an address aligned to the register
//   Spread            one float in all places
//   MultiplyAdd       a * b + c
//   Add
//   NotBelow          bit i: not (a[i] < b[i])
//
// V lives in the anonymous namespace of its query_panels_<level>.cc, so nothing compiled here for
// one instruction set can be shared with another by the linker.
#pragma once

#include "simd/query_panels.h"

namespace elanus::simd {

template <typename V>
struct QueryPanelLoops {
    using Reg = typename V::Reg;
    static constexpr size_t kWidth = V::kWidth;
    static constexpr size_t kVectors = V::kVectors;
    static constexpr size_t kQueries = kVectors * kWidth;
    static_assert(kQueries <= kPanelQueriesMax);
    // The hardware follows a stream of panels too late for the first-level cache.
    static constexpr size_t kAhead = 16;
    static constexpr size_t kLineFloats = 16;  // of a line of the cache
    static constexpr size_t kTogether = 4;     // values between two looks at what comes next

    template <size_t R>
    static inline __attribute__((always_inline)) void SumTile(const float* panel, const char* next,
                                                              size_t next_step, const float* rows,
                                                              size_t dim,
                                                              Reg (&sums)[R][kVectors]) {
#pragma GCC unroll 16
        for (size_t r = 0; r < R; ++r) {
#pragma GCC unroll 4
            for (size_t v = 0; v < kVectors; ++v) {
                sums[r][v] = V::Zero();
            }
        }
        size_t d = 0;
        for (; d + kTogether <= dim; d += kTogether, next += next_step) {
            __builtin_prefetch(next, 0, 2);
#pragma GCC unroll 4
            for (size_t i = 0; i < kTogether; ++i, panel += kQueries) {
                AddProducts<R>(panel, rows + d + i, dim, sums);
            }
        }
        for (; d < dim; ++d, panel += kQueries) {
            AddProducts<R>(panel, rows + d, dim, sums);
        }
    }

    // Those of one value of each row and query.
    template <size_t R>
    static inline __attribute__((always_inline)) void AddProducts(const float* panel,
                                                                  const float* rows, size_t dim,
                                                                  Reg (&sums)[R][kVectors]) {
        Reg queries[kVectors];
#pragma GCC unroll 4
        for (size_t v = 0; v < kVectors; ++v) {
            queries[v] = V::Load(panel + v * kWidth);
            if (v * kWidth % kLineFloats == 0) {
                __builtin_prefetch(panel + kAhead * kQueries + v * kWidth);
            }
        }
#pragma GCC unroll 16
        for (size_t r = 0; r < R; ++r) {
            const Reg value = V::Spread(rows[r * dim]);
#pragma GCC unroll 4
            for (size_t v = 0; v < kVectors; ++v) {
                sums[r][v] = V::MultiplyAdd(queries[v], value, sums[r][v]);
            }
        }
    }

    // R rows from the first of `rows`, which is row `first` of the bounds.
    template <size_t R>
    static inline __attribute__((always_inline)) void NearRows(const float* panel, const char* next,
                                                               size_t next_step, const float* rows,
                                                               size_t dim,
                                                               const PanelBounds& bounds,
                                                               size_t first, uint64_t* words) {
        Reg sums[R][kVectors];
        SumTile<R>(panel, next, next_step, rows, dim, sums);
#pragma GCC unroll 16
        for (size_t r = 0; r < R; ++r) {
            const Reg scale = V::Spread(bounds.row_scales[first + r]);
            const Reg floor = V::Spread(bounds.row_floors[first + r]);
            uint64_t word = 0;
#pragma GCC unroll 4
            for (size_t v = 0; v < kVectors; ++v) {
                const Reg sum =
                    V::MultiplyAdd(V::Load(bounds.query_scales + v * kWidth), scale, sums[r][v]);
                const Reg limit = V::Add(V::Load(bounds.query_floors + v * kWidth), floor);
                word |= static_cast<uint64_t>(V::NotBelow(sum, limit)) << (v * kWidth);
            }
            words[first + r] = word;
        }
    }

    static void Near(const float* panel, const float* next, const float* rows, size_t row_count,
                     size_t dim, const PanelBounds& bounds, uint64_t* words) {
        // A part of the next panel for every few values of a row.
        const size_t next_step =
            kTogether * kQueries * sizeof(float) * V::kRows / (row_count + 1) + 1;
        const char* ahead = reinterpret_cast<const char*>(next);
        size_t r = 0;
        for (; r + V::kRows <= row_count; r += V::kRows, ahead += next_step * dim / kTogether) {
            NearRows<V::kRows>(panel, ahead, next_step, rows + r * dim, dim, bounds, r, words);
        }
        for (; r < row_count; ++r) {
            NearRows<1>(panel, ahead, 0, rows + r * dim, dim, bounds, r, words);
        }
    }
};

}  // namespace elanus::simd
