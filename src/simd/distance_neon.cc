// Distance kernels for arm64 NEON.
#if defined(__aarch64__)
#include "simd/binary_loops.h"
#include "simd/distance_levels.h"
#include "simd/distance_loops.h"
#include "simd/tile_loops.h"

#include <arm_neon.h>

namespace elanus::simd {
namespace {

struct Floats {
    using Value = float;
    using Data = float32x4_t;
    using Sum = float32x4_t;
    static constexpr size_t kWidth = 4;

    static Sum Zero() { return vdupq_n_f32(0); }
    static Data Load(const float* p) { return vld1q_f32(p); }
    static Data LoadFirst(const float* p, size_t n) {
        float values[kWidth] = {0, 0, 0, 0};
        for (size_t i = 0; i < n; ++i) {
            values[i] = p[i];
        }
        return vld1q_f32(values);
    }
    static Sum AddL2(Sum sum, Data a, Data b) {
        const float32x4_t difference = vsubq_f32(a, b);
        return vfmaq_f32(sum, difference, difference);
    }
    static Sum AddIp(Sum sum, Data a, Data b) { return vfmaq_f32(sum, a, b); }
    static float Total(Sum even, Sum odd) { return vaddvq_f32(vaddq_f32(even, odd)); }
};

template <typename Widen>
struct Halves : Floats {
    using Value = uint16_t;

    static Data Load(const uint16_t* p) { return Widen::Of(vld1_u16(p)); }
    static Data LoadFirst(const uint16_t* p, size_t n) {
        uint16_t values[kWidth] = {0, 0, 0, 0};
        for (size_t i = 0; i < n; ++i) {
            values[i] = p[i];
        }
        return Load(values);
    }
};
struct WidenFloat16 {
    static float32x4_t Of(uint16x4_t bits) { return vcvt_f32_f16(vreinterpret_f16_u16(bits)); }
};
struct WidenBFloat16 {
    static float32x4_t Of(uint16x4_t bits) { return vreinterpretq_f32_u32(vshll_n_u16(bits, 16)); }
};

// Widened to 16 bits; a 32-bit sum holds the squares of 32,768 dimensions.
struct Int8s {
    using Value = int8_t;
    using Data = int16x8_t;
    using Sum = int32x4_t;
    static constexpr size_t kWidth = 8;

    static Sum Zero() { return vdupq_n_s32(0); }
    static Data Load(const int8_t* p) { return vmovl_s8(vld1_s8(p)); }
    static Data LoadFirst(const int8_t* p, size_t n) {
        int8_t values[kWidth] = {};
        for (size_t i = 0; i < n; ++i) {
            values[i] = p[i];
        }
        return Load(values);
    }
    static Sum AddIp(Sum sum, Data a, Data b) {
        return vmlal_high_s16(vmlal_s16(sum, vget_low_s16(a), vget_low_s16(b)), a, b);
    }
    static Sum AddL2(Sum sum, Data a, Data b) {
        const int16x8_t difference = vsubq_s16(a, b);
        return AddIp(sum, difference, difference);
    }
    static float Total(Sum even, Sum odd) {
        return static_cast<float>(vaddvq_s32(vaddq_s32(even, odd)));
    }
};

struct Bits {
    using Reg = uint8x16_t;
    static constexpr size_t kBytes = 16;
    static constexpr size_t kWordBytesMax = 32;

    static Reg Zero() { return vdupq_n_u8(0); }
    static Reg Load(const uint8_t* p) { return vld1q_u8(p); }
    static Reg LoadFirst(const uint8_t* p, size_t n) {
        uint8_t values[kBytes] = {};
        for (size_t i = 0; i < n; ++i) {
            values[i] = p[i];
        }
        return Load(values);
    }
    static Reg Or(Reg a, Reg b) { return vorrq_u8(a, b); }
    static Reg Xor(Reg a, Reg b) { return veorq_u8(a, b); }
    static Reg AndNot(Reg a, Reg b) { return vbicq_u8(a, b); }
    // The partial counts are four 32-bit numbers.
    static Reg AddCount(Reg count, Reg bits) {
        return vreinterpretq_u8_u32(
            vpadalq_u16(vreinterpretq_u32_u8(count), vpaddlq_u8(vcntq_u8(bits))));
    }
    static uint64_t Total(Reg count) { return vaddvq_u32(vreinterpretq_u32_u8(count)); }
    static bool None(Reg a) { return vmaxvq_u8(a) == 0; }
};

}  // namespace

const DistanceKernels& NeonDistances(Element element) {
    switch (element) {
        case Element::kFloat16:
            return DistanceLoops<Halves<WidenFloat16>>::kTable;
        case Element::kBFloat16:
            return DistanceLoops<Halves<WidenBFloat16>>::kTable;
        case Element::kInt8:
            return DistanceLoops<Int8s>::kTable;
        case Element::kFloat:
            break;
    }
    return DistanceLoops<Floats>::kTable;
}

const DistanceTiles& NeonTiles(Element element) {
    switch (element) {
        case Element::kFloat16:
            return TileLoops<Halves<WidenFloat16>>::kTiles;
        case Element::kBFloat16:
            return TileLoops<Halves<WidenBFloat16>>::kTiles;
        case Element::kInt8:
            return TileLoops<Int8s>::kTiles;
        case Element::kFloat:
            break;
    }
    return TileLoops<Floats>::kTiles;
}

const BinaryKernels& NeonBinary() {
    return BinaryLoops<Bits>::kTable;
}

}  // namespace elanus::simd
#endif
