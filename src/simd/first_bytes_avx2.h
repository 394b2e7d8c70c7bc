// The rest of a vector that does not fill a register, for kernels of AVX2.
//
// In an anonymous namespace: every file that includes it is compiled for AVX2 and has its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

namespace elanus::simd {
namespace {

// The first n < 32 bytes, and zeros; touches nothing behind them. By masks: what is stored value by
// value waits to be loaded as a register.
inline __m256i FirstBytes(const void* from, size_t n) {
    static constexpr int32_t kFirst[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    static constexpr int32_t kOne[16] = {0, 0, 0, 0, 0, 0, 0, 0, -1};
    const auto load = [](const int32_t* p) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    };
    const auto* bytes = static_cast<const uint8_t*>(from);
    const size_t words = n / 4;
    const __m256i first =
        _mm256_maskload_epi32(static_cast<const int*>(from), load(kFirst + 8 - words));
    if (n % 4 == 0) {
        return first;
    }
    uint32_t rest = 0;
    for (size_t i = 4 * words; i < n; ++i) {
        rest |= uint32_t{bytes[i]} << (8 * (i % 4));
    }
    const __m256i last = _mm256_set1_epi32(static_cast<int>(rest));
    return _mm256_or_si256(first, _mm256_and_si256(last, load(kOne + 8 - words)));
}

}  // namespace
}  // namespace elanus::simd
