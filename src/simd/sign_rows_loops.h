// What the levels of the kernels over sign rows share. Included once per sign_rows_<level>.cc;
// internal linkage keeps the copies apart.
#pragma once

#include "simd/sign_rows.h"

#include <cstring>

namespace elanus::simd {
namespace {

// Rows are fetched so many ahead of their turn.
constexpr size_t kSignRowsAhead = 24;

inline int32_t SumOf(const SignRowQuery& query) {
    int32_t sum = 0;
    for (size_t d = 0; d < query.n; ++d) {
        sum += query.values[d];
    }
    return sum;
}

// `sum` is that of the values whose sign is set, `all` that of all.
inline void Finish(const SignRowQuery& query, const uint8_t* row, int32_t sum, int32_t all,
                   float* cost, float* bound) {
    SignRowFactors factors;
    std::memcpy(&factors, row + query.n / 8, sizeof factors);
    const float estimate = query.scale * static_cast<float>(2 * sum - all);
    *cost = query.own + factors.first + factors.second * estimate;
    *bound = *cost - query.reach * factors.error;
}

}  // namespace
}  // namespace elanus::simd
