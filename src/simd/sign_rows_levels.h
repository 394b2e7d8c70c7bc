// The tables of the single instruction sets, one per sign_rows_<level>.cc. Call them only through
// SignRowsAt(), which asks the processor first.
#pragma once

#include "simd/sign_rows.h"

namespace elanus::simd {

const SignRowKernels& ScalarSignRows();
const SignRowKernels& Avx2SignRows();
const SignRowKernels& Avx512DotSignRows();

}  // namespace elanus::simd
