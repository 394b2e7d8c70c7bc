// The reference: one comparison a value, as C++ defines it.
#include "simd/compare_levels.h"
#include "simd/scalar_words.h"

namespace elanus::simd {
namespace {

template <typename T>
bool Holds(CompareOp op, T value, T constant) {
    switch (op) {
        case CompareOp::kEq:
            return value == constant;
        case CompareOp::kNe:
            return value != constant;
        case CompareOp::kLt:
            return value < constant;
        case CompareOp::kLe:
            return value <= constant;
        case CompareOp::kGt:
            return value > constant;
        case CompareOp::kGe:
            return value >= constant;
    }
    return false;
}

template <typename T>
void CompareAll(CompareOp op, const T* values, size_t count, T constant, uint64_t* words) {
    WriteWords(count, words, [&](size_t i) { return Holds(op, values[i], constant); });
}

template <typename T>
void RangeAll(const Range<T>& range, const T* values, size_t count, uint64_t* words) {
    const CompareOp low = range.low_open ? CompareOp::kGt : CompareOp::kGe;
    const CompareOp high = range.high_open ? CompareOp::kLt : CompareOp::kLe;
    WriteWords(count, words, [&](size_t i) {
        return Holds(low, values[i], range.low) && Holds(high, values[i], range.high);
    });
}

}  // namespace

#define ELANUS_DEFINE_SCALAR(T)                                                   \
    template <>                                                                   \
    const CompareKernels<T>& ScalarComparisons<T>() {                             \
        static constexpr CompareKernels<T> kTable = {CompareAll<T>, RangeAll<T>}; \
        return kTable;                                                            \
    }
ELANUS_COMPARE_TYPES(ELANUS_DEFINE_SCALAR)

}  // namespace elanus::simd
