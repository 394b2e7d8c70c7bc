// The quantisation tables of the single instruction sets, one per quant_<level>.cc. Call them only
// through QuantAt(), which asks the processor first.
#pragma once

#include "simd/quant.h"

namespace elanus::simd {

const QuantKernels& ScalarQuant();
const QuantKernels& Avx2Quant();
const QuantKernels& Avx512Quant();

}  // namespace elanus::simd
