// The loops of all wide kernels over bit vectors, written once over vector operations V:
//   Reg, kBytes      a register of bits, and the bytes it holds
//   Load, LoadFirst  kBytes bytes; the first n < kBytes and zeros, touching nothing behind them
//   And, Or, Xor, AndNot(a, b) = a & ~b
//   AddCount, Total  a register of partial counts with the set bits of one more; their sum
//   None             no bit is set
//
// As in distance_loops.h, V is local to one file and nothing of the standard library is called.
#pragma once

#include "simd/distance.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

template <typename V>
struct BinaryLoops {
    using Reg = typename V::Reg;

    // Calls visit(a, b) with each register's worth of both vectors.
    template <typename Visit>
    static inline __attribute__((always_inline)) void Each(const uint8_t* a, const uint8_t* b,
                                                           size_t bytes, Visit visit) {
        size_t i = 0;
        for (; i + V::kBytes <= bytes; i += V::kBytes) {
            visit(V::Load(a + i), V::Load(b + i));
        }
        if (i < bytes) {
            visit(V::LoadFirst(a + i, bytes - i), V::LoadFirst(b + i, bytes - i));
        }
    }

    struct Hamming {
        static inline __attribute__((always_inline)) float Of(const uint8_t* a, const uint8_t* b,
                                                              size_t bytes) {
            Reg count = V::Zero();
            Each(a, b, bytes, [&](Reg x, Reg y) { count = V::AddCount(count, V::Xor(x, y)); });
            return static_cast<float>(V::Total(count));
        }
    };
    struct Jaccard {
        static inline __attribute__((always_inline)) float Of(const uint8_t* a, const uint8_t* b,
                                                              size_t bytes) {
            Reg different = V::Zero();
            Reg any = V::Zero();
            Each(a, b, bytes, [&](Reg x, Reg y) {
                different = V::AddCount(different, V::Xor(x, y));
                any = V::AddCount(any, V::Or(x, y));
            });
            const uint64_t all = V::Total(any);
            return all == 0 ? 1.0f
                            : static_cast<float>(V::Total(different)) / static_cast<float>(all);
        }
    };
    struct Substructure {
        static inline __attribute__((always_inline)) float Of(const uint8_t* a, const uint8_t* b,
                                                              size_t bytes) {
            Reg missing = V::Zero();
            Each(a, b, bytes, [&](Reg x, Reg y) { missing = V::Or(missing, V::AndNot(x, y)); });
            return V::None(missing) ? 0.0f : 1.0f;
        }
    };
    struct Superstructure {
        static inline __attribute__((always_inline)) float Of(const uint8_t* a, const uint8_t* b,
                                                              size_t bytes) {
            return Substructure::Of(b, a, bytes);
        }
    };

    template <typename Op>
    static float One(const void* a, const void* b, size_t dim) {
        return Op::Of(static_cast<const uint8_t*>(a), static_cast<const uint8_t*>(b), dim / 8);
    }
    template <typename Op>
    static void Rows(const void* query, const void* rows, size_t count, size_t dim, float* out) {
        const size_t bytes = dim / 8;
        const auto* row = static_cast<const uint8_t*>(rows);
        for (size_t i = 0; i < count; ++i, row += bytes) {
            out[i] = Op::Of(static_cast<const uint8_t*>(query), row, bytes);
        }
    }
    template <typename Op>
    static void Ids(const void* query, const void* base, const uint32_t* ids, size_t count,
                    size_t dim, float* out) {
        constexpr size_t kAhead = 4;
        const size_t bytes = dim / 8;
        const auto* rows = static_cast<const uint8_t*>(base);
        for (size_t i = 0; i < count; ++i) {
            if (i + kAhead < count) {
                __builtin_prefetch(rows + static_cast<size_t>(ids[i + kAhead]) * bytes);
            }
            out[i] = Op::Of(static_cast<const uint8_t*>(query),
                            rows + static_cast<size_t>(ids[i]) * bytes, bytes);
        }
    }

    template <typename Op>
    static constexpr RowKernel kKernel = {One<Op>, Rows<Op>, Ids<Op>};
    static constexpr BinaryKernels kTable = {kKernel<Hamming>, kKernel<Jaccard>,
                                             kKernel<Substructure>, kKernel<Superstructure>};
};

}  // namespace elanus::simd
