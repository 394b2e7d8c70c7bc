// Posting kernels for no instruction set in particular; the reference: the plain loops.
#include "simd/posting_blocks_levels.h"
#include "simd/posting_blocks_loops.h"

namespace elanus::simd {

const PostingKernels& ScalarPostings() {
    static constexpr PostingKernels kKernels = {UnpackLoop, AddUpLoop, ExpandLoop,
                                                RankLoop,   PartsLoop, BoundsLoop,
                                                PickLoop,   SweepLoop, MarkLoop};
    return kKernels;
}

}  // namespace elanus::simd
