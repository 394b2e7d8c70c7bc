// The plane tables of the single instruction sets, one per planes_<level>.cc. Call them only
// through PlanesAt(), which asks the processor first.
#pragma once

#include "simd/planes.h"

namespace elanus::simd {

const PlaneKernels& ScalarPlanes();
const PlaneKernels& Avx2Planes();
const PlaneKernels& Avx512DotPlanes();

}  // namespace elanus::simd
