#include "simd/distance.h"

#include "simd/distance_levels.h"
#include "simd/half.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace elanus::simd {

namespace {

double ReadAt(Element element, const void* a, size_t i) {
    switch (element) {
        case Element::kFloat16:
            return FloatFromHalf(static_cast<const uint16_t*>(a)[i]);
        case Element::kBFloat16:
            return FloatFromBFloat16(static_cast<const uint16_t*>(a)[i]);
        case Element::kInt8:
            return static_cast<const int8_t*>(a)[i];
        case Element::kFloat:
            break;
    }
    return static_cast<const float*>(a)[i];
}

// The sum of squares of large or tiny values leaves the range of float; a double holds it.
double SumOfSquares(Element element, const void* a, size_t dim) {
    double sum = Distances(element).ip.pair(a, a, dim);
    if (!(sum > 1e-30 && sum < 1e30)) {
        sum = 0;
        for (size_t i = 0; i < dim; ++i) {
            sum += ReadAt(element, a, i) * ReadAt(element, a, i);
        }
    }
    return sum;
}

}  // namespace

const DistanceKernels* DistancesAt(Level level, Element element) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
        case Level::kScalar:
            return &ScalarDistances(element);
#if defined(__aarch64__)
        case Level::kNeon:
            return &NeonDistances(element);
#endif
#if defined(__x86_64__)
        case Level::kAvx2:
            return &Avx2Distances(element);
        case Level::kAvx512:
            return &Avx512Distances(element);
        case Level::kAvx512Dot:
            return &Avx512DotDistances(element);
#endif
        default:
            return nullptr;
    }
}

const BinaryKernels* BinaryDistancesAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
        case Level::kScalar:
            return &ScalarBinary();
#if defined(__aarch64__)
        case Level::kNeon:
            return &NeonBinary();
#endif
#if defined(__x86_64__)
        case Level::kAvx2:
            return &Avx2Binary();
        case Level::kAvx512:
            return &Avx512Binary();
        case Level::kAvx512Dot:
            return &Avx512DotBinary();
#endif
        default:
            return nullptr;
    }
}

const DistanceKernels& Distances(Element element) {
    static const std::array<const DistanceKernels*, 4> best = {
        DistancesAt(BestLevel(), Element::kFloat), DistancesAt(BestLevel(), Element::kFloat16),
        DistancesAt(BestLevel(), Element::kBFloat16), DistancesAt(BestLevel(), Element::kInt8)};
    return *best[static_cast<size_t>(element)];
}

const BinaryKernels& BinaryDistances() {
    static const BinaryKernels* const best = BinaryDistancesAt(BestLevel());
    return *best;
}

// The least of every 32nd value first, which GCC makes vectors of; then where it is.
size_t PlaceOfLeast(const float* values, size_t count) {
    constexpr size_t kLanes = 32;
    float lanes[kLanes];
    std::fill_n(lanes, kLanes, std::numeric_limits<float>::infinity());
    size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        for (size_t lane = 0; lane < kLanes; ++lane) {
            lanes[lane] = values[i + lane] < lanes[lane] ? values[i + lane] : lanes[lane];
        }
    }
    for (; i < count; ++i) {
        lanes[0] = values[i] < lanes[0] ? values[i] : lanes[0];
    }
    const float least = *std::min_element(lanes, lanes + kLanes);
    const float* const place = std::find(values, values + count, least);
    return place == values + count ? 0 : static_cast<size_t>(place - values);
}

float Norm(Element element, const void* a, size_t dim) {
    return static_cast<float>(std::sqrt(SumOfSquares(element, a, dim)));
}

float Normalize(const float* a, size_t dim, float* out) {
    const double norm = std::sqrt(SumOfSquares(Element::kFloat, a, dim));
    const double scale = norm > 0 ? 1.0 / norm : 0.0;
    for (size_t i = 0; i < dim; ++i) {
        out[i] = static_cast<float>(a[i] * scale);
    }
    return static_cast<float>(norm);
}

}  // namespace elanus::simd
