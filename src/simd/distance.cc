#include "simd/distance.h"

#include "simd/distance_levels.h"

#include <cmath>

namespace elanus::simd {

const DistanceKernels* DistancesAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
        case Level::kScalar:
            return &ScalarDistances();
#if defined(__aarch64__)
        case Level::kNeon:
            return &NeonDistances();
#endif
#if defined(__x86_64__)
        case Level::kAvx2:
            return &Avx2Distances();
        case Level::kAvx512:
            return &Avx512Distances();
#endif
        default:
            return nullptr;
    }
}

const DistanceKernels& Distances() {
    static const DistanceKernels* const best = DistancesAt(BestLevel());
    return *best;
}

float Norm(const float* a, size_t dim) {
    return std::sqrt(SquaredNorm(a, dim));
}

float Normalize(const float* a, size_t dim, float* out) {
    // The sum of squares of large or tiny values leaves the range of float; a double holds it.
    double sum = SquaredNorm(a, dim);
    if (!(sum > 1e-30 && sum < 1e30)) {
        sum = 0;
        for (size_t i = 0; i < dim; ++i) {
            sum += static_cast<double>(a[i]) * a[i];
        }
    }
    const double norm = std::sqrt(sum);
    const double scale = norm > 0 ? 1.0 / norm : 0.0;
    for (size_t i = 0; i < dim; ++i) {
        out[i] = static_cast<float>(a[i] * scale);
    }
    return static_cast<float>(norm);
}

}  // namespace elanus::simd
