// Plane kernels for any processor: the reference that the others are compared with.
#include "simd/planes_levels.h"

namespace elanus::simd {
namespace {

int64_t SumOf(const uint8_t* row, unsigned width, size_t n, const int8_t* weights) {
    const unsigned mask = (1u << width) - 1;
    int64_t sum = 0;
    for (size_t d = 0; d < n; ++d) {
        const unsigned code = row[d * width / 8] >> (d * width % 8) & mask;
        sum += static_cast<int64_t>(code) * weights[WeightPlace(width, n, d)];
    }
    return sum;
}

void Sums(const uint8_t* rows, size_t stride, const uint32_t* ids, size_t count, unsigned width,
          size_t n, const int8_t* high, const int8_t* low, float* sums) {
    for (size_t i = 0; i < count; ++i) {
        const uint8_t* row = rows + (ids != nullptr ? ids[i] : i) * stride;
        const int64_t most = high != nullptr ? SumOf(row, width, n, high) : 0;
        sums[i] = static_cast<float>(256 * most + SumOf(row, width, n, low));
    }
}

}  // namespace

const PlaneKernels& ScalarPlanes() {
    static constexpr PlaneKernels kTable{Sums};
    return kTable;
}

}  // namespace elanus::simd
