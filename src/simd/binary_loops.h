// The loops of all wide kernels over bit vectors, written once over vector operations V:
//   Reg, kBytes      a register of bits, and the bytes it holds
//   Load, LoadFirst  kBytes bytes; the first n < kBytes and zeros, touching nothing behind them
//   And, Or, Xor, AndNot(a, b) = a & ~b
//   AddCount, Total  a register of partial counts with the set bits of one more; their sum
//   None             no bit is set
//   kWordBytesMax    longest vectors of whole 64-bit words that are counted word by word: short
//                    ones fill no register, and cores count several words a cycle
//
// Of rows that lie one after another memory is asked for kAhead bytes ahead, as in
// distance_loops.h. As there, V is local to one file and nothing of the standard library is called.
#pragma once

#include "simd/distance.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

template <typename V, size_t kAhead = 0>
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

    // The words of both vectors, by their place.
    template <size_t kWords, typename Visit>
    static inline __attribute__((always_inline)) void EachWord(const uint8_t* a, const uint8_t* b,
                                                               Visit visit) {
#pragma GCC unroll 8
        for (size_t i = 0; i < kWords; ++i) {
            uint64_t x, y;
            __builtin_memcpy(&x, a + 8 * i, sizeof x);
            __builtin_memcpy(&y, b + 8 * i, sizeof y);
            visit(x, y);
        }
    }
    static inline __attribute__((always_inline)) uint32_t Bits(uint64_t word) {
        return static_cast<uint32_t>(__builtin_popcountll(word));
    }

    struct Hamming {
        template <size_t kWords>
        static inline __attribute__((always_inline)) float OfWords(const uint8_t* a,
                                                                   const uint8_t* b) {
            uint32_t count = 0;
            EachWord<kWords>(a, b, [&](uint64_t x, uint64_t y) { count += Bits(x ^ y); });
            return static_cast<float>(static_cast<int32_t>(count));
        }
        static inline __attribute__((always_inline)) float Of(const uint8_t* a, const uint8_t* b,
                                                              size_t bytes) {
            Reg count = V::Zero();
            Each(a, b, bytes, [&](Reg x, Reg y) { count = V::AddCount(count, V::Xor(x, y)); });
            return static_cast<float>(V::Total(count));
        }
    };
    struct Jaccard {
        template <size_t kWords>
        static inline __attribute__((always_inline)) float OfWords(const uint8_t* a,
                                                                   const uint8_t* b) {
            uint32_t different = 0, any = 0;
            EachWord<kWords>(a, b, [&](uint64_t x, uint64_t y) {
                different += Bits(x ^ y);
                any += Bits(x | y);
            });
            return any == 0 ? 1.0f
                            : static_cast<float>(static_cast<int32_t>(different)) /
                                  static_cast<float>(static_cast<int32_t>(any));
        }
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
        template <size_t kWords>
        static inline __attribute__((always_inline)) float OfWords(const uint8_t* a,
                                                                   const uint8_t* b) {
            uint64_t missing = 0;
            EachWord<kWords>(a, b, [&](uint64_t x, uint64_t y) { missing |= x & ~y; });
            return missing == 0 ? 0.0f : 1.0f;
        }
        static inline __attribute__((always_inline)) float Of(const uint8_t* a, const uint8_t* b,
                                                              size_t bytes) {
            Reg missing = V::Zero();
            Each(a, b, bytes, [&](Reg x, Reg y) { missing = V::Or(missing, V::AndNot(x, y)); });
            return V::None(missing) ? 0.0f : 1.0f;
        }
    };
    struct Superstructure {
        template <size_t kWords>
        static inline __attribute__((always_inline)) float OfWords(const uint8_t* a,
                                                                   const uint8_t* b) {
            return Substructure::template OfWords<kWords>(b, a);
        }
        static inline __attribute__((always_inline)) float Of(const uint8_t* a, const uint8_t* b,
                                                              size_t bytes) {
            return Substructure::Of(b, a, bytes);
        }
    };

    // A kernel over vectors of a known number of words; 0: of any number of bytes.
    template <typename Op, size_t kWords>
    static inline __attribute__((always_inline)) float Of(const uint8_t* a, const uint8_t* b,
                                                          size_t bytes) {
        if constexpr (kWords > 0) {
            return Op::template OfWords<kWords>(a, b);
        } else {
            return Op::Of(a, b, bytes);
        }
    }
    template <typename Op, size_t kWords>
    static void RowsOf(const uint8_t* query, const uint8_t* row, size_t count, size_t bytes,
                       float* out) {
        bytes = kWords > 0 ? 8 * kWords : bytes;
        for (size_t i = 0; i < count; ++i, row += bytes) {
            if constexpr (kAhead > 0) {
                for (size_t at = 0; at < bytes; at += 64) {
                    __builtin_prefetch(row + kAhead + at);
                }
            }
            out[i] = Of<Op, kWords>(query, row, bytes);
        }
    }
    template <typename Op, size_t kWords>
    static void IdsOf(const uint8_t* query, const uint8_t* rows, const uint32_t* ids, size_t count,
                      size_t bytes, float* out) {
        constexpr size_t kIdsAhead = 4;
        bytes = kWords > 0 ? 8 * kWords : bytes;
        for (size_t i = 0; i < count; ++i) {
            if (i + kIdsAhead < count) {
                __builtin_prefetch(rows + ids[i + kIdsAhead] * bytes);
            }
            out[i] = Of<Op, kWords>(query, rows + ids[i] * bytes, bytes);
        }
    }

    static constexpr size_t kWordsMax = V::kWordBytesMax / 8;
    // Calls run(words) with a constant: those of vectors that are counted by words, or 0.
    template <size_t kWords = kWordsMax, typename Run>
    static inline __attribute__((always_inline)) void WithWords(size_t bytes, const Run& run) {
        if constexpr (kWords == 0) {
            run(Count<0>());
        } else if (bytes == 8 * kWords) {
            run(Count<kWords>());
        } else {
            WithWords<kWords - 1>(bytes, run);
        }
    }
    template <size_t kValue>
    struct Count {
        static constexpr size_t value = kValue;
    };

    template <typename Op>
    static float One(const void* a, const void* b, size_t dim) {
        float out = 0;
        WithWords(dim / 8, [&](auto words) {
            out = Of<Op, decltype(words)::value>(static_cast<const uint8_t*>(a),
                                                 static_cast<const uint8_t*>(b), dim / 8);
        });
        return out;
    }
    template <typename Op>
    static void Rows(const void* query, const void* rows, size_t count, size_t dim, float* out) {
        const auto* from = static_cast<const uint8_t*>(query);
        const auto* row = static_cast<const uint8_t*>(rows);
        WithWords(dim / 8, [&](auto words) {
            RowsOf<Op, decltype(words)::value>(from, row, count, dim / 8, out);
        });
    }
    template <typename Op>
    static void Ids(const void* query, const void* base, const uint32_t* ids, size_t count,
                    size_t dim, float* out) {
        const auto* from = static_cast<const uint8_t*>(query);
        const auto* rows = static_cast<const uint8_t*>(base);
        WithWords(dim / 8, [&](auto words) {
            IdsOf<Op, decltype(words)::value>(from, rows, ids, count, dim / 8, out);
        });
    }

    template <typename Op>
    static constexpr RowKernel kKernel = {One<Op>, Rows<Op>, Ids<Op>};
    static constexpr BinaryKernels kTable = {kKernel<Hamming>, kKernel<Jaccard>,
                                             kKernel<Substructure>, kKernel<Superstructure>};
};

}  // namespace elanus::simd
