// Near-row kernels for any processor: the reference that the others are compared with.
#include "simd/near_rows_levels.h"
#include "simd/near_rows_loops.h"

namespace elanus::simd {

const NearKernels& ScalarNear() {
    static constexpr NearKernels kTable{LayLoop, CostsLoop, SquareLoop, ChooseLoop};
    return kTable;
}

}  // namespace elanus::simd
