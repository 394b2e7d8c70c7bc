// Panels of queries for AVX-512 (F): 24 sums in 32 registers.
#if defined(__x86_64__)
#include "simd/query_panels_levels.h"
#include "simd/query_panels_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

struct SixteenFloats {
    using Reg = __m512;
    static constexpr size_t kWidth = 16;
    static constexpr size_t kVectors = 3;
    static constexpr size_t kRows = 8;

    static Reg Zero() { return _mm512_setzero_ps(); }
    static Reg Load(const float* p) { return _mm512_load_ps(p); }
    // Kept in a register: spread anew for every sum it would take the load units' time.
    static Reg Spread(float value) {
        Reg reg = _mm512_set1_ps(value);
        asm("" : "+v"(reg));
        return reg;
    }
    static Reg MultiplyAdd(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
    static Reg Add(Reg a, Reg b) { return _mm512_add_ps(a, b); }
    static uint32_t NotBelow(Reg a, Reg b) { return _mm512_cmp_ps_mask(a, b, _CMP_NLT_UQ); }
};
using Loops = QueryPanelLoops<SixteenFloats>;

}  // namespace

constinit const PanelKernel kAvx512Panels{Loops::kQueries, Loops::Near};

}  // namespace elanus::simd
#endif
