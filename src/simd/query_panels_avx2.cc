// Panels of queries for AVX2: 12 sums in 16 registers.
#if defined(__x86_64__)
#include "simd/query_panels_levels.h"
#include "simd/query_panels_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

struct EightFloats {
    using Reg = __m256;
    static constexpr size_t kWidth = 8;
    static constexpr size_t kVectors = 2;
    static constexpr size_t kRows = 6;

    static Reg Zero() { return _mm256_setzero_ps(); }
    static Reg Load(const float* p) { return _mm256_load_ps(p); }
    static Reg Spread(float value) { return _mm256_set1_ps(value); }
    static Reg MultiplyAdd(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
    static Reg Add(Reg a, Reg b) { return _mm256_add_ps(a, b); }
    static uint32_t NotBelow(Reg a, Reg b) {
        return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_NLT_UQ)));
    }
};
using Loops = QueryPanelLoops<EightFloats>;

}  // namespace

constinit const PanelKernel kAvx2Panels{Loops::kQueries, Loops::Near};

}  // namespace elanus::simd
#endif
