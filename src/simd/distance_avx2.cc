// Distance kernels for AVX2 with FMA: eight floats a register.
#if defined(__x86_64__)
#include "simd/distance_levels.h"
#include "simd/distance_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

struct Avx2 {
    using Reg = __m256;
    static constexpr size_t kWidth = 8;

    static Reg Zero() { return _mm256_setzero_ps(); }
    static Reg Load(const float* p) { return _mm256_loadu_ps(p); }
    // The first `n` < 8 values and zeros; the masked load does not touch what lies behind them.
    static Reg LoadFirst(const float* p, size_t n) {
        const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lanes);
        return _mm256_maskload_ps(p, mask);
    }
    static Reg Add(Reg a, Reg b) { return _mm256_add_ps(a, b); }
    static Reg Sub(Reg a, Reg b) { return _mm256_sub_ps(a, b); }
    static Reg MulAdd(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
    static float Total(Reg a) {
        __m128 sum = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
        sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
        return _mm_cvtss_f32(sum);
    }
};

}  // namespace

const DistanceKernels& Avx2Distances() {
    return DistanceLoops<Avx2>::kTable;
}

}  // namespace elanus::simd
#endif
