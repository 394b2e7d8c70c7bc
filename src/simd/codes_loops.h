// Code kernels in plain loops: the scalar reference, and what the wider levels share of it.
// Included once per codes_<level>.cc; internal linkage keeps the copies apart.
#pragma once

#include "simd/codes.h"

#include <algorithm>
#include <cmath>

namespace elanus::simd {
namespace {

// To the nearest whole number, ties to even; |x| below 2^22.
inline int32_t Nearest(float x) {
    constexpr float kShift = 12582912.0f;  // 1.5 * 2^23
    return static_cast<int32_t>(x + kShift - kShift);
}

// The largest |v|; 0 when there is none above it or it is no number.
inline float LargestOf(const float* v, size_t n) {
    float top = 0;
    for (size_t i = 0; i < n; ++i) {
        top = std::max(top, std::fabs(v[i]));
    }
    return top;
}

inline float EncodeLoop(const float* v, size_t n, int8_t* out) {
    const float top = LargestOf(v, n);
    const float scale = top > 0 && std::isfinite(top) ? top / 127.0f : 1.0f;
    const float inverse = 1.0f / scale;
    for (size_t i = 0; i < n; ++i) {
        const float x = v[i] * inverse;
        out[i] = static_cast<int8_t>(Nearest(x >= -127.0f ? std::min(x, 127.0f) : -127.0f));
    }
    return scale;
}

// Every four dimensions add at most 251, and four roundings up; what is no number counts as zero.
inline float SignStep(const float* q, size_t n, float* offset) {
    float top = 0;
    float sum = 0;
    for (size_t i = 0; i < n; i += 4) {
        const float four =
            std::fabs(q[i]) + std::fabs(q[i + 1]) + std::fabs(q[i + 2]) + std::fabs(q[i + 3]);
        top = std::max(top, four);
        sum += four;
    }
    *offset = sum;
    return top > 0 && std::isfinite(top) ? 2 * top / 251.0f : 1.0f;
}

inline void TablesLoop(const float* q, size_t n, uint8_t* tables, SignQuery* query) {
    query->tables = tables;
    query->n = n;
    query->step = SignStep(q, n, &query->offset);
    const float inverse = 2.0f / query->step;
    for (size_t i = 0; i < n; i += 4) {
        uint8_t with[4];     // what a set bit adds
        uint8_t without[4];  // what a bit that is not set adds
        for (size_t d = 0; d < 4; ++d) {
            const float x = std::min(std::fabs(q[i + d] * inverse), 251.0f);
            const auto part = static_cast<uint8_t>(x >= 0 ? Nearest(x) : 0);
            with[d] = q[i + d] > 0 ? part : 0;
            without[d] = q[i + d] > 0 ? 0 : part;
        }
        for (size_t p = 0; p < 16; ++p) {
            unsigned total = 0;
            for (size_t d = 0; d < 4; ++d) {
                total += (p >> d & 1) != 0 ? with[d] : without[d];
            }
            tables[i * 4 + p] = static_cast<uint8_t>(total);
        }
    }
}

inline SignSums SignsLoop(float scale, const int8_t* values, const float* y, size_t n,
                          uint8_t* bits) {
    SignSums sums;
    for (size_t i = 0; i < n; i += 8) {
        unsigned byte = 0;
        for (size_t d = i; d < i + 8; ++d) {
            const float x = scale * static_cast<float>(values[d]) - y[d];
            const bool set = x > 0;
            byte |= static_cast<unsigned>(set) << (d - i);
            sums.length += std::fabs(x);
            sums.square += x * x;
            sums.along += set ? y[d] : -y[d];
            sums.product += x * y[d];
        }
        bits[i / 8] = static_cast<uint8_t>(byte);
    }
    return sums;
}

inline void HadamardLoop(float* v, const float* signs, size_t n) {
    for (size_t i = 0; i < n; ++i) {
        v[i] *= signs[i];
    }
    for (size_t h = 1; h < n; h *= 2) {
        for (size_t at = 0; at < n; at += 2 * h) {
            for (size_t i = at; i < at + h; ++i) {
                const float a = v[i], b = v[i + h];
                v[i] = a + b;
                v[i + h] = a - b;
            }
        }
    }
}

inline void ReflectLoop(float* v, size_t n, size_t part) {
    const float weight = 2 * static_cast<float>(part) / static_cast<float>(n);
    for (size_t i = 0; i < part; ++i) {
        float sum = 0;
        for (size_t at = i; at < n; at += part) {
            sum += v[at];
        }
        for (size_t at = i; at < n; at += part) {
            v[at] -= weight * sum;
        }
    }
}

// The two factors of a vector.
struct Factors {
    float first, second;
};

struct LongFactors {
    static Factors Of(const uint8_t* factors, size_t i) {
        const auto* first = reinterpret_cast<const float*>(factors);
        return {first[i], first[kGroupVectors + i]};
    }
};

struct ShortFactors {
    static Factors Of(const uint8_t* factors, size_t i) {
        const uint32_t both = reinterpret_cast<const uint32_t*>(factors)[i];
        return {__builtin_bit_cast(float, both << 16),
                __builtin_bit_cast(float, both & 0xffff0000u)};
    }
};

template <typename Form>
inline uint32_t CostsLoop(const SignQuery& query, const uint8_t* group, const uint32_t* sums,
                          float own, float limit, float* costs) {
    uint32_t below = 0;
    for (size_t i = 0; i < kGroupVectors; ++i) {
        const float sum = static_cast<float>(sums[i]) * query.step - query.offset;
        const Factors factors = Form::Of(group + GroupCodeBytes(query.n), i);
        costs[i] = own + factors.first + factors.second * sum;
        below |= static_cast<uint32_t>(costs[i] < limit) << i;
    }
    return below;
}

inline void BringNear(const uint8_t* next, size_t bytes) {
    for (size_t at = 0; at < bytes; at += 64) {
        __builtin_prefetch(next + at, 0, 2);
    }
}

}  // namespace
}  // namespace elanus::simd
