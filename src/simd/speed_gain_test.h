// How many times as fast as the reference a kernel is, for tests with a floor: a level that
// silently falls back to plain loops answers right, only many times slower.
#pragma once

#include <algorithm>
#include <chrono>

namespace elanus::simd {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
inline constexpr bool kTimesMeanNothing = true;
#else
inline constexpr bool kTimesMeanNothing = false;
#endif

// Each at its best of 40 rounds of `calls`, in turns: a machine that is busy for a while is so for
// both.
template <typename Reference, typename Wide>
double SpeedGain(int calls, const Reference& reference, const Wide& wide) {
    const auto seconds = [calls](const auto& call) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < calls; ++i) {
            call();
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        return took.count();
    };
    double of_wide = 1e9;
    double of_reference = 1e9;
    for (int round = 0; round < 40; ++round) {
        of_wide = std::min(of_wide, seconds(wide));
        of_reference = std::min(of_reference, seconds(reference));
    }
    return of_reference / of_wide;
}

}  // namespace elanus::simd
