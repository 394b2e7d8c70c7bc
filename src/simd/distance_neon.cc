// Distance kernels for arm64 NEON: four floats a register.
#if defined(__aarch64__)
#include "simd/distance_levels.h"
#include "simd/distance_loops.h"

#include <arm_neon.h>

namespace elanus::simd {
namespace {

struct Neon {
    using Reg = float32x4_t;
    static constexpr size_t kWidth = 4;

    static Reg Zero() { return vdupq_n_f32(0); }
    static Reg Load(const float* p) { return vld1q_f32(p); }
    static Reg LoadFirst(const float* p, size_t n) {
        float values[kWidth] = {0, 0, 0, 0};
        for (size_t i = 0; i < n; ++i) {
            values[i] = p[i];
        }
        return vld1q_f32(values);
    }
    static Reg Add(Reg a, Reg b) { return vaddq_f32(a, b); }
    static Reg Sub(Reg a, Reg b) { return vsubq_f32(a, b); }
    static Reg MulAdd(Reg a, Reg b, Reg c) { return vfmaq_f32(c, a, b); }
    static float Total(Reg a) { return vaddvq_f32(a); }
};

}  // namespace

const DistanceKernels& NeonDistances() {
    return DistanceLoops<Neon>::kTable;
}

}  // namespace elanus::simd
#endif
