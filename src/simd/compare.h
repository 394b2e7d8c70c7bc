// Column scans: compare every value of a column with a constant or a range and write one bit a row.
//
// Words: bit i of the answer lies in words[i / 64] at i % 64, as in base::Bitmap; ceil(count / 64)
// words are written and the bits past `count` are zero.
// Floats compare as C++ does: NaN is unequal to everything, and every order with it is false.
// T is int8_t, int16_t, int32_t, int64_t, float or double. Values need their type's alignment only.
// Threads: any.
#pragma once

#include "simd/cpu.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

enum class CompareOp : uint8_t { kEq, kNe, kLt, kLe, kGt, kGe };

template <typename T>
struct Range {
    T low;
    T high;
    bool low_open = false;   // true: low < x, false: low <= x
    bool high_open = false;  // true: x < high, false: x <= high
};

template <typename T>
struct CompareKernels {
    void (*compare)(CompareOp op, const T* values, size_t count, T constant, uint64_t* words);
    void (*in_range)(const Range<T>& range, const T* values, size_t count, uint64_t* words);
};

// The best kernels this processor runs.
template <typename T>
const CompareKernels<T>& Comparisons();
// The kernels of one level; the scalar ones are the reference. Null when there are none.
template <typename T>
const CompareKernels<T>* ComparisonsAt(Level level);

template <typename T>
void Compare(CompareOp op, const T* values, size_t count, T constant, uint64_t* words) {
    Comparisons<T>().compare(op, values, count, constant, words);
}
template <typename T>
void InRange(const Range<T>& range, const T* values, size_t count, uint64_t* words) {
    Comparisons<T>().in_range(range, values, count, words);
}

}  // namespace elanus::simd
