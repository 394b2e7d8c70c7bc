// Posting kernels for AVX2: the plain loops, which the compiler makes wide.
#include "simd/posting_blocks_levels.h"
#include "simd/posting_blocks_loops.h"

namespace elanus::simd {

const PostingKernels& Avx2Postings() {
    static constexpr PostingKernels kKernels = {UnpackLoop, AddUpLoop, ExpandLoop,
                                                RankLoop,   PartsLoop, BoundsLoop,
                                                PickLoop,   SweepLoop, MarkLoop};
    return kKernels;
}

}  // namespace elanus::simd
