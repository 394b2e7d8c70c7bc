// The reference window kernels.
#include "simd/sparse_windows_levels.h"
#include "simd/sparse_windows_loops.h"

namespace elanus::simd {

const WindowKernels& ScalarSparseWindows() {
    static constexpr WindowKernels kKernels = {
        AddLoop, LargestLoop, CollectLoop, SweepLoop, FindAllLoop<uint16_t>, FindAllLoop<uint32_t>};
    return kKernels;
}

}  // namespace elanus::simd
