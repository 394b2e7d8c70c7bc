// Half-precision numbers as bits: IEEE binary16 ("fp16") and bfloat16, and their way from and to
// float. Rounding is to nearest, ties to even; what is too large becomes infinity; NaN stays NaN.
// Threads: pure.
#pragma once

#include <bit>
#include <cstdint>

namespace elanus::simd {

inline float FloatFromHalf(uint16_t half) {
    const uint32_t sign = (half & 0x8000u) << 16;
    const uint32_t exponent = (half >> 10) & 31u;
    const uint32_t mantissa = half & 0x3ffu;
    if (exponent == 0) {  // zero or subnormal: a multiple of 2^-24
        const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
        return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
    }
    const uint32_t wide = exponent == 31 ? 0xffu : exponent + 112;
    return std::bit_cast<float>(sign | (wide << 23) | (mantissa << 13));
}

inline uint16_t HalfFromFloat(float value) {
    const auto bits = std::bit_cast<uint32_t>(value);
    const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
    const uint32_t magnitude = bits & 0x7fffffffu;
    uint32_t half = 0;
    if (magnitude > 0x7f800000u) {
        half = 0x7e00;
    } else if (magnitude >= 0x477ff000u) {  // 65520 and more round past the largest number
        half = 0x7c00;
    } else if (magnitude < 0x38800000u) {  // below 2^-14: counted in steps of 2^-24
        // Adding 2^23 leaves the nearest whole number in the low bits.
        const float scaled = std::bit_cast<float>(magnitude) * 0x1p24f + 0x1p23f;
        half = std::bit_cast<uint32_t>(scaled) & 0x7fffffu;
    } else {
        half = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1)) >> 13;
    }
    return static_cast<uint16_t>(sign | half);
}

inline float FloatFromBFloat16(uint16_t value) {
    return std::bit_cast<float>(static_cast<uint32_t>(value) << 16);
}

inline uint16_t BFloat16FromFloat(float value) {
    const auto bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return static_cast<uint16_t>((bits >> 16) | 0x40u);
    }
    return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

}  // namespace elanus::simd
