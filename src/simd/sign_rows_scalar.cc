// Kernels over sign rows for any processor: the reference that the others are compared with.
#include "simd/sign_rows_levels.h"
#include "simd/sign_rows_loops.h"

namespace elanus::simd {
namespace {

void Costs(const SignRowQuery& query, const uint8_t* rows, const uint32_t* ids, size_t count,
           float* costs, float* bounds) {
    const int32_t all = SumOf(query);
    for (size_t i = 0; i < count; ++i) {
        const uint8_t* row = rows + ids[i] * SignRowBytes(query.n);
        int32_t sum = 0;
        for (size_t d = 0; d < query.n; ++d) {
            sum += (row[d / 8] >> (d % 8) & 1) != 0 ? query.values[d] : 0;
        }
        Finish(query, row, sum, all, costs + i, bounds + i);
    }
}

}  // namespace

const SignRowKernels& ScalarSignRows() {
    static constexpr SignRowKernels kTable{Costs};
    return kTable;
}

}  // namespace elanus::simd
