// The tables of the single instruction sets, one per distance_<level>.cc. Call them only through
// DistancesAt(), which asks the processor first.
#pragma once

#include "simd/distance.h"

namespace elanus::simd {

const DistanceKernels& ScalarDistances();
const DistanceKernels& Avx2Distances();
const DistanceKernels& Avx512Distances();
const DistanceKernels& NeonDistances();

}  // namespace elanus::simd
