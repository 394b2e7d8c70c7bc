// The loops of all column scans, written once over a lane type V (one per value type and
// instruction set). V offers
//     kLanes                values one Mask() covers (a divisor of 64)
//     Reg Broadcast(T)
//     uint64_t Mask<Op>(const T* values, Reg constant)   bit i: values[i] Op constant
//
// V lives in the anonymous namespace of its compare_<level>.cc, so nothing compiled here for one
// instruction set can be shared with another by the linker.
#pragma once

#include "simd/compare.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

template <typename T, typename V>
struct CompareLoops {
    static constexpr size_t kLanes = V::kLanes;

    // Calls word(p) -> 64 bits for every 64 values; the last few are copied to a full block first,
    // so that nothing past the column is read.
    template <typename WordOf>
    static inline __attribute__((always_inline)) void ForEachWord(const T* values, size_t count,
                                                                  uint64_t* words, WordOf word) {
        size_t i = 0;
        for (; i + 64 <= count; i += 64) {
            *words++ = word(values + i);
        }
        const size_t left = count - i;
        if (left > 0) {
            T block[64] = {};
            for (size_t j = 0; j < left; ++j) {
                block[j] = values[i + j];
            }
            *words = word(block) & ((uint64_t{1} << left) - 1);
        }
    }

    template <CompareOp Op>
    static void CompareWith(const T* values, size_t count, T constant, uint64_t* words) {
        const auto c = V::Broadcast(constant);
        ForEachWord(values, count, words, [c](const T* p) {
            uint64_t bits = 0;
            for (size_t lane = 0; lane < 64; lane += kLanes) {
                bits |= V::template Mask<Op>(p + lane, c) << lane;
            }
            return bits;
        });
    }

    template <CompareOp Low, CompareOp High>
    static void RangeWith(const Range<T>& range, const T* values, size_t count, uint64_t* words) {
        const auto low = V::Broadcast(range.low);
        const auto high = V::Broadcast(range.high);
        ForEachWord(values, count, words, [low, high](const T* p) {
            uint64_t bits = 0;
            for (size_t lane = 0; lane < 64; lane += kLanes) {
                const uint64_t part =
                    V::template Mask<Low>(p + lane, low) & V::template Mask<High>(p + lane, high);
                bits |= part << lane;
            }
            return bits;
        });
    }

    static void Compare(CompareOp op, const T* values, size_t count, T constant, uint64_t* words) {
        switch (op) {
            case CompareOp::kEq:
                return CompareWith<CompareOp::kEq>(values, count, constant, words);
            case CompareOp::kNe:
                return CompareWith<CompareOp::kNe>(values, count, constant, words);
            case CompareOp::kLt:
                return CompareWith<CompareOp::kLt>(values, count, constant, words);
            case CompareOp::kLe:
                return CompareWith<CompareOp::kLe>(values, count, constant, words);
            case CompareOp::kGt:
                return CompareWith<CompareOp::kGt>(values, count, constant, words);
            case CompareOp::kGe:
                return CompareWith<CompareOp::kGe>(values, count, constant, words);
        }
    }

    static void InRange(const Range<T>& range, const T* values, size_t count, uint64_t* words) {
        using enum CompareOp;
        if (range.low_open) {
            range.high_open ? RangeWith<kGt, kLt>(range, values, count, words)
                            : RangeWith<kGt, kLe>(range, values, count, words);
        } else {
            range.high_open ? RangeWith<kGe, kLt>(range, values, count, words)
                            : RangeWith<kGe, kLe>(range, values, count, words);
        }
    }

    static constexpr CompareKernels<T> kTable = {Compare, InRange};
};

}  // namespace elanus::simd
