// The reference: plain loops that every wide kernel is tested against. Four sums, because one alone
// would lose more precision than the wide kernels do on long vectors.
#include "simd/distance_levels.h"

namespace elanus::simd {
namespace {

struct L2 {
    static float Term(float a, float b) { return (a - b) * (a - b); }
};
struct Ip {
    static float Term(float a, float b) { return a * b; }
};

template <typename Op>
float One(const float* a, const float* b, size_t dim) {
    float sums[4] = {0, 0, 0, 0};
    for (size_t i = 0; i < dim; ++i) {
        sums[i % 4] += Op::Term(a[i], b[i]);
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

template <typename Op>
void Rows(const float* query, const float* rows, size_t count, size_t dim, float* out) {
    for (size_t i = 0; i < count; ++i) {
        out[i] = One<Op>(query, rows + i * dim, dim);
    }
}

template <typename Op>
void Ids(const float* query, const float* base, const uint32_t* ids, size_t count, size_t dim,
         float* out) {
    for (size_t i = 0; i < count; ++i) {
        out[i] = One<Op>(query, base + static_cast<size_t>(ids[i]) * dim, dim);
    }
}

}  // namespace

const DistanceKernels& ScalarDistances() {
    static constexpr DistanceKernels kTable = {One<L2>,  One<Ip>, Rows<L2>,
                                               Rows<Ip>, Ids<L2>, Ids<Ip>};
    return kTable;
}

}  // namespace elanus::simd
