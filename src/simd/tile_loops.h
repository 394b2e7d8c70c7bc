// The loops of all wide kernels for many queries and rows (distance_tiles.h), written once over an
// element type's vector operations V, which are those of distance_loops.h and
//   TotalFour        Total() of four pairs of sums at once, bit for bit; not every V has it
//
// The sums of several queries with four rows fill the registers. A pair has two sums, as it has
// everywhere (INV-SIMD-1): first all even ones are summed, then all odd ones, so that twice as many
// pairs fit than if both were at hand, and half as many values are loaded for one multiplication.
// What distance_loops.h says about the anonymous namespace holds here.
#pragma once

#include "simd/distance_loops.h"
#include "simd/distance_tiles.h"

namespace elanus::simd {

template <typename V>
struct TileLoops {
    using Alone = DistanceLoops<V>;
    using Value = typename V::Value;
    using Data = typename V::Data;
    using SumReg = typename V::Sum;
    static constexpr size_t kWidth = V::kWidth;
    static constexpr size_t kRows = 4;
    // 24 sums and 4 rows in 32 registers; AVX2 has 16.
    static constexpr size_t kQueries = sizeof(SumReg) == 32 ? 3 : 6;

    // Keeps the compiler from loading a value once for every sum that takes it, which would be the
    // load units' limit.
    static inline __attribute__((always_inline)) Data InRegister(Data data) {
#if defined(__x86_64__)
        asm("" : "+v"(data));
#elif defined(__aarch64__)
        asm("" : "+w"(data));
#endif
        return data;
    }

    template <size_t Q>
    struct Sums {
        SumReg of[Q][kRows];
    };

    template <typename Op, size_t Q, typename LoadOne>
    static inline __attribute__((always_inline)) void Step(const Value* const (&queries)[Q],
                                                           const Value* const (&rows)[kRows],
                                                           LoadOne load, Sums<Q>& sums) {
        Data row[kRows];
#pragma GCC unroll 4
        for (size_t r = 0; r < kRows; ++r) {
            row[r] = InRegister(load(rows[r]));
        }
#pragma GCC unroll 6
        for (size_t q = 0; q < Q; ++q) {
            const Data query = InRegister(load(queries[q]));
#pragma GCC unroll 4
            for (size_t r = 0; r < kRows; ++r) {
                sums.of[q][r] = Op::Add(sums.of[q][r], query, row[r]);
            }
        }
    }

    // The even sums (kFirst = 0) or, but for the last few values, the odd ones (kFirst = kWidth).
    template <typename Op, size_t Q, size_t kFirst>
    static inline __attribute__((always_inline)) void SumHalf(const Value* const (&queries)[Q],
                                                              const Value* const (&rows)[kRows],
                                                              size_t dim, Sums<Q>& sums) {
#pragma GCC unroll 6
        for (size_t q = 0; q < Q; ++q) {
#pragma GCC unroll 4
            for (size_t r = 0; r < kRows; ++r) {
                sums.of[q][r] = V::Zero();
            }
        }
        for (size_t i = kFirst; i + kWidth <= dim; i += 2 * kWidth) {
            Step<Op, Q>(queries, rows, [i](const Value* p) { return V::Load(p + i); }, sums);
        }
    }

    template <typename Op, size_t Q>
    static inline __attribute__((always_inline)) void SumTile(const Value* query, const Value* row,
                                                              size_t dim, size_t stride,
                                                              float* out) {
        const Value* queries[Q];
        const Value* rows[kRows];
#pragma GCC unroll 6
        for (size_t q = 0; q < Q; ++q) {
            queries[q] = query + q * dim;
        }
#pragma GCC unroll 4
        for (size_t r = 0; r < kRows; ++r) {
            rows[r] = row + r * dim;
        }
        Sums<Q> even;
        Sums<Q> odd;
        SumHalf<Op, Q, 0>(queries, rows, dim, even);
        SumHalf<Op, Q, kWidth>(queries, rows, dim, odd);
        if (dim % kWidth != 0) {
            const size_t n = dim % kWidth;
            const size_t i = dim - n;
            Step<Op, Q>(
                queries, rows, [i, n](const Value* p) { return V::LoadFirst(p + i, n); }, odd);
        }
#pragma GCC unroll 6
        for (size_t q = 0; q < Q; ++q) {
            if constexpr (requires { V::TotalFour(even.of[q], odd.of[q], out); }) {
                V::TotalFour(even.of[q], odd.of[q], out + q * stride);
            } else {
#pragma GCC unroll 4
                for (size_t r = 0; r < kRows; ++r) {
                    out[q * stride + r] = V::Total(even.of[q][r], odd.of[q][r]);
                }
            }
        }
    }

    // Q queries and all rows.
    template <typename Op, size_t Q>
    static void Strip(const Value* queries, const Value* rows, size_t row_count, size_t dim,
                      size_t stride, float* out) {
        size_t r = 0;
        for (; r + kRows <= row_count; r += kRows) {
            SumTile<Op, Q>(queries, rows + r * dim, dim, stride, out + r);
        }
        for (size_t q = 0; q < Q && r < row_count; ++q) {
            Alone::template Rows<Op>(queries + q * dim, rows + r * dim, row_count - r, dim,
                                     out + q * stride + r);
        }
    }

    template <typename Op>
    static void Tile(const void* query_bytes, size_t query_count, const void* row_bytes,
                     size_t row_count, size_t dim, size_t stride, float* out) {
        const auto* queries = static_cast<const Value*>(query_bytes);
        const auto* rows = static_cast<const Value*>(row_bytes);
        size_t q = 0;
        for (; q + kQueries <= query_count; q += kQueries) {
            Strip<Op, kQueries>(queries + q * dim, rows, row_count, dim, stride, out + q * stride);
        }
        if (kQueries > 3 && q + 3 <= query_count) {
            Strip<Op, 3>(queries + q * dim, rows, row_count, dim, stride, out + q * stride);
            q += 3;
        }
        for (; q < query_count; ++q) {
            Alone::template Rows<Op>(queries + q * dim, rows, row_count, dim, out + q * stride);
        }
    }

    static constexpr DistanceTiles kTiles = {Tile<typename Alone::L2>, Tile<typename Alone::Ip>};
};

}  // namespace elanus::simd
