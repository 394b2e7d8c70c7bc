// Panels of queries for arm64 NEON: 24 sums in 32 registers.
#if defined(__aarch64__)
#include "simd/query_panels_levels.h"
#include "simd/query_panels_loops.h"

#include <arm_neon.h>

namespace elanus::simd {
namespace {

struct FourFloats {
    using Reg = float32x4_t;
    static constexpr size_t kWidth = 4;
    static constexpr size_t kVectors = 3;
    static constexpr size_t kRows = 8;

    static Reg Zero() { return vdupq_n_f32(0); }
    static Reg Load(const float* p) { return vld1q_f32(p); }
    static Reg Spread(float value) { return vdupq_n_f32(value); }
    static Reg MultiplyAdd(Reg a, Reg b, Reg c) { return vfmaq_f32(c, a, b); }
    static Reg Add(Reg a, Reg b) { return vaddq_f32(a, b); }
    static uint32_t NotBelow(Reg a, Reg b) {
        const uint32x4_t places = {1, 2, 4, 8};
        return vaddvq_u32(vbicq_u32(places, vcltq_f32(a, b)));
    }
};
using Loops = QueryPanelLoops<FourFloats>;

}  // namespace

constinit const PanelKernel kNeonPanels{Loops::kQueries, Loops::Near};

}  // namespace elanus::simd
#endif
