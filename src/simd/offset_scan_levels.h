// The tables of the single instruction sets, one per offset_scan_<level>.cc. Call them only through
// OffsetScansAt(), which asks the processor first.
#pragma once

#include "simd/offset_scan.h"

namespace elanus::simd {

const OffsetKernels& ScalarOffsetScans();
const OffsetKernels& Avx2OffsetScans();
const OffsetKernels& Avx512OffsetScans();

}  // namespace elanus::simd
