// The tables of the single instruction sets, one per near_rows_<level>.cc. Call them only through
// NearAt(), which asks the processor first.
#pragma once

#include "simd/near_rows.h"

namespace elanus::simd {

const NearKernels& ScalarNear();
const NearKernels& Avx2Near();
const NearKernels& Avx512DotNear();

}  // namespace elanus::simd
