// The code tables of the single instruction sets, one per codes_<level>.cc. Call them only through
// CodesAt(), which asks the processor first.
#pragma once

#include "simd/codes.h"

namespace elanus::simd {

const CodeKernels& ScalarCodes();
const CodeKernels& Avx2Codes();
const CodeKernels& Avx512DotCodes();

}  // namespace elanus::simd
