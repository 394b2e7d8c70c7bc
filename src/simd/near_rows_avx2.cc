// Near-row kernels for AVX2: the plain loops, as the compiler makes them for it.
#if defined(__x86_64__)
#include "simd/near_rows_levels.h"
#include "simd/near_rows_loops.h"

namespace elanus::simd {

const NearKernels& Avx2Near() {
    static constexpr NearKernels kTable{LayLoop, CostsLoop, SquareLoop, ChooseLoop};
    return kTable;
}

}  // namespace elanus::simd
#endif
