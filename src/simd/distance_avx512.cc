// Distance kernels for AVX-512: sixteen floats a register, masked tails.
#if defined(__x86_64__)
#include "simd/distance_levels.h"
#include "simd/distance_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

struct Avx512 {
    using Reg = __m512;
    static constexpr size_t kWidth = 16;

    static Reg Zero() { return _mm512_setzero_ps(); }
    static Reg Load(const float* p) { return _mm512_loadu_ps(p); }
    // The first `n` < 16 values and zeros; the masked load does not touch what lies behind them.
    static Reg LoadFirst(const float* p, size_t n) {
        return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
    }
    static Reg Add(Reg a, Reg b) { return _mm512_add_ps(a, b); }
    static Reg Sub(Reg a, Reg b) { return _mm512_sub_ps(a, b); }
    static Reg MulAdd(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
    static float Total(Reg a) { return _mm512_reduce_add_ps(a); }
};

}  // namespace

const DistanceKernels& Avx512Distances() {
    return DistanceLoops<Avx512>::kTable;
}

}  // namespace elanus::simd
#endif
