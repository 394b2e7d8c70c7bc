// The loops of all wide distance kernels over dense vectors, written once over an element type's
// vector operations V:
//   Value            the element in memory
//   Data, kWidth     a register of loaded elements, and how many it holds
//   Sum              a register of partial sums
//   Load, LoadFirst  kWidth elements; the first n < kWidth and zeros, touching nothing behind them
//   AddL2, AddIp     a sum with the squared differences or products of two Data
//   Total            both sums as one float
//
// V lives in the anonymous namespace of a distance_<level>.cc, so every instantiation is local to
// that file and code compiled for one instruction set can never be picked by the linker for
// another. For the same reason nothing here calls an inline function of the standard library.
//
// Of rows that lie one after another memory is asked for kAhead bytes ahead; 0: that is left to the
// hardware.
//
// Every row is summed in two alternating registers in the same order in every kernel (INV-SIMD-1).
// Four rows advance together: the query is loaded once for them and eight sums are in flight.
#pragma once

#include "simd/distance.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

template <typename V, size_t kAhead = 0>
struct DistanceLoops {
    using Value = typename V::Value;
    using Data = typename V::Data;
    using SumReg = typename V::Sum;
    static constexpr size_t kWidth = V::kWidth;
    static constexpr size_t kRows = 4;
    // Lines of a row that are asked for ahead; the hardware follows from there.
    static constexpr size_t kPrefetchBytes = 1024;

    struct L2 {
        static SumReg Add(SumReg sum, Data a, Data b) { return V::AddL2(sum, a, b); }
    };
    struct Ip {
        static SumReg Add(SumReg sum, Data a, Data b) { return V::AddIp(sum, a, b); }
    };

    // The loops over rows are unrolled by order: left as loops, they keep their sums in memory.
    // With kBehind the rows follow each other: what lies so many bytes behind is asked for, as much
    // as is read and in the order of memory.
    template <typename Op, size_t R, size_t kBehind = 0>
    static inline __attribute__((always_inline)) void Sum(const Value* query,
                                                          const Value* const (&rows)[R], size_t dim,
                                                          float* out) {
        SumReg even[R];
        SumReg odd[R];
#pragma GCC unroll 4
        for (size_t r = 0; r < R; ++r) {
            even[r] = V::Zero();
            odd[r] = V::Zero();
        }
        size_t i = 0;
        for (; i + 2 * kWidth <= dim; i += 2 * kWidth) {
            const Data q0 = V::Load(query + i);
            const Data q1 = V::Load(query + i + kWidth);
#pragma GCC unroll 4
            for (size_t r = 0; r < R; ++r) {
                if constexpr (kBehind > 0) {
                    __builtin_prefetch(
                        reinterpret_cast<const char*>(rows[0] + R * i + r * 2 * kWidth) + kBehind);
                }
                even[r] = Op::Add(even[r], q0, V::Load(rows[r] + i));
                odd[r] = Op::Add(odd[r], q1, V::Load(rows[r] + i + kWidth));
            }
        }
        if (i + kWidth <= dim) {
            const Data q = V::Load(query + i);
#pragma GCC unroll 4
            for (size_t r = 0; r < R; ++r) {
                even[r] = Op::Add(even[r], q, V::Load(rows[r] + i));
            }
            i += kWidth;
        }
        if (i < dim) {
            const Data q = V::LoadFirst(query + i, dim - i);
#pragma GCC unroll 4
            for (size_t r = 0; r < R; ++r) {
                odd[r] = Op::Add(odd[r], q, V::LoadFirst(rows[r] + i, dim - i));
            }
        }
#pragma GCC unroll 4
        for (size_t r = 0; r < R; ++r) {
            out[r] = V::Total(even[r], odd[r]);
        }
    }

    template <typename Op>
    static inline __attribute__((always_inline)) float OneOf(const Value* a, const Value* b,
                                                             size_t dim) {
        const Value* const rows[1] = {b};
        float out;
        Sum<Op, 1>(a, rows, dim, &out);
        return out;
    }

    template <typename Op>
    static float One(const void* a, const void* b, size_t dim) {
        return OneOf<Op>(static_cast<const Value*>(a), static_cast<const Value*>(b), dim);
    }

    template <typename Op>
    static void Rows(const void* query_bytes, const void* row_bytes, size_t count, size_t dim,
                     float* out) {
        const auto* query = static_cast<const Value*>(query_bytes);
        const auto* base = static_cast<const Value*>(row_bytes);
        size_t i = 0;
        for (; i + kRows <= count; i += kRows) {
            const Value* first = base + i * dim;
            const Value* const rows[kRows] = {first, first + dim, first + 2 * dim, first + 3 * dim};
            Sum<Op, kRows, kAhead>(query, rows, dim, out + i);
        }
        for (; i < count; ++i) {
            out[i] = OneOf<Op>(query, base + i * dim, dim);
        }
    }

    static inline __attribute__((always_inline)) void Prefetch(const Value* row, size_t dim) {
        const char* p = reinterpret_cast<const char*>(row);
        const size_t bytes = dim * sizeof(Value);
        const size_t ahead = bytes < kPrefetchBytes ? bytes : kPrefetchBytes;
        for (size_t at = 0; at < ahead; at += 64) {
            __builtin_prefetch(p + at);
        }
    }

    template <typename Op>
    static void Ids(const void* query_bytes, const void* row_bytes, const uint32_t* ids,
                    size_t count, size_t dim, float* out) {
        const auto* query = static_cast<const Value*>(query_bytes);
        const auto* base = static_cast<const Value*>(row_bytes);
        for (size_t i = 0; i < count && i < kRows; ++i) {
            Prefetch(base + static_cast<size_t>(ids[i]) * dim, dim);
        }
        size_t i = 0;
        for (; i + kRows <= count; i += kRows) {
            const Value* rows[kRows];
            for (size_t r = 0; r < kRows; ++r) {
                rows[r] = base + static_cast<size_t>(ids[i + r]) * dim;
            }
            for (size_t next = i + kRows; next < count && next < i + 2 * kRows; ++next) {
                Prefetch(base + static_cast<size_t>(ids[next]) * dim, dim);
            }
            const Value* const fixed[kRows] = {rows[0], rows[1], rows[2], rows[3]};
            Sum<Op, kRows>(query, fixed, dim, out + i);
        }
        for (; i < count; ++i) {
            out[i] = OneOf<Op>(query, base + static_cast<size_t>(ids[i]) * dim, dim);
        }
    }

    static constexpr DistanceKernels kTable = {{One<L2>, Rows<L2>, Ids<L2>},
                                               {One<Ip>, Rows<Ip>, Ids<Ip>}};
};

}  // namespace elanus::simd
