#include "vindex/nibble_rows.h"

#include "simd/distance.h"

#include <algorithm>
#include <cmath>

namespace elanus::vindex {
namespace {

constexpr float kBestStep = 0.3352f;  // of 16 even steps, in deviations of a normal value
constexpr float kMiddle = 7.5f;

}  // namespace

NibbleSums EncodeNibbles(const float* row, size_t width, uint8_t* code) {
    NibbleSums sums;
    sums.square = simd::SquaredNorm(row, width);
    const float step = kBestStep * std::sqrt(sums.square / static_cast<float>(width));
    const float inverse = step > 0 && std::isfinite(step) ? 1.0f / step : 0.0f;
    float along = 0, length = 0;
    for (size_t d = 0; d < width; d += 2) {
        uint8_t both = 0;
        for (size_t i = 0; i < 2; ++i) {
            const float x = row[d + i] * inverse + 8.0f;
            const auto nibble = static_cast<uint8_t>(x >= 0 ? std::min(x, 15.0f) : 0.0f);
            const float value = static_cast<float>(nibble) - kMiddle;
            along += value * row[d + i];
            length += value * value;
            both = static_cast<uint8_t>(both | nibble << (4 * i));
        }
        code[d / 2] = both;
    }
    if (along > 0) {
        sums.weight = sums.square / along;
        sums.error = std::max(0.0f, sums.weight * sums.weight * length - sums.square);
    }
    return sums;
}

float LayNibbleQuery(const int8_t* values, size_t width, int8_t* weights) {
    int8_t* even = weights;
    int8_t* odd = weights + simd::WeightPlace(kNibbleBits, width, 1);
    int32_t sum = 0;
    for (size_t d = 0; d < width; d += 2) {
        even[d / 2] = values[d];
        odd[d / 2] = values[d + 1];
        sum += values[d] + values[d + 1];
    }
    return kMiddle * static_cast<float>(sum);
}

}  // namespace elanus::vindex
