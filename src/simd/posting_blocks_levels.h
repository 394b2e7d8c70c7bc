// The tables of the single instruction sets, one per posting_blocks_<level>.cc. Call them only
// through PostingsAt(), which asks the processor first.
#pragma once

#include "simd/posting_blocks.h"

namespace elanus::simd {

const PostingKernels& ScalarPostings();
const PostingKernels& Avx2Postings();
const PostingKernels& Avx512DotPostings();  // and VBMI

}  // namespace elanus::simd
